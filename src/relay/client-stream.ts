/**
 * One response on its way to the client: a pump from the provider's body to the client's socket,
 * with the clocks, the heartbeats and the honest end.
 *
 * One thing ends a stream early: the abort of the request's controller, whose reason says why.
 * Clocks, shutdown and the client's departure all go that way, so there is one path to clean up.
 */
import { abortReason, onAbort } from '../core/abort.ts'
import { nowMs, type Swept } from '../core/clock.ts'
import { GatewayError, toGatewayError } from '../core/errors.ts'
import type { BodyRead, BodyReader, Opened } from '../provider/call.ts'
import type { RelayContext } from './context.ts'
import { endReasonOf, readFailure } from './ending.ts'
import { type DirectController, Outlet } from './outlet.ts'
import type { Passage } from './passage.ts'
import { passageOf } from './passages.ts'
import { Tail } from './tail.ts'

/** How long a provider may keep its connection open after the end marker of its stream. */
const LINGER_MS = 1000

/** The stream of one response. */
export class ClientStream implements Swept {
  readonly #source: Opened | Promise<Opened>
  readonly #context: RelayContext
  readonly #isEventStream: boolean
  #forgetAbort: () => void = () => {}
  readonly #tail: Tail
  #opened: Opened | null = null
  #passage: Passage | null = null
  #outlet: Outlet | null = null
  #lastByteAtMs = nowMs()
  #lingering = false
  #over = false

  constructor(source: Opened | Promise<Opened>, isEventStream: boolean, context: RelayContext) {
    this.#source = source
    this.#context = context
    this.#isEventStream = isEventStream
    this.#tail = new Tail(context.pool)
    if (source instanceof Promise) source.catch(() => {})
    else this.#opened = source
    context.sweep.add(this)
    this.#forgetAbort = onAbort(context.abort.signal, () => this.#aborted())
  }

  /** Bun asks for bytes once; the pump then runs until the stream is over. */
  async pull(controller: DirectController): Promise<void> {
    const { exchange, settings, pool } = this.#context
    const outlet = new Outlet(
      controller,
      { chunkBytes: settings.responseChunkBytes, flushIntervalMs: settings.flushIntervalMs },
      exchange,
      pool,
    )
    this.#outlet = outlet
    let failure: GatewayError | null = null
    try {
      await this.#pump(outlet)
    } catch (thrown) {
      // What failed at reading is the provider's; whatever else is thrown here is a fault of ours.
      const { signal } = this.#context.abort
      failure = signal.aborted ? abortReason(signal) : toGatewayError(thrown)
    }
    const broken = failure !== null && !this.#sayWhy(outlet, failure)
    this.#end(failure)
    // Throwing resets the connection without the final chunk, so that the client cannot take what
    // it has for the whole. An AbortError is the one exception that Bun does not print.
    if (broken) throw new DOMException('The response was cut off.', 'AbortError')
    controller.close()
  }

