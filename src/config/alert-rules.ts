/** The shape of alert rules: what is measured, when that is too much, and who is told. */

/** Of what a rule may be: of one provider, one route, one key of a client. */
export type AlertScope = 'provider' | 'route' | 'key'

/** One measure, in words and with what it may be narrowed to. */
export interface AlertMetricTraits {
  /** What it says, to be read before "is above". */
  readonly phrase: string
  readonly unit: 'share' | 'ms' | 'count' | 'usd'
  readonly scopes: readonly AlertScope[]
  /** Whether it is of the requests that ended in the window, so that few of them say little. */
  readonly isOfRequests: boolean
  /** Whether it is so at this moment, whatever the window is. */
  readonly isMomentary: boolean
}

const every: readonly AlertScope[] = ['provider', 'route', 'key']

const ofRequests = { isOfRequests: true, isMomentary: false } as const
const aSum = { isOfRequests: false, isMomentary: false } as const
const momentary = { isOfRequests: false, isMomentary: true } as const

/** What rules can measure. */
export const alertMetrics = {
  errorRate: { phrase: 'the share of failures', unit: 'share', scopes: every, ...ofRequests },
  firstTokenP95Ms: {
    phrase: 'the time to the first token (p95)',
    ...{ unit: 'ms', scopes: every, ...ofRequests },
  },
  gapP99Ms: {
    phrase: 'the gap between tokens (p99)',
    ...{ unit: 'ms', scopes: every, ...ofRequests },
  },
  queueWaitP95Ms: {
    phrase: 'the wait for a turn (p95)',
    ...{ unit: 'ms', scopes: every, ...ofRequests },
  },
  spendUsd: { phrase: 'the spend', unit: 'usd', scopes: every, ...aSum },
  breakerOpen: {
    phrase: 'the number of open breakers',
    ...{ unit: 'count', scopes: ['provider'], ...momentary },
  },
  queueWaiting: {
    phrase: 'the number of requests that wait',
    ...{ unit: 'count', scopes: ['provider'], ...momentary },
  },
  poolOverflow: {
    phrase: 'the number of buffers beside the pool',
    ...{ unit: 'count', scopes: [], ...aSum },
  },
} as const satisfies Record<string, AlertMetricTraits>

/** One of them. */
export type AlertMetric = keyof typeof alertMetrics

/** Their names. */
export const alertMetricNames = Object.keys(alertMetrics) as [AlertMetric, ...AlertMetric[]]

/** One rule. */
export interface AlertRule {
  readonly name: string
  readonly metric: AlertMetric
  /** It holds while the measure is larger. */
  readonly above: number
  /** Over how much of the past is measured. */
  readonly windowSeconds: number
  /** How long it must hold before it fires, and not hold before it is resolved. */
  readonly forSeconds: number
  /** With fewer requests in the window there is no measure. */
  readonly minimumRequests: number
  readonly provider: string | null
  readonly route: string | null
  /** The name of a key of the configuration, or the id of any. */
  readonly key: string | null
  /** A firing is told at most once in so long, and again while it lasts; 0 tells each once. */
  readonly silenceSeconds: number
}

/** Who is told of alerts. */
export interface AlertWebhook {
  readonly url: string
  readonly secret: string
}

/** Everything about alerts. */
export interface AlertSettings {
  /** How often the rules are looked at. */
  readonly everySeconds: number
  readonly webhook: AlertWebhook | null
  readonly rules: readonly AlertRule[]
}

/** Where there are no rules. */
export const noAlerts: AlertSettings = Object.freeze({ everySeconds: 5, webhook: null, rules: [] })
