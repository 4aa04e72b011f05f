/**
 * What is known of one request: one flat record that the stages fill, numbers and short strings
 * only, every field set at the start so that the object keeps one shape. Never content.
 */
import type { EndpointName } from '../config/config.ts'
import { nowMs } from '../core/clock.ts'
import { requestId } from '../core/ids.ts'

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
export class Exchange {
  readonly id = requestId()
  readonly startedAtMs = nowMs()
  readonly startedAt = Date.now()
  readonly endpoint: EndpointName
  readonly method: string
  path = ''
  model: string | null = null
  provider: string | null = null
  upstreamModel: string | null = null
  streaming = false
  attempts = 0
  status = 0
  endReason: EndReason | null = null
  errorCode: string | null = null
  endedAtMs = 0

  requestBytes = 0
  upstreamSentAtMs = 0
  headersAtMs = 0
  firstEventAtMs = 0
  firstContentAtMs = 0
  /** When the response was handed to the server. */
  openedAtMs = 0
  /** Time that the request waited for the provider before it opened. */
  upstreamWaitMs = 0

  bytesIn = 0
  bytesOut = 0
  events = 0
  droppedEvents = 0
  oversizeEvents = 0
  gapMaxMs = 0
  heartbeats = 0
  backpressureEvents = 0
  backpressureMs = 0

  inputTokens: number | null = null
  outputTokens: number | null = null
  cachedInputTokens: number | null = null
  reasoningTokens: number | null = null
  finishReason: string | null = null

  constructor(endpoint: EndpointName, method: string) {
    this.endpoint = endpoint
    this.method = method
  }
}
