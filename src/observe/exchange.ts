/**
 * What is known of one request: one flat record that the stages fill, numbers and short strings
 * only, every field set at the start so that the object keeps one shape. Never content.
 */
import type { EndpointName } from '../config/config.ts'
import { costOf, type Price } from '../config/prices.ts'
import { nowMs } from '../core/clock.ts'
import type { ErrorCode, GatewayError } from '../core/errors.ts'
import { requestId } from '../core/ids.ts'
import type { AttemptFacts } from './attempt-facts.ts'
import { Gaps } from './gaps.ts'
import { TokenCounts } from './token-counts.ts'
import type { TraceContext } from './trace/context.ts'

/** How a request ended. */
export type EndReason =
  | 'completed'
  | 'rejected'
  | 'client_gone'
  | 'client_stalled'
  | 'upstream_reset'
  | 'upstream_truncated'
  | 'headers_timeout'
  | 'first_token_timeout'
  | 'idle_timeout'
  | 'total_timeout'
  | 'upstream_error'
  | 'protocol_error'
  | 'evicted'
  | 'shutdown'

/** The facts of one request. Times are monotonic milliseconds; 0 is "did not happen". */
export class Exchange extends TokenCounts {
  readonly id = requestId()
  readonly startedAtMs = nowMs()
  readonly startedAt = Date.now()
  readonly endpoint: EndpointName
  readonly method: string
  path = ''
  /** Its place in a trace; null where none is kept. */
  trace: TraceContext | null = null
  model: string | null = null
  provider: string | null = null
  upstreamModel: string | null = null
  /** The route that the model's name is, or null. */
  route: string | null = null
  streaming = false
  attempts = 0
  /** Each attempt in the order of their beginnings. */
  readonly attemptLog: AttemptFacts[] = []
  /** What was done about a failure in the middle of the answer; null where there was none. */
  recovery: 'prefill' | 'restart' | 'failed' | null = null
  /** After how many characters another answer differed from what the client had; else null. */
  divergedAt: number | null = null
  status = 0
  endReason: EndReason | null = null
  errorCode: ErrorCode | null = null
  /** The system's own code of what lies behind an error, or the class of an unexpected one. */
  errorCause: string | null = null
  endedAtMs = 0

  /** When it was let in. */
  admittedAtMs = 0
  /** When its body had been read as far as is needed. */
  readAtMs = 0
  /** When the limits of its key and model let it on. */
  enteredAtMs = 0
  /** When it first had to wait for its turn at a provider. */
  queuedAtMs = 0
  requestBytes = 0
  /** Memory that the request holds at this moment, as far as it is known. */
  heldBytes = 0
  upstreamSentAtMs = 0
  headersAtMs = 0
  firstEventAtMs = 0
  /** When the first event with content was written to the client. */
  firstContentAtMs = 0
  /** When the response was handed to the server. */
  openedAtMs = 0
  /** Time that it waited for its turn. */
  queueWaitMs = 0
  /** About how many are served before it and it, while it waits for its turn. */
  queuePosition: (() => number) | null = null
  /** Time that the request's body was waited for. */
  uploadWaitMs = 0
  /** Time that the request waited for the provider before it opened. */
  upstreamWaitMs = 0

  bytesIn = 0
  bytesOut = 0
  events = 0
  droppedEvents = 0
  oversizeEvents = 0
  /** Between the events with content, as the client got them. */
  readonly gaps = new Gaps()
  heartbeats = 0
  backpressureEvents = 0
  backpressureMs = 0
  /** Since when the client takes nothing; 0 while it reads. */
  blockedSinceMs = 0
  /** When the client was found to have left. */
  clientGoneAtMs = 0
  /** How often a client came back to the stream where it had lost it. */
  resumes = 0

  finishReason: string | null = null
  /** The model that the provider says it was; known of requests whose spans are kept. */
  responseModel: string | null = null

  /** The public id of the key that the request came with; null where none was needed. */
  keyId: string | null = null
  /** Of the target that answered, or was asked last; null where it is not known. */
  price: Price | null = null
  /**
   * What the answer cost in micro-dollars, as far as its provider reported it; null where that is
   * not known. Set by `settleCost`.
   */
  costMicroUsd: number | null = null
  /** What is known of the cost of attempts whose answer nobody got; null where nothing is. */
  otherCostMicroUsd: number | null = null

  constructor(endpoint: EndpointName, method: string) {
    super()
    this.endpoint = endpoint
    this.method = method
  }

  /**
   * What sluice itself took until the response opened: neither waiting for the client's body, nor
   * for a turn, nor for a provider. Of a request that never opened, until its end.
   */
  get overheadMs(): number {
    const openedAtMs = this.openedAtMs === 0 ? this.endedAtMs : this.openedAtMs
    const sent = this.attemptLog.find(({ sentAtMs }) => sentAtMs > 0)
    // A response that heartbeats keep open is there before the provider has answered.
    const waitMaxMs = sent === undefined ? 0 : openedAtMs - sent.sentAtMs
    const upstreamMs = Math.min(this.upstreamWaitMs, waitMaxMs)
    const waitedMs = this.uploadWaitMs + this.queueWaitMs + upstreamMs
    return Math.max(0, openedAtMs - this.startedAtMs - waitedMs)
  }

  /** The client has left; the first call counts. */
  clientLeft(): void {
    if (this.clientGoneAtMs === 0) this.clientGoneAtMs = nowMs()
  }

  /** What was seen of the content has been written to the client. */
  contentSent(nowMs: number): void {
    if (!this.gaps.isWaiting) return
    if (this.firstContentAtMs === 0) this.firstContentAtMs = nowMs
    this.gaps.sent(nowMs)
  }

  /** Takes over what is known of the attempt whose answer goes to the client. */
  useAttempt(facts: AttemptFacts): void {
    this.useTimes(facts)
    if (facts.hasUsage) this.useUsage(facts)
  }

  /** Takes over when an attempt was made; what a failed one used is not what the answer used. */
  useTimes({ sentAtMs, headersAtMs }: AttemptFacts): void {
    this.upstreamSentAtMs = sentAtMs
    this.headersAtMs = headersAtMs
  }

  /** Works out the costs from the usage so far. What nobody was asked for is known to be free. */
  settleCost(): void {
    this.costMicroUsd = this.attempts === 0 ? 0 : costOf(this, this.price)
    const answered = this.attemptLog.findLast(({ outcome }) => outcome === 'answered')
    this.otherCostMicroUsd = null
    for (const facts of this.attemptLog) {
      const cost = facts === answered || !facts.hasUsage ? null : costOf(facts, facts.price)
      if (cost !== null) this.otherCostMicroUsd = (this.otherCostMicroUsd ?? 0) + cost
    }
  }

  /** Takes down an error. Of its cause only the code: a message may hold an address or a key. */
  useError(error: GatewayError): void {
    this.errorCode = error.code
    const { cause } = error.detail
    if (cause instanceof Error) {
      this.errorCause = 'code' in cause ? String(cause.code) : cause.name
    }
  }
}
