/** What is known of one attempt on one target; the request's record keeps a short line of each. */
import type { Price } from '../config/prices.ts'
import { nowMs } from '../core/clock.ts'
import type { ErrorCode } from '../core/errors.ts'
import { TokenCounts } from './token-counts.ts'
import { newSpanId, type TraceContext } from './trace/context.ts'

/** Why an attempt was made. */
export type AttemptKind = 'first' | 'socket' | 'retry' | 'failover' | 'hedge' | 'recovery'

/** How an attempt ended: with an answer, an error, or another one was faster. */
export type AttemptOutcome = 'answered' | 'outrun' | ErrorCode

/** The facts of one attempt. Times are monotonic milliseconds; 0 is "did not happen". */
export class AttemptFacts extends TokenCounts {
  readonly target: string
  readonly kind: AttemptKind
  /** Of the target's model; null where it is not known. */
  readonly price: Price | null
  readonly startedAtMs = nowMs()
  /** Of the request, for ids in the answer. */
  readonly requestId: string
  /** Wall time of the request in milliseconds, for `created` in the answer. */
  readonly requestedAt: number
  /** The trace of the request; null where none is kept. */
  readonly trace: TraceContext | null
  /** The attempt's own place in the trace; empty where there is none. */
  readonly spanId: string
  sentAtMs = 0
  headersAtMs = 0
  /** When the commit point was reached. */
  answeredAtMs = 0
  endedAtMs = 0
  /** When its answer was over, or broke. */
  leftAtMs = 0
  /** Why its answer broke, behind the commit point; null where it did not. */
  brokeWith: ErrorCode | null = null
  /** Time that was spent waiting for the provider. */
  waitMs = 0
  outcome: AttemptOutcome | null = null
  status: number | null = null

  constructor(
    target: string,
    kind: AttemptKind,
    request: {
      readonly id: string
      readonly startedAt: number
      readonly trace?: TraceContext | null
    },
    price: Price | null = null,
  ) {
    super()
    this.target = target
    this.kind = kind
    this.price = price
    this.requestId = request.id
    this.requestedAt = request.startedAt
    this.trace = request.trace ?? null
    this.spanId = this.trace === null ? '' : newSpanId()
  }

  /** Ends the attempt; the first call counts. */
  end(outcome: AttemptOutcome, status: number | null = null): void {
    if (this.outcome !== null) return
    this.outcome = outcome
    this.status = status
    this.endedAtMs = nowMs()
  }

  /** Its answer is over. */
  leave(failure: ErrorCode | null): void {
    this.leftAtMs = nowMs()
    this.brokeWith = failure
  }
}
