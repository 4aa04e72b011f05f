/** What happened in a span of time: sums and distributions that survive JSON and add up. */
import type { EndReason } from './exchange.ts'

/**
 * A distribution over buckets of a fixed scale (`histogram.ts`), those alone that are not empty, so
 * that workers can send it and it can be added to others.
 */
export interface Spread {
  readonly count: number
  readonly sum: number
  readonly max: number
  /** Index of the bucket, and how many are in it; ordered by the index. */
  readonly buckets: readonly (readonly [index: number, count: number])[]
}

/** The sums of one span of time, of all requests that ended in it. */
export interface Totals {
  readonly requests: number
  readonly streams: number
  /** Those that ended with an error that is not the caller's and not its departure. */
  readonly errors: number
  readonly ends: Readonly<Partial<Record<EndReason, number>>>
  readonly attempts: number
  /** Attempts that failed, also where another one then answered the request. */
  readonly failedAttempts: number
  readonly retries: number
  readonly hedges: number
  readonly failovers: number
  readonly recoveries: number
  readonly resumes: number
  readonly events: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly heartbeats: number
  readonly stalls: number
  readonly backpressureMs: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedInputTokens: number
  /** Of the requests whose cost is known. */
  readonly costMicroUsd: number
  readonly requestsOfUnknownCost: number
  readonly durationMs: Spread
  readonly firstContentMs: Spread
  /** From the beginning of an attempt to the first content of its answer. */
  readonly answerMs: Spread
  readonly gapMs: Spread
  readonly queueWaitMs: Spread
  readonly overheadMs: Spread
  /** Output tokens a second of the streams that told how many they had. */
  readonly tokensPerSecond: Spread
}
