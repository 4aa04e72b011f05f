/** Starts `edge-process.ts` and asks it. */
import { join } from 'node:path'
import type { EdgeReport } from './edge-process.ts'

const script = join(import.meta.dir, 'edge-process.ts')

/** A child process with intake in it. */
export class EdgeChild {
  readonly #child: Bun.Subprocess
  readonly #waiting: ((message: unknown) => void)[] = []
  readonly #messages: unknown[] = []

  private constructor(command: readonly string[]) {
    this.#child = Bun.spawn([...command], {
      stdio: ['ignore', 'ignore', 'inherit'],
      ipc: (message: unknown) => {
        const waiting = this.#waiting.shift()
        if (waiting) waiting(message)
        else this.#messages.push(message)
      },
    })
  }

  /** @param fileKibibytesMax where given, no file of the child can grow above that. */
  static async start(
    directory: string,
    receiver: string,
    fileKibibytesMax?: number,
  ): Promise<EdgeChild> {
    const command = [process.execPath, script, directory, receiver]
    // A write above the limit fails, as on a full disk, where its signal (25, XFSZ) is ignored.
    const limited = `trap '' 25; ulimit -f ${(fileKibibytesMax ?? 0) * unitsPerKibibyte}; exec "$@"`
    const child = new EdgeChild(
      fileKibibytesMax === undefined ? command : ['sh', '-c', limited, 'sh', ...command],
    )
    await child.#next()
    return child
  }

  get pid(): number {
    return this.#child.pid
  }

  /** Where it listens, and what it holds. `forget` starts the measure of its memory over. */
  async ask(question: 'report' | 'forget' = 'report'): Promise<EdgeReport> {
    this.#child.send(question)
    return (await this.#next()) as EdgeReport
  }

  /** Ends it, so that it can do nothing more. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#child.exited
  }

  #next(): Promise<unknown> {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift())
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve)
      this.#child.exited.then((code) => reject(new Error(`the child ended with ${code}`)))
    })
  }
}

// POSIX counts `ulimit -f` in units of 512 bytes.
const unitsPerKibibyte = 2
