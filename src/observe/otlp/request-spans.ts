/** All spans of one request that has ended: its own, one for each stage, one for each attempt. */
import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import {
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_REQUEST_STREAM,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
} from '@opentelemetry/semantic-conventions/incubating'
import type { EndReason, Exchange } from '../exchange.ts'
import { newSpanId, type TraceContext } from '../trace/context.ts'
import { attemptSpans, usageAttributes } from './attempt-span.ts'
import { httpRouteOf, operationOf } from './conventions.ts'
import type { SpanEvent, SpanFacts, SpanSources } from './span.ts'

/** Ends that are not a failure of ours: what the caller did, and what it may not do. */
const blameless: ReadonlySet<EndReason> = new Set([
  'completed',
  'rejected',
  'client_gone',
  'client_stalled',
])

/** The spans of a request, the parent first; none where no trace is kept of it. */
export function requestSpans(exchange: Exchange, sources: SpanSources): readonly SpanFacts[] {
  const { trace } = exchange
  if (trace === null) return []
  return [
    serverSpan(exchange, trace, sources),
    ...stageSpans(exchange, trace),
    ...attemptSpans(exchange, sources),
    ...relaySpan(exchange, trace),
  ]
}

type Clean = SpanSources['clean']

function serverSpan(exchange: Exchange, trace: TraceContext, sources: SpanSources): SpanFacts {
  const { clean } = sources
  const { errorCode, endReason, status } = exchange
  const isFailure = status >= 500 || (endReason !== null && !blameless.has(endReason))
  const route = httpRouteOf(exchange)
  return {
    name: `${exchange.method} ${route}`,
    kind: SpanKind.SERVER,
    spanId: trace.spanId,
    parentSpanId: trace.parentSpanId,
    isParentRemote: true,
    startedAtMs: exchange.startedAtMs,
    endedAtMs: exchange.endedAtMs,
    status: { code: isFailure ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: {
      [ATTR_HTTP_REQUEST_METHOD]: exchange.method,
      [ATTR_HTTP_ROUTE]: route,
      [ATTR_HTTP_RESPONSE_STATUS_CODE]: status,
      [ATTR_HTTP_REQUEST_BODY_SIZE]: exchange.requestBytes,
      ...(isFailure && { [ATTR_ERROR_TYPE]: errorCode ?? String(status) }),
      ...generativeAttributes(exchange, sources),
      ...ownAttributes(exchange, clean),
    },
    events: eventsOf(exchange, clean),
  }
}

function generativeAttributes(exchange: Exchange, { placeOf, clean }: SpanSources): Attributes {
  const operation = operationOf(exchange)
  const { model, provider, responseModel, finishReason, streaming } = exchange
  if (operation === null) return {}
  return {
    [ATTR_GEN_AI_OPERATION_NAME]: operation,
    [ATTR_GEN_AI_REQUEST_STREAM]: streaming,
    ...(provider !== null && { [ATTR_GEN_AI_PROVIDER_NAME]: placeOf(provider).name }),
    ...(model !== null && { [ATTR_GEN_AI_REQUEST_MODEL]: clean(model) }),
    ...(responseModel !== null && { [ATTR_GEN_AI_RESPONSE_MODEL]: clean(responseModel) }),
    ...(finishReason !== null && {
      [ATTR_GEN_AI_RESPONSE_FINISH_REASONS]: [clean(finishReason)],
    }),
    ...usageAttributes(exchange),
  }
}

/** What the conventions have no name for. */
function ownAttributes(exchange: Exchange, clean: Clean): Attributes {
  const { route, keyId, costMicroUsd, endReason, errorCode, errorCause, recovery } = exchange
  return {
    'sluice.request.id': exchange.id,
    'sluice.attempts': exchange.attempts,
    'sluice.overhead_ms': rounded(exchange.overheadMs),
    ...(endReason !== null && { 'sluice.end_reason': endReason }),
    ...(errorCode !== null && { 'sluice.error.code': errorCode }),
    ...(errorCause !== null && { 'sluice.error.cause': clean(errorCause) }),
    ...(route !== null && { 'sluice.route': route }),
    ...(keyId !== null && { 'sluice.key.id': keyId }),
    ...(costMicroUsd !== null && { 'sluice.cost_usd': costMicroUsd / 1_000_000 }),
    ...(recovery !== null && { 'sluice.recovery': recovery }),
  }
}

/** What happened along the way, in order. */
function eventsOf(exchange: Exchange, clean: Clean): SpanEvent[] {
  const recovered = exchange.attemptLog
    .filter(({ kind }) => kind === 'recovery')
    .map(({ startedAtMs, target }) => ({
      name: 'sluice.recovery',
      atMs: startedAtMs,
      attributes: { 'sluice.target': clean(target) },
    }))
  const events: SpanEvent[] = [
    { name: 'sluice.first_token', atMs: exchange.firstContentAtMs },
    ...recovered,
    { name: 'sluice.client_gone', atMs: exchange.clientGoneAtMs },
  ]
  return events.filter(({ atMs }) => atMs > 0).sort((a, b) => a.atMs - b.atMs)
}

/** The stages before a provider is asked, as far as the request got. */
function stageSpans(exchange: Exchange, trace: TraceContext): SpanFacts[] {
  const { startedAtMs, admittedAtMs, readAtMs, enteredAtMs, queuedAtMs, queueWaitMs } = exchange
  const stage = (name: string, fromMs: number, toMs: number, attributes: Attributes = {}) =>
    fromMs === 0
      ? []
      : [internalSpan(name, trace, [fromMs, toMs || exchange.endedAtMs], attributes)]
  return [
    ...stage('admission', startedAtMs, admittedAtMs),
    ...stage('intake', admittedAtMs, readAtMs, { 'sluice.request.bytes': exchange.requestBytes }),
    ...stage('routing', readAtMs, enteredAtMs),
    ...stage('queue', queuedAtMs, queuedAtMs + queueWaitMs),
  ]
}

/** From the opening of the response to its last byte. */
function relaySpan(exchange: Exchange, trace: TraceContext): SpanFacts[] {
  const { openedAtMs, endedAtMs, gaps } = exchange
  if (openedAtMs === 0) return []
  const attributes = {
    'sluice.events': exchange.events,
    'sluice.bytes_in': exchange.bytesIn,
    'sluice.bytes_out': exchange.bytesOut,
    ...(exchange.heartbeats > 0 && { 'sluice.heartbeats': exchange.heartbeats }),
    ...(exchange.backpressureEvents > 0 && {
      'sluice.backpressure.events': exchange.backpressureEvents,
      'sluice.backpressure.wait_ms': rounded(exchange.backpressureMs),
    }),
    ...(gaps.count > 0 && {
      'sluice.gap.max_ms': rounded(gaps.maxMs),
      'sluice.stalls': gaps.stalls,
    }),
  }
  return [internalSpan('relay', trace, [openedAtMs, endedAtMs], attributes)]
}

function internalSpan(
  name: string,
  trace: TraceContext,
  [startedAtMs, endedAtMs]: readonly [number, number],
  attributes: Attributes,
): SpanFacts {
  return {
    name,
    kind: SpanKind.INTERNAL,
    spanId: newSpanId(),
    parentSpanId: trace.spanId,
    isParentRemote: false,
    startedAtMs,
    endedAtMs,
    status: { code: SpanStatusCode.UNSET },
    attributes,
    events: [],
  }
}

/** To microseconds: what is behind them is noise. */
const rounded = (valueMs: number): number => Math.round(valueMs * 1000) / 1000
