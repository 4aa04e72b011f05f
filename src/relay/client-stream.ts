/**
 * One response on its way to the client: a pump from the provider's body to the client's socket,
 * with the clocks, the heartbeats and the honest end.
 *
 * One thing ends a stream early: the abort of the request's controller, whose reason says why.
 * Clocks, shutdown and the client's departure all go that way, so there is one path to clean up.
 */
import { abortReason, onAbort } from '../core/abort.ts'
import type { Swept } from '../core/clock.ts'
import { GatewayError, toGatewayError } from '../core/errors.ts'
import type { Opened } from '../provider/call.ts'
import { AnswerPump } from './answer-pump.ts'
import type { RelayContext } from './context.ts'
import { endReasonOf, isProviderFailure } from './ending.ts'
import { heartbeatOf } from './heartbeat.ts'
import { Outlet, type Sink } from './outlet.ts'
import type { Passage } from './passage.ts'
import { passageOf } from './passages.ts'
import { Recovery } from './recovery.ts'
import { Tail } from './tail.ts'

/** The stream of one response. */
export class ClientStream implements Swept {
  readonly #source: Opened | Promise<Opened>
  readonly #context: RelayContext
  readonly #isEventStream: boolean
  #forgetAbort: () => void = () => {}
  readonly #tail: Tail
  readonly #recovery: Recovery | null
  /** The answer that is being sent; null while none is there, or another one is asked for. */
  #pump: AnswerPump | null = null
  /** Who speaks to the client; the one of a broken answer until another goes on. */
  #passage: Passage | null = null
  #outlet: Outlet | null = null
  #isTranslated = false
  #over = false

  constructor(source: Opened | Promise<Opened>, isEventStream: boolean, context: RelayContext) {
    this.#source = source
    this.#context = context
    this.#isEventStream = isEventStream
    this.#tail = new Tail(context.pool)
    const { recover } = context
    this.#recovery = recover === null || !isEventStream ? null : new Recovery(context, recover)
    if (source instanceof Promise) source.catch(() => {})
    context.sweep.add(this)
    this.#forgetAbort = onAbort(context.abort.signal, () => this.#aborted())
  }

