/**
 * One connection to Redis that is made again by itself, with a bound on every command.
 *
 * A command that exceeds its bound ends the connection, and with it all others that wait on it:
 * replies carry no names, so that one that comes late would be taken for the next command's. The
 * runtime's own reconnecting and queueing are off, for a queued command waits without a bound.
 */
import { RedisClient } from 'bun'

/** Connections are tried again after a random part of a bound that doubles up to this. */
const BACKOFF_MAX_MS = 2000
const BACKOFF_BASE_MS = 50

/** Nobody waits for a connection, so it may take longer than a command. */
const CONNECT_TIMEOUT_MS = 1000

/** Why a command has no reply. */
export class RedisFailure extends Error {
  override readonly name = 'RedisFailure'
  /** `timeout` and `broken` leave open whether the command was carried out. */
  readonly kind: 'away' | 'timeout' | 'broken' | 'refused'
  /** The server's first word, such as `READONLY`, for `refused`. */
  readonly reason: string

  constructor(kind: RedisFailure['kind'], reason: string = kind) {
    super(`Redis: ${reason}`)
    this.kind = kind
    this.reason = reason
  }
}

/** What a link needs. */
export interface RedisLinkOptions {
  readonly url: string
  /** Bound of each command. */
  readonly boundMs: number
  /** Runs on each new connection before it counts as one; rejects where it is of no use. */
  readonly prepare: (client: RedisClient) => Promise<void>
  readonly onUp: () => void
  /** `reason` is one word, fit for a log. */
  readonly onDown: (reason: string) => void
}

/** A connection that comes back. */
export class RedisLink {
  readonly #options: RedisLinkOptions
  #client: RedisClient | null = null
  /** The connection that is being made. */
  #coming: RedisClient | null = null
  #isClosed = false
  #attempts = 0
  #connections = 0
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(options: RedisLinkOptions) {
    this.#options = options
  }

  get isUp(): boolean {
    return this.#client !== null
  }

  /** Connections that were made, the first included. */
  get connections(): number {
    return this.#connections
  }

  /** Makes the first connection; resolves when that succeeded or failed. Never rejects. */
  async open(): Promise<void> {
    if (this.#isClosed) return
    const { url, prepare } = this.#options
    const client = new RedisClient(url, {
      autoReconnect: false,
      enableOfflineQueue: false,
      connectionTimeout: CONNECT_TIMEOUT_MS,
    })
    this.#coming = client
    // While it is being made, what fails says why better than its end does.
    client.onclose = (error) => {
      if (client === this.#client) this.#lost(client, failureOf(error).reason)
    }
    try {
      await bounded(client.connect(), CONNECT_TIMEOUT_MS)
      await bounded(prepare(client), CONNECT_TIMEOUT_MS)
    } catch (thrown) {
      this.#lost(client, failureOf(thrown).reason)
      return
    }
    if (this.#coming !== client) return
    this.#coming = null
    this.#client = client
    this.#attempts = 0
    this.#connections += 1
    this.#options.onUp()
  }

  /** Sends a command. @throws RedisFailure at once while there is no connection. */
  async run(command: string, words: string[], boundMs = this.#options.boundMs): Promise<unknown> {
    const client = this.#client
    if (client === null) throw new RedisFailure('away')
    try {
      return await bounded(client.send(command, words), boundMs)
    } catch (thrown) {
      const failure = failureOf(thrown)
      // What concerns one key or one script is no reason to doubt the connection or the server.
      const isLocal = ['WRONGTYPE', 'ERR', 'NOSCRIPT'].includes(failure.reason)
      if (!isLocal) this.#lost(client, failure.reason)
      throw failure
    }
  }

  /** Gives this connection up and makes another. */
  renew(reason: string): void {
    if (this.#client !== null) this.#lost(this.#client, reason)
  }

  /** Ends the connection and all attempts. Safe to call twice. */
  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (const client of [this.#client, this.#coming]) client?.close()
    this.#client = null
    this.#coming = null
  }

  /** Ends a connection once, whoever notices first, and arranges for the next. */
  #lost(client: RedisClient, reason: string): void {
    if (client !== this.#client && client !== this.#coming) return
    const wasUp = client === this.#client
    this.#client = null
    this.#coming = null
    client.close()
    if (this.#isClosed) return
    // Once for each time that it is away, also where it was never there.
    const wasNeverThere = this.#connections === 0 && this.#attempts === 0
    if (wasUp || wasNeverThere) this.#options.onDown(reason)
    const boundMs = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** this.#attempts)
    this.#attempts += 1
    this.#timer = setTimeout(() => void this.open(), boundMs * (0.5 + Math.random() / 2))
  }
}

/** The promise, or a `timeout` after the bound. */
function bounded<Value>(promise: Promise<Value>, boundMs: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    let isOver = false
    const end = (settle: () => void): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      settle()
    }
    const expire = (): void => end(() => reject(new RedisFailure('timeout')))
    // After a pause of this process the reply may be there unread; it gets a turn before that.
    const timer = setTimeout(() => setImmediate(expire), boundMs)
    promise.then(
      (value) => end(() => resolve(value)),
      (thrown) => end(() => reject(thrown)),
    )
  })
}

function failureOf(thrown: unknown): RedisFailure {
  if (thrown instanceof RedisFailure) return thrown
  if (!(thrown instanceof Error)) return new RedisFailure('broken')
  const { code } = thrown as { readonly code?: unknown }
  if (typeof code !== 'string') return new RedisFailure('broken')
  if (code !== 'ERR_REDIS_SERVER_ERROR') return new RedisFailure('broken', code)
  return new RedisFailure('refused', /^[A-Z]+/.exec(thrown.message)?.[0] ?? 'ERR')
}
