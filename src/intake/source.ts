/** The client's body as it is pulled: bounded in size, in pauses and in patience. */
import { abortReason, onAbort } from '../core/abort.ts'
import { nowMs, type Sweep, type Swept } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'

/** What bounds a body. */
export interface SourceLimits {
  readonly bytesMax: number
  /** How long the client may pause; 0 is for ever. */
  readonly idleTimeoutMs: number
}

/**
 * A client that sends one byte in every pause would hold its place for ever. Over the whole body
 * it may keep us waiting for this many pauses, and one millisecond for each byte that it sent: who
 * sends a kilobyte a second is never too slow.
 */
const pausesMax = 4

/** Shorter waits are for our own turn, not for the client. */
const CLIENT_WAIT_MIN_MS = 2

type Read = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>

/** Reads the body of one request. Whoever makes one reads it to its end or cancels it. */
export class BodySource implements Swept {
  receivedBytes = 0
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #limits: SourceLimits
  readonly #sweep: Sweep
  #stopListening: () => void = () => {}
  /** Since when the client keeps us waiting; 0 while it does not. */
  #waitingSinceMs = 0
  #waitedMs = 0
  /** The waits that were for the client's bytes, together. */
  uploadWaitMs = 0
  #reject: ((error: GatewayError) => void) | null = null
  #failure: GatewayError | null = null
  #ended = false

  constructor(
    body: ReadableStream<Uint8Array>,
    limits: SourceLimits,
    sweep: Sweep,
    signal: AbortSignal,
  ) {
    this.#reader = body.getReader()
    this.#limits = limits
    this.#sweep = sweep
    if (limits.idleTimeoutMs > 0) sweep.add(this)
    this.#stopListening = onAbort(signal, () => this.cancel(abortReason(signal)))
  }

  /** The next bytes, or null at the end. Throws the `GatewayError` that ended the body early. */
  async read(): Promise<Uint8Array | null> {
    if (this.#failure !== null) throw this.#failure
    if (this.#ended) return null
    this.#waitingSinceMs = nowMs()
    const { done, value } = await this.#next()
    const waitedMs = nowMs() - this.#waitingSinceMs
    this.#waitedMs += waitedMs
    if (waitedMs >= CLIENT_WAIT_MIN_MS) this.uploadWaitMs += waitedMs
    this.#waitingSinceMs = 0
    if (done) {
      this.#ended = true
      this.#detach()
      return null
    }
    this.receivedBytes += value.length
    if (this.receivedBytes <= this.#limits.bytesMax) return value
    const error = new GatewayError('body_too_large')
    this.cancel(error)
    throw error
  }

  /** Gives up what is left of the body. Safe to call at any time, any number of times. */
  cancel(error: GatewayError): void {
    if (this.#ended || this.#failure !== null) return
    this.#failure = error
    this.#detach()
    this.#reject?.(error)
    // The reader's own failure says nothing that `error` does not.
    this.#reader.cancel(error).catch(() => {})
  }

  sweep(now: number): void {
    if (this.#waitingSinceMs === 0) return
    const pauseMs = now - this.#waitingSinceMs
    const { idleTimeoutMs } = this.#limits
    const patienceMs = pausesMax * idleTimeoutMs + this.receivedBytes
    if (pauseMs < idleTimeoutMs && this.#waitedMs + pauseMs < patienceMs) return
    this.cancel(new GatewayError('request_timeout'))
  }

  /** A read that also ends when the body is cancelled. */
  #next(): Promise<Read> {
    return new Promise<Read>((resolve, reject) => {
      this.#reject = reject
      this.#reader.read().then(
        (result) => resolve(result),
        (thrown: unknown) => {
          // The runtime fails a read for one reason: the connection broke or was closed.
          this.cancel(new GatewayError('client_gone', { cause: thrown }))
        },
      )
    })
  }

  #detach(): void {
    this.#sweep.remove(this)
    this.#stopListening()
  }
}