  /** Bun asks for bytes once; the pump then runs until the stream is over. */
  async pull(controller: Sink): Promise<void> {
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
      await this.#send(outlet)
    } catch (thrown) {
      // What failed at reading is the provider's; whatever else is thrown here is a fault of ours.
      const { signal } = this.#context.abort
      failure = signal.aborted ? abortReason(signal) : toGatewayError(thrown)
    }
    if (failure === null) this.#sayLast(outlet)
    const broken = failure !== null && !this.#sayWhy(outlet, failure)
    this.#end(failure)
    // Throwing resets the connection without the final chunk, so that the client cannot take what
    // it has for the whole. An AbortError is the one exception that Bun does not print.
    if (broken) throw new DOMException('The response was cut off.', 'AbortError')
    controller.close()
  }

  /** The client closed the connection. */
  cancel(): void {
    if (this.#over) return
    this.#context.exchange.clientLeft()
    this.#context.abort.abort(new GatewayError('client_gone'))
  }

  /** Looks at the clocks and sends the heartbeat. Called by the sweep. */
  sweep(now: number): void {
    const { settings, abort, exchange, framing } = this.#context
    const outlet = this.#outlet
    if (outlet === null) return
    // Before there is an answer the request holds its body, which the gateway has counted.
    if (this.#pump !== null) {
      const keptBytes = this.#recovery?.heldBytes ?? 0
      // What a translation keeps of an answer grows with it, to all of it at most.
      const answerBytes = this.#isTranslated ? exchange.bytesIn : this.#tail.length
      exchange.heldBytes = answerBytes + outlet.heldBytes + keptBytes
    }
    if (outlet.busy) {
      const stalledMs = now - outlet.stalledSinceMs
      if (settings.clientStallTimeoutMs > 0 && stalledMs > settings.clientStallTimeoutMs) {
        abort.abort(new GatewayError('client_stalled'))
      }
      return
    }
    this.#pump?.checkIdle(now, (failure) => this.#isIdle(failure))
    if (this.#over || !this.#isEventStream || settings.heartbeatIntervalMs <= 0) return
    if (this.#passage !== null && !this.#passage.atBoundary) return
    if (now - outlet.lastWriteAtMs >= settings.heartbeatIntervalMs) {
      exchange.heartbeats += 1
      // Between the elements of an array nothing but white space is allowed.
      const { protocol } = this.#context
      outlet.writeText(framing === 'json-array' ? '\n' : heartbeatOf(protocol, exchange))
    }
  }

  async #send(outlet: Outlet): Promise<void> {
    // The request can end between the making of the response and Bun's first pull.
    if (this.#over) throw abortReason(this.#context.abort.signal)
    let opened = await this.#source
    if (this.#isEventStream) {
      if (!opened.isEventStream) throw new GatewayError('upstream_bad_content_type')
      this.#passage =
        this.#recovery?.first(opened, this.#tail) ?? passageOf(opened, this.#tail, this.#context)
    }
    for (;;) {
      this.#isTranslated = opened.translated !== null
      const pump = new AnswerPump(opened, this.#passage, this.#context, outlet)
      this.#pump = pump
      try {
        await pump.run()
        return
      } catch (thrown) {
        opened = await this.#goOn(thrown, pump, outlet)
      }
    }
  }

  /** Another answer in the place of one that broke. @throws GatewayError where there is none. */
  async #goOn(thrown: unknown, { opened, passage }: AnswerPump, outlet: Outlet): Promise<Opened> {
    const isOver = this.#context.abort.signal.aborted || outlet.closed
    if (this.#recovery === null || passage === null || isOver) throw thrown
    this.#pump = null
    const next = await this.#recovery.next(thrown, { opened, passage })
    this.#passage = next.passage
    return next.opened
  }

  /** Tells the client in its own dialect. False where that cannot be done. */
  #sayWhy(outlet: Outlet, failure: GatewayError): boolean {
    if (!this.#isEventStream || outlet.closed) return false
    if (this.#passage !== null && !this.#passage.atBoundary && !outlet.takeBack()) return false
    const { protocol, framing, exchange } = this.#context
    if (this.#passage === null && framing === 'json-array') {
      outlet.writeText(JSON.stringify([protocol.writeError(failure, exchange.id).body]))
      return !outlet.closed
    }
    const voice = this.#passage ?? protocol.watch()
    outlet.writeText(voice.errorEvent(failure, exchange.id))
    return !outlet.closed
  }

  /** What the gateway says behind a whole stream. */
  #sayLast(outlet: Outlet): void {
    const { trailer, exchange } = this.#context
    const passage = this.#passage
    if (trailer === null || passage === null || passage.error !== null) return
    if (!passage.atBoundary || outlet.closed) return
    if (passage.usage) exchange.useUsage(passage.usage)
    outlet.writeText(trailer())
  }

  #isIdle(failure: GatewayError): void {
    const pump = this.#pump
    if (pump !== null && pump.passage !== null) {
      const { opened, passage } = pump
      if (this.#recovery?.isPossible(failure, { opened, passage })) {
        pump.break(failure)
        return
      }
    }
    this.#context.abort.abort(failure)
  }

  #aborted(): void {
    this.#outlet?.giveUp()
    this.#pump?.opened.cancel()
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
    const isBroken = error !== null && passage !== null && isProviderFailure(error)
    if (isBroken && this.#recovery !== null) exchange.recovery = 'failed'
    exchange.finishReason = passage?.finishReason ?? exchange.finishReason
    if (passage?.usage) exchange.useUsage(passage.usage)
    if (failure !== null || this.#pump?.lingering) this.#cancelSource()
    done()
  }

  /** Also for an answer that is still on its way: it must not arrive at nobody. */
  #cancelSource(): void {
    this.#pump?.opened.cancel()
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
