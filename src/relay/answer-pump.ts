/** Pumps one provider's answer to the client, and watches that it makes progress. */
import { abortReason } from '../core/abort.ts'
import { nowMs } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import type { BodyRead, BodyReader, Opened } from '../provider/call.ts'
import type { RelayContext } from './context.ts'
import { readFailure } from './ending.ts'
import type { Outlet } from './outlet.ts'
import type { Passage } from './passage.ts'

/** How long a provider may keep its connection open after the end marker of its stream. */
const LINGER_MS = 1000

/** The pump of one answer. */
export class AnswerPump {
  readonly opened: Opened
  /** Null for a body that is no stream of events: its bytes pass as they come. */
  readonly passage: Passage | null
  readonly #context: RelayContext
  readonly #outlet: Outlet
  #lastByteAtMs = nowMs()
  #lingering = false
  #failure: GatewayError | null = null

  constructor(opened: Opened, passage: Passage | null, context: RelayContext, outlet: Outlet) {
    this.opened = opened
    this.passage = passage
    this.#context = context
    this.#outlet = outlet
  }

  /** Whether the connection was closed by us behind a whole answer. */
  get lingering(): boolean {
    return this.#lingering
  }

  /**
   * Sends the answer to its end.
   * @throws GatewayError where it broke, or the request ended.
   */
  async run(): Promise<void> {
    const outlet = this.#outlet
    const { head, reader } = this.opened
    for (const chunk of head) {
      if (outlet.closed) return
      await this.#forward(chunk)
    }
    while (reader !== null && !outlet.closed) {
      const { done, value } = await this.#read(reader)
      if (done || value === undefined) break
      await this.#forward(value)
    }
    const { signal } = this.#context.abort
    if (signal.aborted) throw abortReason(signal)
    if (outlet.closed) throw new GatewayError('client_gone')
    // The provider's body ended cleanly: is the answer complete? (design, rule 1)
    const segments = this.passage?.finish() ?? []
    if (segments.length > 0) await outlet.write(segments, true)
    this.#checkHeld()
  }

  /** Ends the answer and not the request: `run` throws `failure`. */
  break(failure: GatewayError): void {
    this.#failure ??= failure
    this.opened.cancel()
  }

  /** Looks at the idle clock; calls `expire` where it has run out. */
  checkIdle(now: number, expire: (failure: GatewayError) => void): void {
    const { idleTimeoutMs } = this.opened.settings
    const { passage } = this
    // Progress of an event stream is events, not bytes: a drip of one byte a while is a stall.
    const lastSignMs =
      passage === null
        ? this.#lastByteAtMs
        : Math.max(passage.lastEventAtMs, this.#outlet.lastReliefAtMs)
    const idleMs = now - lastSignMs
    const isLate = idleTimeoutMs > 0 && idleMs > idleTimeoutMs
    if (passage?.ended === true || (passage?.complete === true && isLate)) {
      // A provider that is silent behind a whole answer has only forgotten to close.
      if (idleMs > LINGER_MS && !this.#lingering) {
        this.#lingering = true
        void this.opened.reader?.cancel().catch(() => {})
      }
    } else if (isLate) {
      expire(new GatewayError('upstream_idle_timeout'))
    }
  }

  async #read(reader: BodyReader): Promise<BodyRead> {
    try {
      const read = await reader.read()
      if (this.#failure !== null) throw this.#failure
      return read
    } catch (thrown) {
      const { signal } = this.#context.abort
      // What broke after the answer was whole broke nothing.
      if (this.passage?.complete && !signal.aborted) return { done: true }
      throw signal.aborted ? abortReason(signal) : (this.#failure ?? readFailure(thrown, signal))
    }
  }

  async #forward(chunk: Uint8Array): Promise<void> {
    const { passage } = this
    const outlet = this.#outlet
    const { exchange } = this.#context
    exchange.bytesIn += chunk.length
    this.#lastByteAtMs = nowMs()
    if (passage === null) {
      await outlet.write([chunk], false)
      return
    }
    const contentBefore = exchange.firstContentAtMs
    const segments = passage.take(chunk)
    const urgent = contentBefore === 0 || passage.ended
    if (segments.length > 0) await outlet.write(segments, urgent)
    passage.settle()
    this.#checkHeld()
  }

  #checkHeld(): void {
    const held = this.passage?.held ?? null
    if (held !== null) throw held
  }
}
