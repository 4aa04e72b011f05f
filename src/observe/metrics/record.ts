/** Counts one request into the tables: each row is looked up once, then numbers are added. */
import type { AttemptFacts } from '../attempt-facts.ts'
import type { Exchange } from '../exchange.ts'
import { lowerBoundOf } from '../histogram.ts'
import type { Spread } from '../totals.ts'
import {
  durationBounds,
  firstTokenBounds,
  gapBounds,
  outputTokenBounds,
  overheadBounds,
  queueWaitBounds,
  tokenBounds,
} from './bounds.ts'
import { type Names, none, operationOf } from './names.ts'
import type { RequestTables } from './request-families.ts'
import { add, observe, type Row } from './series-table.ts'

/** A provider may answer with any status; there are only so many classes of them. */
const statusClasses = [none, '1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** Counts a request that has ended. */
export function recordRequest(
  tables: RequestTables,
  names: Names,
  exchange: Exchange,
  gapMs: Spread,
): void {
  const provider = names.provider(exchange.provider)
  const { requests, ends, errors, recoveries } = tables
  const status = statusClasses[Math.floor(exchange.status / 100)] ?? none
  const route = names.route(exchange.route)
  add(requests.row(exchange.endpoint, provider, route, status), requests.at.ended, 1)
  if (exchange.streaming) {
    add(ends.row(provider, exchange.endReason ?? none), ends.at.ended, 1)
  }
  if (exchange.errorCode !== null) {
    add(errors.row(provider, exchange.errorCode), errors.at.failed, 1)
  }
  if (exchange.recovery !== null) {
    add(recoveries.row(exchange.recovery), recoveries.at.ended, 1)
  }
  for (const facts of exchange.attemptLog) recordAttempt(tables, names, facts)
  recordTraffic(tables, provider, exchange, gapMs)
  if (exchange.attempts > 0) recordCost(tables, names, provider, exchange)
  recordAnswer(tables, names, provider, exchange, gapMs)
}

function recordAttempt({ attempts }: RequestTables, names: Names, facts: AttemptFacts): void {
  const { target, kind, outcome } = facts
  const slash = target.indexOf('/')
  const provider = names.provider(slash === -1 ? target : target.slice(0, slash))
  add(attempts.row(provider, kind, outcome ?? none), attempts.at.made, 1)
}

function recordTraffic(
  { traffic }: RequestTables,
  provider: string,
  exchange: Exchange,
  gapMs: Spread,
): void {
  const row = traffic.row(provider)
  const { at } = traffic
  add(row, at.events, exchange.events)
  add(row, at.dropped, exchange.droppedEvents)
  add(row, at.oversize, exchange.oversizeEvents)
  add(row, at.requestBytes, exchange.requestBytes)
  add(row, at.bytesIn, exchange.bytesIn)
  add(row, at.bytesOut, exchange.bytesOut)
  add(row, at.heartbeats, exchange.heartbeats)
  add(row, at.stalls, exchange.gaps.stalls)
  add(row, at.pressure, exchange.backpressureEvents)
  add(row, at.pressureSeconds, exchange.backpressureMs / 1000)
  add(row, at.resumes, exchange.resumes)
  mergeGaps(row, at.gap, gapMs)
  // Who was refused before had no turn to wait for.
  if (exchange.attempts === 0 && exchange.queueWaitMs === 0) return
  observe(row, at.queueWait, queueWaitBounds, exchange.queueWaitMs / 1000)
  if (exchange.openedAtMs > 0) {
    observe(row, at.overhead, overheadBounds, exchange.overheadMs / 1000)
  }
}

/**
 * For each bucket of the scale of streams, the bucket of the metric that it lies in: bounds of the
 * metric are bounds of the scale too, so none lies in two.
 */
const bucketOfGap = (index: number): number => {
  const lowerMs = lowerBoundOf(index)
  const found = gapBounds.findIndex((bound) => lowerMs < bound * 1000)
  return found === -1 ? gapBounds.length : found
}

const gapBuckets: number[] = []

function mergeGaps(row: Row, at: number, { sum, buckets }: Spread): void {
  for (const [index, count] of buckets) {
    const bucket = gapBuckets[index] ?? bucketOfGap(index)
    gapBuckets[index] = bucket
    add(row, at + bucket, count)
  }
  add(row, at + gapBounds.length + 1, sum / 1000)
}

function recordCost(
  { costs }: RequestTables,
  names: Names,
  provider: string,
  exchange: Exchange,
): void {
  const row = costs.row(provider, names.model(exchange.provider, exchange.upstreamModel))
  const { at } = costs
  if (exchange.costMicroUsd === null) add(row, at.unknown, 1)
  else add(row, at.cost, exchange.costMicroUsd)
  add(row, at.lost, exchange.otherCostMicroUsd ?? 0)
  add(row, at.input, exchange.inputTokens ?? 0)
  add(row, at.cachedInput, exchange.cachedInputTokens ?? 0)
  add(row, at.cacheWrite, exchange.cacheWriteInputTokens ?? 0)
  add(row, at.output, exchange.outputTokens ?? 0)
  add(row, at.reasoning, exchange.reasoningTokens ?? 0)
}

/** What the conventions for generative AI want to know. */
function recordAnswer(
  { answers, durations }: RequestTables,
  names: Names,
  provider: string,
  exchange: Exchange,
  gapMs: Spread,
): void {
  const operation = operationOf(exchange.endpoint)
  if (operation === null) return
  const { startedAtMs, firstContentAtMs, endedAtMs, inputTokens, outputTokens } = exchange
  const labels = [
    operation,
    names.conventional(exchange.provider),
    names.requested(exchange.provider, exchange.route, exchange.model),
    names.model(exchange.provider, exchange.upstreamModel),
    provider,
  ]
  const durationRow = durations.row(...labels, exchange.errorCode ?? '')
  const durationSeconds = (endedAtMs - startedAtMs) / 1000
  observe(durationRow, durations.at.duration, durationBounds, durationSeconds)
  if (exchange.attempts === 0) return
  const row = answers.row(...labels)
  const { at } = answers
  if (inputTokens !== null) observe(row, at.inputTokens, tokenBounds, inputTokens)
  if (outputTokens !== null) observe(row, at.outputTokens, tokenBounds, outputTokens)
  if (!exchange.streaming || firstContentAtMs === 0) return
  observe(row, at.firstToken, firstTokenBounds, (firstContentAtMs - startedAtMs) / 1000)
  // The gaps leave out what the client took to read.
  const isMeasured = exchange.endReason === 'completed' && gapMs.count > 0
  if (isMeasured && outputTokens !== null && outputTokens > 1) {
    const seconds = gapMs.sum / 1000 / (outputTokens - 1)
    observe(row, at.perOutputToken, outputTokenBounds, seconds)
  }
}
