/** What is kept of a record when its request has ended. */
import type { AttemptFacts } from './attempt-facts.ts'
import type { Exchange } from './exchange.ts'
import type { FinishedAttempt, FinishedRequest } from './finished.ts'
import { quantileOf } from './histogram.ts'
import type { Spread } from './totals.ts'

/**
 * The request as it is kept: numbers and short strings of the record, never content.
 * @param gaps the spread of its gaps, where the caller has it already.
 */
export function finishedOf(
  exchange: Exchange,
  gaps: Spread = exchange.gaps.spread(),
): FinishedRequest {
  const since = sinceStart(exchange.startedAtMs)
  return {
    id: exchange.id,
    at: exchange.startedAt,
    endpoint: exchange.endpoint,
    provider: exchange.provider,
    model: exchange.upstreamModel,
    route: exchange.route,
    keyId: exchange.keyId,
    streaming: exchange.streaming,
    status: exchange.status,
    endReason: exchange.endReason,
    errorCode: exchange.errorCode,
    errorCause: exchange.errorCause,
    attempts: exchange.attemptLog.map((facts) => attemptOf(facts, since)),
    recovery: exchange.recovery,
    queueWaitMs: rounded(exchange.queueWaitMs),
    headersMs: since(exchange.headersAtMs),
    firstEventMs: since(exchange.firstEventAtMs),
    firstContentMs: since(exchange.firstContentAtMs),
    durationMs: since(exchange.endedAtMs) ?? 0,
    clientGoneMs: since(exchange.clientGoneAtMs),
    overheadMs: rounded(exchange.overheadMs),
    gapP50Ms: roundedOrNull(quantileOf(gaps, 0.5)),
    gapP99Ms: roundedOrNull(quantileOf(gaps, 0.99)),
    gapMaxMs: gaps.count === 0 ? null : rounded(gaps.max),
    stalls: exchange.gaps.stalls,
    tokensPerSecond: roundedOrNull(tokensPerSecond(exchange)),
    events: exchange.events,
    droppedEvents: exchange.droppedEvents,
    requestBytes: exchange.requestBytes,
    bytesIn: exchange.bytesIn,
    bytesOut: exchange.bytesOut,
    heartbeats: exchange.heartbeats,
    backpressureEvents: exchange.backpressureEvents,
    backpressureMs: rounded(exchange.backpressureMs),
    inputTokens: exchange.inputTokens,
    outputTokens: exchange.outputTokens,
    cachedInputTokens: exchange.cachedInputTokens,
    reasoningTokens: exchange.reasoningTokens,
    costMicroUsd: exchange.costMicroUsd,
    otherCostMicroUsd: exchange.otherCostMicroUsd,
    finishReason: exchange.finishReason,
    resumes: exchange.resumes,
  }
}

/** One attempt, as it is kept with its request; also while that is under way. */
export function attemptOf(
  facts: AttemptFacts,
  since: (atMs: number) => number | null,
): FinishedAttempt {
  return {
    target: facts.target,
    kind: facts.kind,
    outcome: facts.outcome,
    status: facts.status,
    startedMs: since(facts.startedAtMs) ?? 0,
    headersMs: since(facts.headersAtMs),
    answeredMs: since(facts.answeredAtMs),
    endedMs: since(facts.endedAtMs),
  }
}

/** Times of the monotonic clock as milliseconds since `startedAtMs`; null for what was not. */
export const sinceStart =
  (startedAtMs: number) =>
  (atMs: number): number | null =>
    atMs === 0 ? null : rounded(atMs - startedAtMs)

/**
 * What came in one piece has no speed. The time is that from the first content to the end, because
 * what providers count as tokens is not what they send as events.
 */
function tokensPerSecond({ outputTokens, gaps, firstContentAtMs, endedAtMs }: Exchange) {
  const spentMs = endedAtMs - firstContentAtMs
  if (outputTokens === null || gaps.count === 0 || spentMs <= 0) return null
  return (outputTokens * 1000) / spentMs
}

/** To microseconds: what is behind them is noise, and makes texts long. */
const rounded = (value: number): number => Math.round(value * 1000) / 1000

const roundedOrNull = (value: number | null): number | null =>
  value === null ? null : rounded(value)
