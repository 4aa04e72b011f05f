/** The spine: one request, from bytes to bytes. Nothing else knows the order of the stages. */
import type { Ticket } from '../admission/admit.ts'
import { tokensOf } from '../admission/estimate.ts'
import type { Place, Used } from '../admission/quota.ts'
import type { BufferPool } from '../buffer/lease.ts'
import type { EndpointName, StreamSettings } from '../config/config.ts'
import { abortReason, onAbort } from '../core/abort.ts'
import { nowMs, type Sweep } from '../core/clock.ts'
import { GatewayError, toGatewayError } from '../core/errors.ts'
import { Exchange } from '../observe/exchange.ts'
import type { TraceContext } from '../observe/trace/context.ts'
import type { Call, Intent, Opened, Plan } from '../provider/call.ts'
import type { RelayContext, Resume } from '../relay/context.ts'
import { endReasonOf } from '../relay/ending.ts'
import type { ResumableStream } from '../relay/resumable.ts'
import type { ResumableStreams } from '../relay/resumables.ts'
import type { Ask } from '../resilience/ask.ts'
import type { Connection } from './connection.ts'
import { costTrailer, tellCost, wantsTrailer } from './cost.ts'
import { failureResponse } from './fail.ts'
import { recoverOf } from './recover.ts'
import { requestSettings, wantsResume } from './settings.ts'
import type { Underway } from './underway.ts'

/** The six stages and what they share; wired by the composition root. */
export interface Stages {
  readonly settings: Readonly<Record<EndpointName, StreamSettings>>
  readonly sweep: Sweep
  readonly pool: BufferPool
  readonly underway: Underway
  /** Those that their clients may lose. */
  readonly streams: ResumableStreams
  admit(headers: Headers, search: string): Ticket | Promise<Ticket>
  read(request: Request, call: Call, settings: StreamSettings, signal: AbortSignal): Promise<Intent>
  plan(intent: Intent, call: Call, headers: Headers, ticket: Ticket): Plan
  /** Takes what the limits of the key and the model allow, for as long as the request lasts. */
  enter(ticket: Ticket, intent: Intent, plan: Plan, exchange: Exchange): Place | Promise<Place>
  /** @param prefill the unfinished answer to go on with, or null. */
  attempt(
    ask: Ask,
    request: Request,
    call: Call,
    intent: Intent,
    prefill: string | null,
  ): Promise<Opened>
  relay(source: Opened | Promise<Opened>, headers: Headers, context: RelayContext): Response
  /** Where a request that begins is in a trace; null where none is kept. */
  readonly joinTrace: ((headers: Headers) => TraceContext) | null
  /** Takes the finished record, once a request. */
  record(exchange: Exchange): void
}

/** Answers one request. Never rejects: what fails becomes an answer in the client's dialect. */
export async function handle(
  request: Request,
  call: Call,
  connection: Connection,
  stages: Stages,
): Promise<Response> {
  const exchange = new Exchange(call.endpoint, request.method)
  exchange.path = call.path
  exchange.trace = stages.joinTrace?.(request.headers) ?? null
  const abort = new AbortController()
  const passage = new Passage(exchange, connection, stages, abort)
  try {
    passage.hold(onAbort(request.signal, () => passage.clientLeft()))
    const settings = requestSettings(stages.settings[call.endpoint], request.headers)
    const trailer = wantsTrailer(request.headers) ? costTrailer(exchange, call) : null
    const resume = passage.keeping(request, call, settings)
    passage.hold(stages.sweep.after(settings.totalTimeoutMs, () => passage.outOfTime()))

    const ticket = await stages.admit(request.headers, call.search)
    passage.hold(() => ticket.release())
    exchange.admittedAtMs = nowMs()
    exchange.keyId = ticket.key?.id ?? null
    const intent = await stages.read(request, call, settings, abort.signal)
    passage.hold(() => intent.body?.release())
    noteIntent(exchange, intent)
    if (intent.stream) passage.hold(stages.underway.addStream())
    const plan = stages.plan(intent, call, request.headers, ticket)
    const place = await stages.enter(ticket, intent, plan, exchange)
    passage.hold(() => place.leave(usedBy(exchange)))
    exchange.enteredAtMs = nowMs()
    const { signal } = abort
    const hold: Ask['hold'] = (release) => passage.hold(release)
    const asked = { plan, exchange, settings, signal, hold }
    const ask = askOf(asked, request, call, intent, ticket)
    const attempt = (asked: Ask, prefill: string | null): Promise<Opened> =>
      stages.attempt(asked, request, call, intent, prefill)
    const opening = attempt(ask, null)
    const recover = recoverOf({ call, intent, ask, attempt })
    const patienceMs = intent.stream ? settings.heartbeatIntervalMs : 0
    const opened = await openedWithin(opening, patienceMs, stages.sweep)
    if (signal.aborted) {
      // A late sweep can find the total clock and the heartbeat due at once; the status still fits.
      opened?.cancel()
      throw abortReason(signal)
    }
    // From here on nothing is repeated, but by a route that recovers. A spooled body may still be
    // on its way to a provider that answers before it has read all: only memory is given up early.
    if (opened !== null && recover === null && intent.body?.bytes) {
      intent.body.release()
      exchange.heldBytes = 0
    }

    exchange.openedAtMs = nowMs()
    exchange.status = opened?.status ?? 200
    const context = passage.context(call, settings, { recover, trailer, resume })
    const headers = answerHeaders(exchange, opened, place)
    return tellCost(stages.relay(opened ?? opening, headers, context), exchange, opened)
  } catch (thrown) {
    const error = abort.signal.aborted ? abortReason(abort.signal) : toGatewayError(thrown)
    const response = failureResponse(error, call.protocol, exchange.id)
    // The one that is sent: a dialect has statuses of its own, such as Anthropic's 529.
    exchange.status = response.status
    exchange.useError(error)
    exchange.endReason = endReasonOf(error.code)
    passage.end()
    return response
  }
}

