/** What the routes about performance and streams answer. */
import type { OverloadView } from '../admission/overload.ts'
import type { DashboardBreaker, DashboardGate } from '../observe/dashboard/frame.ts'
import type { FinishedRequest } from '../observe/finished.ts'
import type { LivePhase, LiveStream } from '../observe/live.ts'
import type { LiveDetail } from '../observe/live-stream.ts'
import type { PerformanceStats, StreamingStats, VariantStats } from '../observe/performance.ts'
import type { StoreView } from '../store/store.ts'

/** What can be asked about. */
export const performanceMetrics = ['summary', 'provider', 'health', 'streaming', 'variant'] as const

/** One of them. */
export type PerformanceMetric = (typeof performanceMetrics)[number]

/** A question about the requests that ended lately. */
export interface PerformanceQuery {
  readonly metric: PerformanceMetric
  /** Null is all of them. */
  readonly provider: string | null
  readonly windowMs: number
}

/** What one worker says of its health. */
export interface WorkerHealth {
  readonly worker: number
  readonly load: 'normal' | 'strained' | 'shedding'
  readonly pressure: number
  readonly cause: OverloadView['cause']
  readonly liveRequests: number
  readonly memoryBytes: number
  readonly eventLoopLagMs: number
  /** What limits are counted in. */
  readonly store: { readonly name: StoreView['name']; readonly state: StoreView['state'] }
}

/** How all is doing. */
export interface HealthStats {
  /**
   * `failing`: new requests are refused, or half of them fail. `degraded`: a breaker is not closed,
   * a worker has much to do, the shared store is away, or one request in twenty fails.
   */
  readonly status: 'healthy' | 'degraded' | 'failing'
  readonly totalRequests: number
  readonly totalErrors: number
  readonly errorRate: number | null
  readonly endReasons: PerformanceStats['endReasons']
  /** One for each target, in the worst state of all workers. */
  readonly breakers: readonly DashboardBreaker[]
  /** What has a limit to how many requests it has at once, summed over the workers. */
  readonly limits: readonly DashboardGate[]
  readonly workers: readonly WorkerHealth[]
  /** The newest first. */
  readonly recentErrors: readonly FinishedRequest[]
}

/** What every answer says of itself. */
export interface PerformanceSpan {
  readonly metric: PerformanceMetric
  readonly windowMs: number
  /** How much of the window is covered: a young program has less to tell. */
  readonly coveredMs: number
  /** How many workers have answered. */
  readonly workers: number
}

/** The answer; which of the parts is there is said by the metric. */
export interface PerformanceAnswer extends PerformanceSpan {
  readonly performance?: PerformanceStats & {
    readonly topPerformingProvider: string | null
    readonly liveRequests: number
  }
  /** Of the provider that was asked about. */
  readonly stats?: PerformanceStats & { readonly provider: string }
  /** Of all, where none was named. */
  readonly providers?: readonly (PerformanceStats & { readonly provider: string })[]
  readonly health?: HealthStats
  readonly streaming?: StreamingStats
  readonly variants?: readonly VariantStats[]
}

/** Which of the requests that are under way are listed. */
export interface StreamsQuery {
  readonly limit: number
  readonly provider: string | null
  readonly phase: LivePhase | null
}

/** Requests that are under way. */
export interface StreamsAnswer {
  /** The oldest first. */
  readonly streams: readonly LiveStream[]
  /** How many there are, of which those above are the first. */
  readonly total: number
  readonly workers: number
}

/** One request: under way, or what is kept of it. */
export type StreamAnswer =
  | { readonly state: 'live'; readonly stream: LiveDetail }
  | { readonly state: 'ended'; readonly stream: FinishedRequest }

/** What the routes ask the workers of the machine, all of them together. */
export interface Observation {
  /** @throws GatewayError `provider_not_found`. */
  performance(query: PerformanceQuery): Promise<PerformanceAnswer>
  streams(query: StreamsQuery): Promise<StreamsAnswer>
  /** @throws GatewayError `stream_not_found`. */
  stream(id: string): Promise<StreamAnswer>
  /** Ends one with an error that its client is told. @throws GatewayError `stream_not_found`. */
  endStream(id: string): Promise<void>
}
