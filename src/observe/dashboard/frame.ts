/**
 * What the dashboard is told: one frame a second over its socket, with the sums of all workers of
 * the machine. Survives JSON; never content, never a secret.
 */
import type { FinishedRequest } from '../finished.ts'
import type { LiveStream } from '../live.ts'
import type { Totals } from '../totals.ts'

/** One point of the charts: what ended within a second, and what is under way at its end. */
export interface DashboardPoint {
  /** Wall time in milliseconds, at a whole second. */
  readonly at: number
  readonly requests: number
  readonly errors: number
  readonly outputTokens: number
  readonly bytesOut: number
  readonly live: number
  readonly waiting: number
  /** Of the last ten seconds; null where nothing was measured in them. */
  readonly firstContentP50Ms: number | null
  readonly firstContentP95Ms: number | null
  readonly firstContentP99Ms: number | null
  readonly gapP50Ms: number | null
  readonly gapP99Ms: number | null
  readonly poolHitRate: number | null
  readonly eventLoopLagMs: number
  readonly memoryBytes: number
}

/** One provider over the window that the page looks at. */
export interface DashboardProvider {
  readonly name: string
  readonly live: number
  readonly requests: number
  readonly errorRate: number
  readonly firstContentP50Ms: number | null
  readonly firstContentP95Ms: number | null
  readonly gapP99Ms: number | null
  readonly tokensPerSecond: number | null
  readonly costMicroUsd: number
}

/** One breaker, the worst state of all workers. */
export interface DashboardBreaker {
  readonly target: string
  readonly state: 'closed' | 'open' | 'half-open'
  readonly override: 'auto' | 'open' | 'closed'
  readonly consecutiveFailures: number
  readonly openForMs: number
}

/** What has a limit to how many it takes at once, summed over the workers. */
export interface DashboardGate {
  readonly name: string
  readonly inside: number
  readonly waiting: number
  readonly limit: number | null
}

/** One tier of the buffer pool, summed over the workers. */
export interface DashboardPoolTier {
  readonly sizeBytes: number
  readonly inUse: number
  readonly free: number
  readonly hits: number
  readonly misses: number
}

/** One key over the current day. */
export interface DashboardKey {
  readonly id: string
  readonly name: string
  readonly live: number
  readonly requests: number
  readonly outputTokens: number
  readonly costMicroUsd: number
  /** What it may spend a day in micro-dollars; null is no limit. */
  readonly dailyBudgetMicroUsd: number | null
}

/** One alert: of a rule, while it holds or just ended. */
export interface DashboardAlert {
  readonly rule: string
  readonly state: 'firing' | 'resolved'
  /** Wall time in milliseconds. */
  readonly since: number
  readonly value: number
  readonly limit: number
  /** One sentence for people. */
  readonly message: string
}

/** One frame. The first on a socket has the points of the last minutes, each later one the new. */
export interface DashboardFrame {
  readonly version: string
  /** Wall time in milliseconds. */
  readonly at: number
  readonly workers: number
  readonly load: 'normal' | 'strained' | 'shedding'
  readonly points: readonly DashboardPoint[]
  /** Of the last five minutes. */
  readonly totals: Totals
  readonly providers: readonly DashboardProvider[]
  /** The oldest first, at most 200; `liveCount` is how many there are. */
  readonly streams: readonly LiveStream[]
  readonly liveCount: number
  readonly breakers: readonly DashboardBreaker[]
  readonly gates: readonly DashboardGate[]
  readonly pool: {
    readonly enabled: boolean
    readonly hitRate: number
    readonly overflowInUse: number
    readonly bytes: number
    readonly bytesMax: number
    readonly tiers: readonly DashboardPoolTier[]
  }
  readonly keys: readonly DashboardKey[]
  /** Why there are no keys: they are told behind an ADMIN_TOKEN only, or nobody keeps count. */
  readonly keysHidden: 'no-admin-token' | 'no-ledger' | null
  /** The newest first, at most 50. */
  readonly errors: readonly FinishedRequest[]
  readonly alerts: readonly DashboardAlert[]
}
