/** The executable before a scripted upstream, and what must be left of both: nothing. */
import { mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expectNothingLeft } from './leftovers.ts'
import { type Program, type ProgramEnvironment, startBinary } from './program.ts'
import { runDirectory } from './run-directory.ts'
import { startUpstream, type Upstream, type UpstreamScript } from './upstream.ts'

/** What a stand is made of. */
export interface ProgramParts {
  readonly upstream: Upstream
  readonly program: Program
  /** What the upstream answers at the moment. */
  readonly scene: { script: UpstreamScript }
  readonly spoolDirectory: string
}

/** Starts both; `settings` come on top of the upstream's address and a folder for the spool. */
export async function startProgramParts(settings: ProgramEnvironment): Promise<ProgramParts> {
  const scene: ProgramParts['scene'] = { script: () => {} }
  const upstream = startUpstream((request, connection) => scene.script(request, connection))
  const spoolDirectory = mkdtempSync(join(runDirectory(), 'spool-'))
  const program = await startBinary({
    OPENAI_BASE_URL: `${upstream.url}/v1`,
    STREAM_SPOOL_DIRECTORY: spoolDirectory,
    ...settings,
  })
  return { upstream, program, scene, spoolDirectory }
}

/** The executable and its upstream. */
export class ProgramStand {
  readonly upstream: Upstream
  readonly program: Program
  readonly #scene: ProgramParts['scene']
  readonly #spoolDirectory: string

  constructor({ upstream, program, scene, spoolDirectory }: ProgramParts) {
    this.upstream = upstream
    this.program = program
    this.#scene = scene
    this.#spoolDirectory = spoolDirectory
  }

  /** What the upstream answers from now on. */
  answer(script: UpstreamScript): void {
    this.#scene.script = script
  }

  /** The last assertion of a test. */
  async nothingLeft(): Promise<void> {
    await expectNothingLeft(null, {
      upstreams: () => this.upstream.busyConnections,
      buffers: () => this.#buffersInUse(),
      spoolFiles: () =>
        readdirSync(this.#spoolDirectory, { recursive: true }).filter(isFile).length,
    })
  }

  /** Stops both. Throws where the program leaves a process or does not end by itself. */
  async stop(): Promise<void> {
    await this.program.stop()
    this.upstream.stop()
  }

  async #buffersInUse(): Promise<number> {
    const response = await fetch(`${this.program.url}/buffer-pool-metrics`)
    const metrics = (await response.json()) as { totalInUse: number; overflowInUse: number }
    return metrics.totalInUse + metrics.overflowInUse
  }
}

/** Files are named by the program, folders are of its workers. */
const isFile = (name: string | Buffer): boolean => String(name).includes('.')
