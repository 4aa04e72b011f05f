/** What a worker is like at the moment of a scrape: counters and states that others keep. */
import type { BufferPoolMetrics } from '../../buffer/lease.ts'

/** One of them, as plain values. Names in it are bounded already; times are seconds. */
export interface WorkerState {
  readonly version: string
  readonly runtime: string
  readonly configurations: number
  readonly draining: boolean
  readonly live: { readonly requests: number; readonly streams: number }
  /** Attempts under way, by provider. */
  readonly inFlight: ReadonlyMap<string, number>
  readonly queue: { readonly waiting: number; readonly rejected: number }
  readonly gates: readonly {
    readonly name: string
    readonly inside: number
    readonly waiting: number
    readonly limit: number | null
  }[]
  readonly breakers: readonly {
    readonly target: string
    readonly state: 'closed' | 'half-open' | 'open'
  }[]
  readonly pool: BufferPoolMetrics
  readonly spoolFiles: number
  /** Streams that can be resumed, who reads them, and what is kept of them. */
  readonly resumable: { readonly streams: number; readonly readers: number; readonly bytes: number }
  readonly clocks: {
    readonly waiting: number
    readonly looks: number
    readonly lateSeconds: number
    readonly heldUp: number
  }
  readonly overload: {
    /** Place of the stage among all, 0 is `normal`. */
    readonly stage: number
    readonly pressures: Readonly<Record<'memory' | 'event-loop' | 'descriptors', number>>
    readonly lagSeconds: number
    readonly lagWorstSeconds: number
    readonly lateSeconds: number
    readonly shed: Readonly<Record<'low_priority' | 'pressure' | 'concurrency', number>>
    readonly evicted: number
  }
  readonly ledger: {
    readonly waiting: number
    readonly written: number
    readonly dropped: number
    readonly failures: number
    readonly isFailing: boolean
  } | null
  readonly logLinesLost: number
  /** Of what is sent to an OpenTelemetry collector; null where nothing is. */
  readonly spans: { readonly sent: number; readonly lost: number; readonly waiting: number } | null
  readonly store: {
    readonly name: string
    readonly isReady: boolean
    readonly operations: number
    readonly failures: number
    readonly timeouts: number
    readonly reconnects: number
    readonly decidedLocally: number
    readonly undecided: number
    readonly lostSettlements: number
    readonly lostNews: number
  }
  readonly process: {
    readonly cpuUserSeconds: number
    readonly cpuSystemSeconds: number
    readonly residentBytes: number
    readonly descriptorsOpen: number | null
    readonly descriptorsMax: number | null
    /** Unix time. */
    readonly startedAtSeconds: number
  }
}

/** A value with the values of the labels of its family, in their order. */
export type Sample = readonly [labels: readonly string[], value: number]