  /** The client closed the connection. */
  cancel(): void {
    if (!this.#over) this.#context.abort.abort(new GatewayError('client_gone'))
  }

  /** Looks at the clocks and sends the heartbeat. Called by the sweep. */
  sweep(now: number): void {
    const { settings, abort, exchange, protocol, framing } = this.#context
    const outlet = this.#outlet
    if (outlet === null) return
    if (outlet.busy) {
      const stalledMs = now - outlet.stalledSinceMs
      if (settings.clientStallTimeoutMs > 0 && stalledMs > settings.clientStallTimeoutMs) {
        abort.abort(new GatewayError('client_stalled'))
      }
      return
    }
    if (this.#opened !== null) this.#checkIdle(now)
    if (this.#over || !this.#isEventStream || settings.heartbeatIntervalMs <= 0) return
    if (this.#passage !== null && !this.#passage.atBoundary) return
    if (now - outlet.lastWriteAtMs >= settings.heartbeatIntervalMs) {
      exchange.heartbeats += 1
      // Between the elements of an array nothing but white space is allowed.
      outlet.writeText(framing === 'json-array' ? '\n' : protocol.heartbeat)
    }
  }

  async #pump(outlet: Outlet): Promise<void> {
    // The request can end between the making of the response and Bun's first pull.
    if (this.#over) throw abortReason(this.#context.abort.signal)
    const opened = await this.#source
    this.#opened = opened
    this.#lastByteAtMs = nowMs()
    if (this.#isEventStream) {
      if (!opened.isEventStream) throw new GatewayError('upstream_bad_content_type')
      this.#passage = passageOf(opened, this.#tail, this.#context)
    }
    for (const chunk of opened.head) {
      if (outlet.closed) return
      await this.#forward(chunk, outlet)
    }
    while (opened.reader !== null && !outlet.closed) {
      const { done, value } = await this.#read(opened.reader)
      if (done || value === undefined) break
      await this.#forward(value, outlet)
    }
    if (this.#context.abort.signal.aborted) throw abortReason(this.#context.abort.signal)
    if (outlet.closed) throw new GatewayError('client_gone')
    await this.#finish(outlet)
  }

  async #read(reader: BodyReader): Promise<BodyRead> {
    try {
      return await reader.read()
    } catch (thrown) {
      // What broke after the answer was whole broke nothing.
      if (this.#passage?.complete && !this.#context.abort.signal.aborted) return { done: true }
      throw readFailure(thrown, this.#context.abort.signal)
    }
  }

  async #forward(chunk: Uint8Array, outlet: Outlet): Promise<void> {
    const passage = this.#passage
    this.#context.exchange.bytesIn += chunk.length
    this.#lastByteAtMs = nowMs()
    if (passage === null) {
      await outlet.write([chunk], false)
      return
    }
    const contentBefore = this.#context.exchange.firstContentAtMs
    const segments = passage.take(chunk)
    const urgent = contentBefore === 0 || passage.ended
    if (segments.length > 0) await outlet.write(segments, urgent)
    passage.settle()
  }

  /** The provider's body ended cleanly: is the answer complete? (design, rule 1) */
  async #finish(outlet: Outlet): Promise<void> {
    const segments = this.#passage?.finish() ?? []
    if (segments.length > 0) await outlet.write(segments, true)
  }

  /** Tells the client in its own dialect. False where that cannot be done. */
  #sayWhy(outlet: Outlet, failure: GatewayError): boolean {
    if (!this.#isEventStream || outlet.closed) return false
    if (this.#passage !== null && !this.#passage.atBoundary) return false
    const { protocol, framing, exchange } = this.#context
    if (this.#passage === null && framing === 'json-array') {
      outlet.writeText(JSON.stringify([protocol.writeError(failure, exchange.id).body]))
      return !outlet.closed
    }
    const voice = this.#passage ?? protocol.watch()
    outlet.writeText(voice.errorEvent(failure, exchange.id))
    return !outlet.closed
  }

  #checkIdle(now: number): void {
    const { settings, abort } = this.#context
    const passage = this.#passage
    // Progress of an event stream is events, not bytes: a drip of one byte a while is a stall.
    const lastSignMs =
      passage === null
        ? this.#lastByteAtMs
        : Math.max(passage.lastEventAtMs, this.#outlet?.lastReliefAtMs ?? 0)
    const idleMs = now - lastSignMs
    const isLate = settings.idleTimeoutMs > 0 && idleMs > settings.idleTimeoutMs
    if (passage?.ended === true || (passage?.complete === true && isLate)) {
      // A provider that is silent behind a whole answer has only forgotten to close.
      if (idleMs > LINGER_MS && !this.#lingering) {
        this.#lingering = true
        void this.#opened?.reader?.cancel().catch(() => {})
      }
    } else if (isLate) {
      abort.abort(new GatewayError('upstream_idle_timeout'))
    }
  }

  #aborted(): void {
    this.#outlet?.giveUp()
    this.#opened?.cancel()
    // A response that Bun never asked for has no pump that would end it.
    if (this.#outlet === null) this.#end(abortReason(this.#context.abort.signal))
  }

  #end(failure: GatewayError | null): void {
    if (this.#over) return
    this.#over = true
    const { exchange, sweep, done } = this.#context
    this.#forgetAbort()
    sweep.remove(this)
    this.#outlet?.release()
    this.#tail.release()
    const passage = this.#passage
    const error = failure ?? passage?.error ?? null
    exchange.endReason = error === null ? 'completed' : endReasonOf(error.code)
    if (error !== null) exchange.useError(error)
    exchange.finishReason = passage?.finishReason ?? exchange.finishReason
    if (passage?.usage) exchange.useUsage(passage.usage)
    if (failure !== null || this.#lingering) this.#cancelSource()
    done()
  }

  /** Also for an answer that is still on its way: it must not arrive at nobody. */
  #cancelSource(): void {
    if (this.#source instanceof Promise) {
      this.#source.then(
        (opened) => opened.cancel(),
        () => {},
      )
    } else {
      this.#source.cancel()
    }
  }
}
