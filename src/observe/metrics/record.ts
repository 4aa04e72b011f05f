/** Counts requests into the tables: rows are looked up, and then numbers are added. */
import type { AttemptFacts } from '../attempt-facts.ts'
import type { Exchange } from '../exchange.ts'
import { BUCKETS, lowerBoundOf } from '../histogram.ts'
import type { Spread } from '../totals.ts'
import { Alike, type Rows } from './alike.ts'
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

/** Targets whose row is remembered; beyond that all are forgotten. */
const TARGETS_MAX = 256

/** Counts requests into tables. */
export class Recorder {
  readonly #tables: RequestTables
  readonly #alike = new Alike()
  /** Attempts that came off as they should, by target. */
  readonly #firstAttempts = new Map<string, Row>()
  #names: Names
  #revision = 0

  constructor(tables: RequestTables, names: Names) {
    this.#tables = tables
    this.#names = names
  }

  /** The names that labels may have now. */
  get names(): Names {
    return this.#names
  }

  /** Goes by the names of another configuration. */
  rename(names: Names): void {
    this.#names = names
    this.#alike.clear()
    this.#firstAttempts.clear()
  }

  /** Counts a request that has ended. @param gapMs the gaps of its stream. */
  record(exchange: Exchange, gapMs: Spread): void {
    const tables = this.#tables
    const rows = this.#rowsOf(exchange)
    add(rows.requests, tables.requests.at.ended, 1)
    if (rows.ends !== null) add(rows.ends, tables.ends.at.ended, 1)
    if (rows.errors !== null) add(rows.errors, tables.errors.at.failed, 1)
    if (exchange.recovery !== null) {
      add(tables.recoveries.row(exchange.recovery), tables.recoveries.at.ended, 1)
    }
    for (const facts of exchange.attemptLog) this.#recordAttempt(facts)
    recordTraffic(rows.traffic, tables.traffic.at, exchange, gapMs)
    if (rows.costs !== null) recordCost(rows.costs, tables.costs.at, exchange)
    if (rows.durations !== null) {
      const { startedAtMs, endedAtMs } = exchange
      const seconds = (endedAtMs - startedAtMs) / 1000
      observe(rows.durations, tables.durations.at.duration, durationBounds, seconds)
    }
    if (rows.answers !== null) recordAnswer(rows.answers, tables.answers.at, exchange, gapMs)
  }

  #recordAttempt({ target, kind, outcome }: AttemptFacts): void {
    const { attempts } = this.#tables
    const isUsual = kind === 'first' && outcome === 'answered'
    const known = isUsual ? this.#firstAttempts.get(target) : undefined
    if (known !== undefined) {
      add(known, attempts.at.made, 1)
      return
    }
    const overflowBefore = attempts.overflow
    const slash = target.indexOf('/')
    const provider = this.#names.provider(slash === -1 ? target : target.slice(0, slash))
    const row = attempts.row(provider, kind, outcome ?? none)
    add(row, attempts.at.made, 1)
    if (!isUsual || attempts.overflow > overflowBefore) return
    if (this.#firstAttempts.size >= TARGETS_MAX) this.#firstAttempts.clear()
    this.#firstAttempts.set(target, row)
  }

  #rowsOf(exchange: Exchange): Rows {
    if (this.#names.revision !== this.#revision) {
      this.#revision = this.#names.revision
      this.#alike.clear()
    }
    const known = this.#alike.find(exchange)
    if (known !== undefined) return known
    const overflowsBefore = this.#overflows
    const rows = this.#lookUp(exchange)
    // What has no row of its own is counted each time.
    if (this.#overflows === overflowsBefore) this.#alike.keep(exchange, rows)
    return rows
  }

  get #overflows(): number {
    const { requests, ends, errors, traffic, costs, durations, answers } = this.#tables
    const tables = [requests, ends, errors, traffic, costs, durations, answers]
    return tables.reduce((sum, { overflow }) => sum + overflow, 0)
  }

  #lookUp(exchange: Exchange): Rows {
    const tables = this.#tables
    const names = this.#names
    const { endReason, errorCode, attempts } = exchange
    const provider = names.provider(exchange.provider)
    const model = names.model(exchange.provider, exchange.upstreamModel)
    const status = statusClasses[Math.floor(exchange.status / 100)] ?? none
    const route = names.route(exchange.route)
    const operation = operationOf(exchange.endpoint, exchange.path)
    const labels = [
      operation ?? none,
      names.conventional(exchange.provider),
      names.requested(exchange.provider, exchange.route, exchange.model),
      model,
      provider,
    ]
    const { durations, answers } = tables
    return {
      requests: tables.requests.row(exchange.endpoint, provider, route, status),
      ends: exchange.streaming ? tables.ends.row(provider, endReason ?? none) : null,
      errors: errorCode === null ? null : tables.errors.row(provider, errorCode),
      traffic: tables.traffic.row(provider),
      costs: attempts > 0 ? tables.costs.row(provider, model) : null,
      durations: operation === null ? null : durations.row(...labels, errorCode ?? ''),
      answers: operation === null || attempts === 0 ? null : answers.row(...labels),
    }
  }
}

type Places<Table extends keyof RequestTables> = RequestTables[Table]['at']

function recordTraffic(row: Row, at: Places<'traffic'>, exchange: Exchange, gapMs: Spread): void {
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

const gapBuckets: readonly number[] = Array.from({ length: BUCKETS }, (_, index) =>
  bucketOfGap(index),
)

function mergeGaps(row: Row, at: number, { sum, buckets }: Spread): void {
  for (let place = 0; place < buckets.length; place += 1) {
    const [index = 0, count = 0] = buckets[place] ?? []
    const bucket = gapBuckets[index] ?? gapBounds.length
    add(row, at + bucket, count)
  }
  add(row, at + gapBounds.length + 1, sum / 1000)
}

function recordCost(row: Row, at: Places<'costs'>, exchange: Exchange): void {
  if (exchange.costMicroUsd === null) add(row, at.unknown, 1)
  else add(row, at.cost, exchange.costMicroUsd)
  add(row, at.lost, exchange.otherCostMicroUsd ?? 0)
  add(row, at.input, exchange.inputTokens ?? 0)
  add(row, at.cachedInput, exchange.cachedInputTokens ?? 0)
  add(row, at.cacheWrite, exchange.cacheWriteInputTokens ?? 0)
  add(row, at.output, exchange.outputTokens ?? 0)
  add(row, at.reasoning, exchange.reasoningTokens ?? 0)
}

/** What the conventions for generative AI want to know of an answer. */
function recordAnswer(row: Row, at: Places<'answers'>, exchange: Exchange, gapMs: Spread): void {
  const { startedAtMs, firstContentAtMs, inputTokens, outputTokens } = exchange
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
