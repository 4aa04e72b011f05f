/** What the performance API makes of sums: averages, percentiles, rates. Times in milliseconds. */
import type { EndReason } from './exchange.ts'
import { meanOf, quantileOf } from './histogram.ts'
import type { ProviderTotals, VariantTotals } from './observer.ts'
import type { WindowTotals } from './series.ts'
import { addTotals } from './tally.ts'
import type { Spread } from './totals.ts'

/** A distribution in numbers; all null where nothing was measured. */
export interface Percentiles {
  readonly count: number
  readonly average: number | null
  readonly p50: number | null
  readonly p90: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly max: number | null
}

/** What is told of a provider, a target, or of all. */
export interface PerformanceStats {
  readonly totalRequests: number
  readonly totalStreamingRequests: number
  readonly totalErrors: number
  /** Of all requests; null where there were none. */
  readonly errorRate: number | null
  readonly averageLatency: number | null
  readonly averageFirstTokenLatency: number | null
  /** Requests a second. */
  readonly throughput: number | null
  /** Output tokens a second, of all streams together. */
  readonly tokenThroughput: number | null
  readonly latencyMs: Percentiles
  readonly firstTokenMs: Percentiles
  /** From the beginning of an attempt to the first content: what the provider took. */
  readonly answerMs: Percentiles
  readonly gapMs: Percentiles
  readonly queueWaitMs: Percentiles
  readonly overheadMs: Percentiles
  /** Of single streams. */
  readonly tokensPerSecond: Percentiles
  readonly attempts: number
  /** Those that failed, also where another one then answered the request. */
  readonly failedAttempts: number
  /** Of all attempts; null where there were none. */
  readonly attemptErrorRate: number | null
  readonly retries: number
  readonly hedges: number
  readonly failovers: number
  readonly recoveries: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedInputTokens: number
  /** Of the requests whose cost is known; null where it is known of none. */
  readonly costUsd: number | null
  readonly requestsOfUnknownCost: number
  readonly endReasons: Readonly<Partial<Record<EndReason, number>>>
}

/** What is told of streams. */
export interface StreamingStats {
  readonly totalStreams: number
  readonly liveStreams: number
  readonly firstTokenMs: Percentiles
  readonly gapMs: Percentiles
  readonly tokensPerSecond: Percentiles
  /** Gaps of a second and more. */
  readonly stalls: number
  readonly events: number
  readonly eventsPerSecond: number | null
  readonly bytesIn: number
  readonly bytesOut: number
  readonly heartbeats: number
  /** How long clients took nothing, of all streams together. */
  readonly backpressureMs: number
  readonly recoveries: number
  readonly resumes: number
  readonly endReasons: Readonly<Partial<Record<EndReason, number>>>
}

/** Sums of the same window of several workers, as one. */
export function addWindows(windows: readonly WindowTotals[]): WindowTotals {
  return {
    coveredMs: Math.max(0, ...windows.map(({ coveredMs }) => coveredMs)),
    totals: addTotals(windows.map(({ totals }) => totals)),
  }
}

/** Sums of several workers, those together that have the same key. */
export function addByKey<Part extends WindowTotals>(
  parts: readonly Part[],
  keyOf: (part: Part) => string,
): readonly Part[] {
  const groups = new Map<string, Part[]>()
  for (const part of parts) {
    const key = keyOf(part)
    groups.set(key, [...(groups.get(key) ?? []), part])
  }
  return [...groups.values()].flatMap((group) =>
    group.slice(0, 1).map((first) => ({ ...first, ...addWindows(group) })),
  )
}

/** The figures of sums. */
export function statsOf({ coveredMs, totals }: WindowTotals): PerformanceStats {
  const { requests, errors, attempts, failedAttempts, outputTokens } = totals
  const { costMicroUsd, requestsOfUnknownCost } = totals
  return {
    totalRequests: requests,
    totalStreamingRequests: totals.streams,
    totalErrors: errors,
    errorRate: requests === 0 ? null : rounded(errors / requests),
    averageLatency: roundedOrNull(meanOf(totals.durationMs)),
    averageFirstTokenLatency: roundedOrNull(meanOf(totals.firstContentMs)),
    throughput: perSecond(requests, coveredMs),
    tokenThroughput: perSecond(outputTokens, coveredMs),
    latencyMs: percentilesOf(totals.durationMs),
    firstTokenMs: percentilesOf(totals.firstContentMs),
    answerMs: percentilesOf(totals.answerMs),
    gapMs: percentilesOf(totals.gapMs),
    queueWaitMs: percentilesOf(totals.queueWaitMs),
    overheadMs: percentilesOf(totals.overheadMs),
    tokensPerSecond: percentilesOf(totals.tokensPerSecond),
    attempts,
    failedAttempts,
    attemptErrorRate: attempts === 0 ? null : rounded(failedAttempts / attempts),
    retries: totals.retries,
    hedges: totals.hedges,
    failovers: totals.failovers,
    recoveries: totals.recoveries,
    inputTokens: totals.inputTokens,
    outputTokens,
    cachedInputTokens: totals.cachedInputTokens,
    costUsd: requests > 0 && requestsOfUnknownCost === requests ? null : costMicroUsd / 1_000_000,
    requestsOfUnknownCost,
    endReasons: totals.ends,
  }
}

