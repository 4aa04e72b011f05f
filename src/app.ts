/** Composition root: configuration in, a listening server out. Every long-lived object is made here. */
import type { Config } from './config/config.ts'

/** A worker's server. */
export interface App {
  /** Where it listens, with the real port. */
  readonly url: URL
  /** Starts the drain: readiness answers 503, answers carry `connection: close`. */
  drain(): void
  /**
   * Stops listening, lets what is under way finish for up to `graceMs`, ends the rest with an
   * in-band `server_shutdown`, and resolves when nothing is left.
   */
  stop(graceMs: number): Promise<void>
}

/** Which worker of how many this is. */
export interface WorkerIdentity {
  readonly id: number
  readonly total: number
}

/** Starts a worker's server. Throws where the port cannot be had. */
export async function startApp(config: Config, worker: WorkerIdentity): Promise<App> {
  const server = Bun.serve({
    hostname: config.host,
    port: config.port,
    reusePort: worker.total > 0,
    fetch: () => new Response('placeholder'),
  })
  return {
    url: server.url,
    drain() {},
    async stop() {
      await server.stop()
    },
  }
}
