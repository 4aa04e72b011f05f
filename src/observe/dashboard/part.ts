/** What one worker tells of itself, for the frame that all of them make together. Survives JSON. */
import type { FinishedRequest } from '../finished.ts'
import type { LiveStream } from '../live.ts'
import type { Spread, Totals } from '../totals.ts'
import type { DashboardBreaker, DashboardGate, DashboardPoolTier } from './frame.ts'

/** Streams of one frame; there may be ten thousand, and nobody reads a list of them. */
export const STREAMS_MAX = 200

/** Errors of one frame. */
export const ERRORS_MAX = 50

/** One second of one worker, when it is over. */
export interface PartSecond {
  /** Wall time of its beginning in milliseconds, at a whole second. */
  readonly at: number
  readonly requests: number
  readonly errors: number
  readonly outputTokens: number
  readonly bytesOut: number
  readonly firstContentMs: Spread
  readonly gapMs: Spread
  /** What was under way at its end; null where nobody looked. */
  readonly gauges: Gauges | null
}

/** What was under way at one moment. */
export interface Gauges {
  readonly live: number
  readonly waiting: number
  /** Since the start of the worker. */
  readonly poolHits: number
  readonly poolAcquisitions: number
  readonly eventLoopLagMs: number
  readonly memoryBytes: number
}

/** The buffer pool of one worker. Counters run from its start. */
export interface PartPool {
  readonly enabled: boolean
  readonly overflow: number
  readonly overflowInUse: number
  readonly bytes: number
  readonly bytesMax: number
  readonly tiers: readonly DashboardPoolTier[]
}

/** One worker. */
export interface DashboardPart {
  readonly worker: number
  readonly load: 'normal' | 'strained' | 'shedding'
  /** The seconds that were asked for, in their order: its own, and of workers before it. */
  readonly seconds: readonly (readonly PartSecond[])[]
  /** Of the last five minutes. */
  readonly totals: Totals
  readonly providers: readonly {
    readonly name: string
    readonly live: number
    readonly totals: Totals
  }[]
  /** The oldest first. */
  readonly streams: readonly LiveStream[]
  readonly liveCount: number
  /** Requests that are under way by key. */
  readonly liveByKey: Readonly<Record<string, number>>
  readonly breakers: readonly DashboardBreaker[]
  readonly gates: readonly DashboardGate[]
  readonly pool: PartPool
  /** The newest first. */
  readonly errors: readonly FinishedRequest[]
}
