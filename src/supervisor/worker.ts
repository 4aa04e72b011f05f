/** The worker: starts the server when the parent says so, leaves when the parent says or dies. */
import type { Config } from '../config/config.ts'
import { deepFrozen } from '../config/frozen.ts'
import type { Fleet } from '../core/fleet.ts'
import type { Profiler } from '../observe/profile/profiler.ts'
import { drainPhaseMs } from './drain.ts'
import { handOver } from './handover.ts'
import { exceptionFields, processLog } from './log.ts'
import { type FromWorker, type ToWorker, toWorkerMessage, type WorkerIdentity } from './messages.ts'
import { WorkerFleet } from './worker-fleet.ts'

/** The server as the worker needs it; `app.ts` has the full account. */
export interface WorkerApp {
  readonly url: URL
  drain(): void
  /** Throws where it cannot; then nothing has changed. */
  reload(config: Config): void
  /** Takes in what another worker announced. */
  hear(news: object): void
  /** What it has counted so far, for whoever has its place next. */
  bequeath(): unknown
  /** Takes over what the worker counted that had its place before. */
  inherit(value: unknown): void
  stop(graceMs: number): Promise<void>
}

/** Starts the server. Throws where it cannot. */
export type StartApp = (
  config: Config,
  worker: WorkerIdentity,
  parts: { readonly announce: (news: object) => void; readonly fleet: Fleet },
) => Promise<WorkerApp>

/** How long the last message may take to leave. */
const lastMessageMs = 1000

/** How long an immediate stop may take to write its last events, and to cut who reads none. */
const stopLimitMs = 2500

/**
 * Runs this process as a worker.
 * @param loadApp loads the server's code, which goes on while the parent's first message travels.
 */
export function runWorker(loadApp: () => Promise<StartApp>): void {
  const worker = new Worker(loadApp())
  process.on('message', (value) => {
    const message = toWorkerMessage(value)
    if (message !== null) void worker.receive(message)
  })
  // The parent is gone, however it went: nobody would restart or stop this process any more.
  process.on('disconnect', () => process.exit(1))
  // A terminal and a service manager signal all processes at once, so the parent's order and the
  // signal may both arrive; each means the same.
  process.on('SIGTERM', () => void worker.drain(false))
  process.on('SIGINT', () => void worker.drain(false))
  process.on('SIGHUP', () => {})
  process.on('SIGUSR2', () => void worker.profile())
}

class Worker {
  readonly #loading: Promise<StartApp>
  readonly #fleet = new WorkerFleet(send)
  readonly #released = Promise.withResolvers<void>()
  #config: Config | null = null
  #app: WorkerApp | null = null
  #id = 0
  #profiler: Profiler | null = null
  #isDraining = false
  /** Settles when the start has succeeded or failed. */
  #started: Promise<void> = Promise.resolve()

  constructor(loading: Promise<StartApp>) {
    this.#loading = loading
    // It is awaited when the start message comes; until then a failure is not unhandled.
    loading.catch(() => {})
  }

  async receive(message: ToWorker): Promise<void> {
    if (message.type === 'start') {
      this.#started = this.#start(message.config, message.worker)
      await this.#started
    } else if (message.type === 'reload') await this.#reload(message.config)
    else if (message.type === 'news') this.#app?.hear(message.news)
    else if (message.type === 'question')
      this.#fleet.question(message.id, message.topic, message.detail)
    else if (message.type === 'answers') this.#fleet.answers(message.id, message.values)
    else if (message.type === 'inherit') this.#app?.inherit(message.value)
    else if (message.type === 'release') this.#released.resolve()
    else if (message.type === 'profile') await this.profile()
    else if (message.type === 'drain') await this.drain(message.isReplaced)
    else await this.#stop()
  }

  async #start(config: Config, identity: WorkerIdentity): Promise<void> {
    this.#config = deepFrozen(config)
    this.#id = identity.id
    logExceptions(config, identity)
    try {
      const startApp = await this.#loading
      const announce = (news: object): void => void send({ type: 'news', news })
      this.#app = await startApp(this.#config, identity, { announce, fleet: this.#fleet })
      void send({ type: 'ready', url: this.#app.url.origin })
    } catch (error) {
      void send({ type: 'failed', reason: startFailure(error) })
    }
  }

  /** The parent sends the next one after the answer, so they cannot overtake each other. */
  async #reload(config: Config): Promise<void> {
    await this.#started
    if (this.#app === null) return
    const { count } = config.version
    try {
      this.#app.reload(deepFrozen(config))
      void send({ type: 'reloaded', count, refusal: null })
    } catch (error) {
      void send({ type: 'reloaded', count, refusal: startFailure(error) })
    }
  }

  /** Finishes what is under way within the grace time, then leaves. Only the first call counts. */
  async drain(isReplaced: boolean): Promise<void> {
    if (this.#isDraining) return
    this.#isDraining = true
    this.#profiler?.leave()
    if (this.#app !== null && this.#config !== null) {
      this.#app.drain()
      if (isReplaced) await handOver(Number(this.#app.url.port))
      await Bun.sleep(drainPhaseMs)
      // The server closes its listening socket before it begins to wait for what is under way.
      const stopped = this.#app.stop(this.#config.shutdownGraceMs)
      void send({ type: 'closed' })
      await stopped
      if (isReplaced) await this.#leave(this.#app.bequeath())
    }
    process.exit(0)
  }

  /** Leaves what it counted to its successor, and goes when it has answered what it was asked. */
  async #leave(value: unknown): Promise<void> {
    void send({ type: 'bequest', value })
    const released = this.#released.promise.then(() => this.#fleet.whenAnswered())
    await Promise.race([released, Bun.sleep(lastMessageMs)])
  }

  /** Writes a CPU profile and a heap snapshot, unless it leaves. */
  async profile(): Promise<void> {
    const config = this.#config
    if (config === null || this.#isDraining) return
    const { Profiler } = await import('../observe/profile/profiler.ts')
    this.#profiler ??= new Profiler(config.profile, this.#id, processLog(config, this.#id))
    if (this.#isDraining) this.#profiler.leave()
    await this.#profiler.run()
  }

  /** Ends what is under way with an error event, then leaves. */
  async #stop(): Promise<void> {
    this.#isDraining = true
    this.#profiler?.leave()
    await Promise.race([this.#app?.stop(0), Bun.sleep(stopLimitMs)])
    process.exit(0)
  }
}

/**
 * An exception that nobody caught belongs to one request; the others must not die of it. Bun ends
 * the process unless both handlers are there.
 */
function logExceptions(config: Config, { id }: WorkerIdentity): void {
  const log = processLog(config, id)
  process.on('unhandledRejection', (reason) =>
    log.line('error', 'unhandled rejection', exceptionFields(reason)),
  )
  process.on('uncaughtException', (error) =>
    log.line('error', 'uncaught exception', exceptionFields(error)),
  )
}

/** A configuration has nothing of a client in it, so the operator may read the message itself. */
function startFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/\s+/g, ' ').trim() || 'unknown error'
}

/** Resolves when it has left; never where there is no parent any more. */
function send(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve())
  })
}