/** Takes down what is wanted. */
function noteIntent(exchange: Exchange, { model, stream, body, uploadWaitMs }: Intent): void {
  exchange.readAtMs = nowMs()
  exchange.model = model
  exchange.streaming = stream
  exchange.requestBytes = body?.lengthBytes ?? 0
  exchange.uploadWaitMs = uploadWaitMs ?? 0
  exchange.heldBytes = body?.bytes?.byteLength ?? 0
}

/** What limits are settled with. A provider that was asked may have worked, whatever came of it. */
function usedBy({ inputTokens, outputTokens, costMicroUsd, attemptLog }: Exchange): Used {
  const hasReached = attemptLog.some(({ headersAtMs }) => headersAtMs > 0)
  return { inputTokens, outputTokens, costMicroUsd, hasReached }
}

function askOf(
  asked: Pick<Ask, 'plan' | 'exchange' | 'settings' | 'signal' | 'hold'>,
  { method }: Request,
  call: Call,
  intent: Intent,
  { priority }: Ticket,
): Ask {
  const { stream, body } = intent
  const replayable = body === null || body.replayable
  const tokens = (): number => {
    const { inputTokens, outputTokens } = tokensOf(intent)
    return inputTokens + outputTokens
  }
  const turn = { priority, tokens }
  return { ...asked, ...turn, stream, replayable, repeatable: isRepeatable(method, call) }
}

/** Endpoints that do more than answer: an upload sent twice is there twice. */
const withEffects: ReadonlySet<EndpointName> = new Set(['other', 'passthrough'])

/** Whether a request may be sent again though a provider may have begun with it. */
function isRepeatable(method: string, { endpoint }: Call): boolean {
  return method === 'GET' || method === 'HEAD' || !withEffects.has(endpoint)
}

/** What one request holds on its way, given back exactly once, whichever way it ends. */
class Passage {
  readonly #exchange: Exchange
  readonly #connection: Connection
  readonly #stages: Stages
  readonly #abort: AbortController
  #held: (() => void)[] = []
  #over = false
  #mayLeave = false

  constructor(exchange: Exchange, connection: Connection, stages: Stages, abort: AbortController) {
    this.#exchange = exchange
    this.#connection = connection
    this.#stages = stages
    this.#abort = abort
    this.hold(stages.underway.add(abort, exchange))
    connection.disarm()
  }

  hold(release: () => void): void {
    if (this.#over) release()
    else this.#held.push(release)
  }

  /** What relaying the answer needs. */
  context(
    { protocol, framing = 'sse' }: Call,
    settings: StreamSettings,
    ways: Pick<RelayContext, 'recover' | 'trailer' | 'resume'>,
  ): RelayContext {
    const { sweep, pool } = this.#stages
    const own = { exchange: this.#exchange, abort: this.#abort, done: () => this.end() }
    return { ...own, ...ways, protocol, framing, settings, sweep, pool }
  }

  /** How the stream is kept, so that its client may leave it; null where it wants none of that. */
  keeping(
    { headers, signal }: Request,
    { protocol }: Call,
    settings: StreamSettings,
  ): Resume | null {
    if (!wantsResume(headers)) return null
    const parts = { exchange: this.#exchange, abort: this.#abort, protocol, settings }
    const open = (): ResumableStream | null => {
      const stream = this.#stages.streams.open(parts)
      this.#mayLeave = stream !== null
      return stream
    }
    return { open, signal }
  }

  clientLeft(): void {
    if (this.#mayLeave) return
    this.#exchange.clientLeft()
    this.#abort.abort(new GatewayError('client_gone'))
  }

  outOfTime(): void {
    this.#abort.abort(new GatewayError('upstream_total_timeout'))
  }

  end(): void {
    if (this.#over) return
    this.#over = true
    this.#exchange.settleCost()
    for (const release of this.#held.splice(0).reverse()) release()
    this.#connection.rearm()
    this.#exchange.endedAtMs = nowMs()
    this.#stages.record(this.#exchange)
  }
}

/**
 * The answer, or null where it takes longer than `patienceMs`: then the response opens without it,
 * and heartbeats keep the connection. A failure before that still has its HTTP status.
 */
function openedWithin(
  opening: Promise<Opened>,
  patienceMs: number,
  sweep: Sweep,
): Promise<Opened | null> {
  if (patienceMs <= 0) return opening
  return new Promise((resolve, reject) => {
    const forget = sweep.after(patienceMs, () => resolve(null))
    opening.then(resolve, reject).finally(forget)
  })
}

function answerHeaders(exchange: Exchange, opened: Opened | null, place: Place): Headers {
  const headers = new Headers({ 'x-request-id': exchange.id })
  place.tell(headers)
  if (opened === null) return headers
  const { provider, model } = opened.target
  headers.set('x-sluice-provider', provider.name)
  if (model !== null) headers.set('x-sluice-model', headerText(model))
  headers.set('x-sluice-attempts', String(exchange.attempts))
  headers.set('x-sluice-overhead-ms', exchange.overheadMs.toFixed(2))
  return headers
}

/** As a header can hold it: what is not ASCII is percent-encoded, as in an address. */
const headerText = (text: string): string =>
  text.toWellFormed().replace(/[^\x20-\x7e]+/g, encodeURIComponent)
