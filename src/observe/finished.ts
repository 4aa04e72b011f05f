/** What is kept of a request that has ended: numbers and short strings, never content. */
import type { EndpointName } from '../config/config.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { AttemptKind, AttemptOutcome } from './attempt-facts.ts'
import type { EndReason } from './exchange.ts'

/** One attempt of a request that has ended. Times in milliseconds since the request began. */
export interface FinishedAttempt {
  /** `provider/model`. */
  readonly target: string
  readonly kind: AttemptKind
  readonly outcome: AttemptOutcome | null
  readonly status: number | null
  readonly startedMs: number
  readonly headersMs: number | null
  /** When the commit point was reached. */
  readonly answeredMs: number | null
  readonly endedMs: number | null
}

/**
 * A request that has ended. Times in milliseconds since it began; null is "did not happen" or "not
 * known". Survives JSON as it is.
 */
export interface FinishedRequest {
  readonly id: string
  /** Wall time of its beginning, in milliseconds. */
  readonly at: number
  readonly endpoint: EndpointName
  readonly provider: string | null
  /** The model that was asked in the end; of the operator's configuration or the provider. */
  readonly model: string | null
  readonly route: string | null
  readonly keyId: string | null
  readonly streaming: boolean
  readonly status: number
  readonly endReason: EndReason | null
  readonly errorCode: ErrorCode | null
  readonly errorCause: string | null
  readonly attempts: readonly FinishedAttempt[]
  readonly recovery: 'prefill' | 'restart' | 'failed' | null
  readonly queueWaitMs: number
  readonly headersMs: number | null
  readonly firstEventMs: number | null
  readonly firstContentMs: number | null
  readonly durationMs: number
  /** When the client was found to have left. */
  readonly clientGoneMs: number | null
  /** What sluice itself took before the response opened. */
  readonly overheadMs: number
  /** Between events with content; null where there were fewer than two. */
  readonly gapP50Ms: number | null
  readonly gapP99Ms: number | null
  readonly gapMaxMs: number | null
  /** Gaps of a second and more. */
  readonly stalls: number
  /** Output tokens by the time between first content and end; null where either is not known. */
  readonly tokensPerSecond: number | null
  readonly events: number
  /** Of the provider that were no events of its protocol, and did not pass. */
  readonly droppedEvents: number
  readonly requestBytes: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly heartbeats: number
  readonly backpressureEvents: number
  readonly backpressureMs: number
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly cachedInputTokens: number | null
  readonly reasoningTokens: number | null
  readonly costMicroUsd: number | null
  /** What is known of the cost of attempts whose answer nobody got; null where nothing is. */
  readonly otherCostMicroUsd: number | null
  readonly finishReason: string | null
  /** How often a client came back to the stream where it had lost it. */
  readonly resumes: number
}
