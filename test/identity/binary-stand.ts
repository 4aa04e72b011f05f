/** The executable before a scripted upstream, for large bodies: how much memory they take. */
import { mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expectNothingLeft } from '../kit/leftovers.ts'
import { rssBytes } from '../kit/processes.ts'
import { type Program, startBinary } from '../kit/program.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../kit/upstream.ts'

/** 1 MiB in bytes. */
export const mebibyte = 1024 * 1024

/** The size of what is sent either way. */
export const bodyBytes = 50 * mebibyte

/** By how much the worker may grow: a body that was kept as a whole, even once, is above it. */
export const growthBytesMax = 40 * mebibyte

/** The executable and its upstream. */
export class BinaryStand {
  readonly upstream: Upstream
  readonly program: Program
  readonly #scene: { script: UpstreamScript }
  readonly #spoolDirectory: string

  private constructor(
    upstream: Upstream,
    program: Program,
    scene: { script: UpstreamScript },
    spoolDirectory: string,
  ) {
    this.upstream = upstream
    this.program = program
    this.#scene = scene
    this.#spoolDirectory = spoolDirectory
  }

  /** Starts both. */
  static async start(): Promise<BinaryStand> {
    const scene: { script: UpstreamScript } = { script: () => {} }
    const upstream = startUpstream((request, connection) => scene.script(request, connection))
    const spoolDirectory = mkdtempSync(join(runDirectory(), 'spool-'))
    const program = await startBinary({
      OPENAI_API_KEY: 'sk-operator',
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      STREAM_SPOOL_DIRECTORY: spoolDirectory,
    })
    return new BinaryStand(upstream, program, scene, spoolDirectory)
  }

  /** What the upstream answers from now on. */
  answer(script: UpstreamScript): void {
    this.#scene.script = script
  }

  /** Runs `transfer`; gives by how much the worker's memory grew at its largest, in bytes. */
  async growthDuring(transfer: () => Promise<void>): Promise<number> {
    const [worker = this.program.pid] = this.program.workerPids()
    const before = rssBytes(worker)
    let largest = before
    const look = (): void => {
      largest = Math.max(largest, rssBytes(worker))
    }
    const timer = setInterval(look, 5)
    try {
      await transfer()
    } finally {
      clearInterval(timer)
    }
    look()
    return largest - before
  }

  /** The last assertion of a test. */
  async nothingLeft(): Promise<void> {
    await expectNothingLeft(null, {
      upstreams: () => this.upstream.busyConnections,
      buffers: async () => {
        const response = await fetch(`${this.program.url}/buffer-pool-metrics`)
        const metrics = (await response.json()) as { totalInUse: number; overflowInUse: number }
        return metrics.totalInUse + metrics.overflowInUse
      },
      spoolFiles: () =>
        readdirSync(this.#spoolDirectory, { recursive: true }).filter(isFile).length,
    })
  }

  /** Stops both. Throws where the program leaves a process or does not end by itself. */
  async stop(): Promise<void> {
    await this.program.stop()
    this.upstream.stop()
  }
}

/** Files are named by the program, folders are of its workers. */
const isFile = (name: string | Buffer): boolean => String(name).includes('.')
