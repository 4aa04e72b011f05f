/** The program under test as a process of its own, with an environment of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { binaryPath, rootDirectory } from './binary.ts'
import { descendants, isAlive, pssBytes, rssBytes } from './processes.ts'
import { noteRunning, runDirectory } from './run-directory.ts'
import { Changes, eventually } from './signal.ts'

/** Variables for the program. Nothing else is inherited but `PATH`. */
export type ProgramEnvironment = Readonly<Record<string, string>>

/** How the program is started. */
export interface ProgramOptions {
  /** The working directory; without one it gets an empty one of its own. */
  readonly cwd?: string
  readonly args?: readonly string[]
  readonly readyWithinMs?: number
}

/** How a stop should look. */
export interface StopOptions {
  readonly signal?: 'SIGTERM' | 'SIGINT'
  readonly exitCode?: number
  readonly withinMs?: number
}

/** What a program that ended by itself left. */
export interface ProgramResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A started program. */
export class Program {
  stdout = ''
  stderr = ''
  /** From the start of the process to its `listening on` line. */
  startupMs = 0
  readonly #child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>
  readonly #changes = new Changes()
  readonly #drained: Promise<unknown>
  readonly #ownDirectory: string | null
  readonly #takeNoteBack: () => void
  readonly #known = new Set<number>()
  #isOver = false

  constructor(command: readonly string[], env: ProgramEnvironment, options: ProgramOptions) {
    this.#ownDirectory =
      options.cwd === undefined ? mkdtempSync(join(runDirectory(), 'cwd-')) : null
    const cwd = options.cwd ?? this.#ownDirectory ?? '.'
    this.#child = Bun.spawn([...command, ...(options.args ?? [])], {
      cwd,
      env: { PATH: process.env.PATH ?? '', HOME: cwd, TMPDIR: runDirectory(), ...env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    this.#takeNoteBack = noteRunning(this.#child.pid)
    this.#drained = Promise.all([
      this.#read(this.#child.stdout, (text) => {
        this.stdout += text
      }),
      this.#read(this.#child.stderr, (text) => {
        this.stderr += text
      }),
    ])
    this.#child.exited.then(() => {
      this.#isOver = true
      this.#changes.notify()
    })
  }

  /** The process that was started: the supervisor, where there are workers. */
  get pid(): number {
    return this.#child.pid
  }

  /** Everything it wrote, standard output first. */
  get log(): string {
    return this.stdout + this.stderr
  }

  /** Where it listens, without a slash at the end. Throws before the `listening on` line. */
  get url(): string {
    const found = /listening on (https?:\/\/[^\s"',]+)/.exec(this.log)?.[1]
    if (found === undefined) throw new Error(`it does not listen:\n${this.log}`)
    return found.replace(/\/$/, '')
  }

  /** The processes that it started and that run now. */
  workerPids(): number[] {
    const pids = descendants(this.pid).filter(isAlive)
    for (const pid of pids) this.#known.add(pid)
    return pids
  }

  /** Resident memory of it and its workers, in bytes. */
  rssBytes(): number {
    return [this.pid, ...this.workerPids()].reduce((sum, pid) => sum + rssBytes(pid), 0)
  }

  /** Its and its workers' share of memory, in bytes; null where the kernel keeps none. */
  pssBytes(): number | null {
    const shares = [this.pid, ...this.workerPids()].map(pssBytes)
    return shares.reduce((sum, share) => (sum === null || share === null ? null : sum + share))
  }

  /** Resolves when the log matches. Throws when it ends without. */
  async untilLog(pattern: RegExp, withinMs = 10_000): Promise<void> {
    const isDone = (): boolean => pattern.test(this.log) || this.#isOver
    await this.#changes.until(isDone, `${pattern} in the log`, withinMs)
    if (this.#isOver) await Promise.race([this.#drained, Bun.sleep(500)])
    if (pattern.test(this.log)) return
    throw new Error(`it ended with ${this.#child.exitCode} before ${pattern}:\n${this.log}`)
  }

  /** Sends a signal to the process that was started. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits for it to end by itself. */
  async exited(withinMs = 10_000): Promise<ProgramResult> {
    await this.#changes.until(() => this.#isOver, 'the end of the program', withinMs)
    // A worker left behind holds the pipes open, so their end is not waited for without limit.
    await Promise.race([this.#drained, Bun.sleep(500)])
    const exitCode = await this.#child.exited
    return { exitCode, stdout: this.stdout, stderr: this.stderr }
  }

  /**
   * Asks it to end. Throws, after killing everything, where it takes too long, exits with another
   * code, or leaves a process behind.
   */
  async stop(options: StopOptions = {}): Promise<ProgramResult> {
    const { signal = 'SIGTERM', exitCode = 0, withinMs = 10_000 } = options
    this.workerPids()
    this.signal(signal)
    try {
      const result = await this.exited(withinMs)
      if (result.exitCode !== exitCode) {
        throw new Error(`exit ${result.exitCode} instead of ${exitCode}:\n${this.log}`)
      }
      const left = (): number[] => [...this.#known].filter(isAlive)
      await eventually(
        () => left().length === 0,
        () => `processes ${left()} run`,
        2000,
      )
      return result
    } finally {
      this.kill()
    }
  }

  /** Ends it and everything it started, at once. Safe to call twice, and after `stop`. */
  kill(): void {
    this.workerPids()
    for (const pid of [this.pid, ...this.#known]) {
      if (pid !== this.pid || !this.#isOver) {
        if (isAlive(pid)) process.kill(pid, 'SIGKILL')
      }
    }
    this.#takeNoteBack()
    if (this.#ownDirectory !== null) {
      rmSync(this.#ownDirectory, { recursive: true, force: true })
    }
  }

  async #read(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder()
    for await (const bytes of stream) {
      take(decoder.decode(bytes, { stream: true }))
      this.#changes.notify()
    }
  }
}

/** Starts any command as the program under test and waits for its `listening on` line. */
export async function startCommand(
  command: readonly string[],
  env: ProgramEnvironment = {},
  options: ProgramOptions = {},
): Promise<Program> {
  const startedAtMs = performance.now()
  const program = new Program(command, { HOST: '127.0.0.1', PORT: '0', ...env }, options)
  try {
    await program.untilLog(/listening on http/, options.readyWithinMs ?? 10_000)
  } catch (error) {
    program.kill()
    throw error
  }
  program.startupMs = performance.now() - startedAtMs
  return program
}

/** Starts the executable, which is built once in a test run, on a free port. */
export async function startBinary(
  env: ProgramEnvironment = {},
  options: ProgramOptions = {},
): Promise<Program> {
  return startCommand([await binaryPath()], env, options)
}

/** Starts the program from its sources, as `npm start` does, on a free port. */
export function startSource(
  env: ProgramEnvironment = {},
  options: ProgramOptions = {},
): Promise<Program> {
  return startCommand([process.execPath, join(rootDirectory, 'src', 'main.ts')], env, options)
}

/** Runs the executable until it ends by itself: `--help`, `--check`, a wrong configuration. */
export async function runBinary(
  args: readonly string[],
  env: ProgramEnvironment = {},
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const program = new Program([await binaryPath()], env, { ...options, args })
  try {
    return await program.exited(options.readyWithinMs)
  } finally {
    program.kill()
  }
}