/** The figures of streams. @param liveStreams under way now. */
export function streamingOf(
  { coveredMs, totals }: WindowTotals,
  liveStreams: number,
): StreamingStats {
  const { streams, stalls, events, bytesIn, bytesOut, heartbeats } = totals
  return {
    totalStreams: streams,
    liveStreams,
    firstTokenMs: percentilesOf(totals.firstContentMs),
    gapMs: percentilesOf(totals.gapMs),
    tokensPerSecond: percentilesOf(totals.tokensPerSecond),
    stalls,
    events,
    eventsPerSecond: perSecond(events, coveredMs),
    bytesIn,
    bytesOut,
    heartbeats,
    backpressureMs: rounded(totals.backpressureMs),
    recoveries: totals.recoveries,
    resumes: totals.resumes,
    endReasons: totals.ends,
  }
}

/** A distribution as its percentiles. */
export const percentilesOf = (spread: Spread): Percentiles => ({
  count: spread.count,
  average: roundedOrNull(meanOf(spread)),
  p50: roundedOrNull(quantileOf(spread, 0.5)),
  p90: roundedOrNull(quantileOf(spread, 0.9)),
  p95: roundedOrNull(quantileOf(spread, 0.95)),
  p99: roundedOrNull(quantileOf(spread, 0.99)),
  max: spread.count === 0 ? null : rounded(spread.max),
})

/** Providers with less than this part of the attempts were hardly tried. */
const SHARE_MIN = 0.01

/**
 * The provider that one waits for least: by the median time that its attempts took to the first
 * content, divided by the part of them that do not fail. Null where no provider was asked, or all
 * failed.
 */
export function topPerforming(providers: readonly ProviderTotals[]): string | null {
  const asked = providers.reduce((sum, { totals }) => sum + totals.attempts, 0)
  let best: string | null = null
  let bestMs = Number.POSITIVE_INFINITY
  for (const { provider, totals } of providers) {
    const { attempts, failedAttempts, answerMs } = totals
    const medianMs = quantileOf(answerMs, 0.5)
    if (medianMs === null || attempts < asked * SHARE_MIN || failedAttempts >= attempts) continue
    const expectedMs = medianMs / (1 - failedAttempts / attempts)
    if (expectedMs >= bestMs) continue
    best = provider
    bestMs = expectedMs
  }
  return best
}

/** What is told of a target of a route. */
export interface VariantStats extends PerformanceStats {
  readonly route: string | null
  readonly provider: string
  readonly model: string | null
  /** Its part of the requests of its route; null for a model that no route has. */
  readonly share: number | null
}

/** The targets of each route beside each other, and after them what was asked for by its name. */
export function variantsOf(variants: readonly VariantTotals[]): readonly VariantStats[] {
  const requestsOf = (route: string | null): number =>
    variants.reduce((sum, each) => (each.route === route ? sum + each.totals.requests : sum), 0)
  return variants
    .map(({ route, provider, model, ...window }) => ({
      route,
      provider,
      model,
      share: route === null ? null : rounded(window.totals.requests / requestsOf(route)),
      ...statsOf(window),
    }))
    .sort(
      (a, b) =>
        (a.route ?? LAST).localeCompare(b.route ?? LAST) || b.totalRequests - a.totalRequests,
    )
}

/** Behind every name. */
const LAST = '\uffff'

const perSecond = (count: number, coveredMs: number): number | null =>
  coveredMs <= 0 ? null : rounded((count * 1000) / coveredMs)

const rounded = (value: number): number => Math.round(value * 1000) / 1000

const roundedOrNull = (value: number | null): number | null =>
  value === null ? null : rounded(value)
