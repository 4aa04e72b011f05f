/** One worker as its parent sees it. */
import type { Config } from '../config/config.ts'
import { nowMs } from '../core/clock.ts'
import {
  type FromWorker,
  fromWorkerMessage,
  type ToWorker,
  type WorkerIdentity,
} from './messages.ts'

/** Says to a started program that it is a worker; without a channel to a parent it says nothing. */
export const workerRoleVariable = 'SLUICE_WORKER'

/** Above what a worker is ever asked for; the runtime's own cap is 256 requests at a time. */
const requestsMax = '20000'

/** A worker that says nothing for this long is not going to. */
const startTimeoutMs = 30_000

/** A worker that is too busy to answer for this long has the message and will obey it. */
const reloadTimeoutMs = 10_000

/** How a worker came to its end. */
export interface Exit {
  /** For the operator: its own reason where it gave one, else exit code or signal. */
  readonly reason: string
  /** How long it had served; 0 if it never listened. */
  readonly servedMs: number
}

/** The command that starts this program again, as an executable or as a script of the runtime. */
export function ownCommand(): readonly string[] {
  const compiled = Bun.main.startsWith('/$bunfs/') || Bun.main.includes('~BUN')
  // A script's worker must not let the runtime read `.env` either; see config/dotenv.ts.
  return compiled ? [process.execPath] : [process.execPath, '--no-env-file', Bun.main]
}

/** A running worker. */
export class WorkerProcess {
  /** Where it listens, or null if it ended before it did. Never rejects. */
  readonly started: Promise<string | null>
  /** Resolves when it does not listen any more, at the latest when it is gone. Never rejects. */
  readonly closed: Promise<void>
  /** Called with what it announces to the others. */
  onNews: (news: object) => void = () => {}
  /** Called with a question to the others; `answers` answers it. */
  onAsk: (id: number, topic: string, detail: unknown) => void = () => {}
  /** Called with what it answers to a `question`. */
  onAnswer: (id: number, values: readonly unknown[]) => void = () => {}
  /** Called with what it leaves to its successor. */
  onBequest: (value: unknown) => void = () => {}
  /** Resolves when the process is gone. Never rejects. */
  readonly exited: Promise<Exit>
  readonly #process: Bun.Subprocess
  readonly #startTimer: ReturnType<typeof setTimeout>
  /** Who waits for the answer to a reload, by the count of the configuration. */
  readonly #reloads = new Map<number, (refusal: string | null) => void>()
  #readyAtMs: number | null = null
  #failure: string | null = null

  /** Starts the process, which loads its code and then waits for `start`. */
  constructor(command: readonly string[]) {
    const started = Promise.withResolvers<string | null>()
    const closed = Promise.withResolvers<void>()
    this.started = started.promise
    this.closed = closed.promise
    this.#process = Bun.spawn([...command], {
      env: workerEnvironment(),
      stdio: ['ignore', 'inherit', 'inherit'],
      serialization: 'json',
      ipc: (value) => {
        const message = fromWorkerMessage(value)
        if (message?.type === 'ready') {
          this.#readyAtMs = nowMs()
          clearTimeout(this.#startTimer)
          started.resolve(message.url)
        } else if (message?.type === 'closed') {
          closed.resolve()
        } else if (message?.type === 'failed') {
          this.#failure = message.reason
          this.kill()
        } else if (message !== null) {
          this.#hear(message)
        }
      },
    })
    this.#startTimer = setTimeout(() => {
      this.#failure = `it did not start within ${startTimeoutMs / 1000} s`
      this.kill()
    }, startTimeoutMs)
    this.exited = this.#process.exited.then(() => {
      clearTimeout(this.#startTimer)
      started.resolve(null)
      closed.resolve()
      for (const resolve of this.#reloads.values()) resolve(null)
      return this.#exit()
    })
  }

  /** Lets it serve. */
  start(config: Config, worker: WorkerIdentity): void {
    this.#send({ type: 'start', config, worker })
  }

  /**
   * Lets it obey another configuration.
   * @returns why it cannot; null where it does, or where it leaves and nobody will ask it again.
   */
  async reload(config: Config): Promise<string | null> {
    if (this.#isGone) return null
    const { count } = config.version
    const answered = Promise.withResolvers<string | null>()
    const timer = setTimeout(() => answered.resolve(null), reloadTimeoutMs)
    this.#reloads.set(count, answered.resolve)
    this.#send({ type: 'reload', config })
    const refusal = await answered.promise
    clearTimeout(timer)
    this.#reloads.delete(count)
    return refusal
  }

  /** Puts the question of another worker. */
  question(id: number, topic: string, detail: unknown): void {
    this.#send({ type: 'question', id, topic, detail })
  }

  /** Gives it what the others said to its question. */
  answers(id: number, values: readonly unknown[]): void {
    this.#send({ type: 'answers', id, values })
  }

  /** Lets it go, behind all questions that it was put. */
  release(): void {
    this.#send({ type: 'release' })
  }

  /** Gives it what the worker before it has left. */
  inherit(value: unknown): void {
    this.#send({ type: 'inherit', value })
  }

  /** Passes on what another worker announced. */
  tell(news: object): void {
    this.#send({ type: 'news', news })
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Lets it finish what is under way and leave. @param isReplaced a new worker listens already. */
  drain(isReplaced: boolean): void {
    this.#send({ type: 'drain', isReplaced })
  }

  /** Lets it write a CPU profile and a heap snapshot. */
  profile(): void {
    this.#send({ type: 'profile' })
  }

  /** Lets it end what is under way and leave at once. */
  stop(): void {
    this.#send({ type: 'stop' })
  }

  /** Ends it without asking. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }

  #hear(message: FromWorker): void {
    if (message.type === 'reloaded') this.#reloads.get(message.count)?.(message.refusal)
    else if (message.type === 'news') this.onNews(message.news)
    else if (message.type === 'ask') this.onAsk(message.id, message.topic, message.detail)
    else if (message.type === 'answer') this.onAnswer(message.id, message.values)
    else if (message.type === 'bequest') this.onBequest(message.value)
  }

  #send(message: ToWorker): void {
    // A worker that is just ending has no channel any more, and needs no message.
    if (this.#isGone) return
    try {
      this.#process.send(message)
    } catch {}
  }

  get #isGone(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  #exit(): Exit {
    const { exitCode, signalCode } = this.#process
    const how = signalCode === null ? `exit code ${exitCode}` : `signal ${signalCode}`
    return {
      reason: this.#failure ?? how,
      servedMs: this.#readyAtMs === null ? 0 : nowMs() - this.#readyAtMs,
    }
  }
}

/** The parent's environment without proxies: `UPSTREAM_PROXY` is the only way to name one. */
function workerEnvironment(): Record<string, string> {
  const environment: Record<string, string> = { BUN_CONFIG_MAX_HTTP_REQUESTS: requestsMax }
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/_proxy$/i.test(name)) environment[name] = value
  }
  environment[workerRoleVariable] = '1'
  return environment
}
