/** What the hook gives to a component. */
import type { ToolCall } from './answer.ts'
import type { StreamError } from './error.ts'
import type { FinishReason, Usage } from './events.ts'
import type { StreamMetrics } from './metrics.ts'
import type { StreamRequest } from './request.ts'

/** What is known of an answer besides what it says. Null is "not told", or not yet. */
export interface StreamingMetadata {
  readonly id: string | null
  readonly model: string | null
  /** Of a sluice. */
  readonly provider: string | null
  readonly requestId: string | null
  readonly usage: Usage | null
  readonly finishReason: FinishReason | null
  readonly isRefusal: boolean
  /** Null before the first stream. */
  readonly metrics: StreamMetrics | null
  /** Whether the answer goes on after a broken connection. */
  readonly resumable: boolean
  readonly isReconnecting: boolean
}

/** What the hook gives. */
export interface Streaming {
  readonly isStreaming: boolean
  readonly content: string
  readonly reasoning: string
  readonly toolCalls: readonly ToolCall[]
  /** Why the stream failed; what had been said stays. */
  readonly error: StreamError | null
  readonly metadata: StreamingMetadata
  /**
   * Asks. A stream that is under way is stopped first. What fails is in `error`.
   * @returns the whole answer, or null where it was stopped, or failed, or another one was started.
   *   Rejects with a TypeError for what is no request: an unknown dialect, a body that is not JSON.
   */
  readonly start: (request: StreamRequest) => Promise<FinishedAnswer | null>
  /** Ends the stream, and with it what the provider does; what was said stays. */
  readonly stop: () => void
  /** Cuts the connection, to go on over another one; a stream that cannot go on fails. */
  readonly reconnect: () => void
}

/** An answer that came to its end. */
export interface FinishedAnswer {
  readonly content: string
  readonly reasoning: string
  readonly toolCalls: readonly ToolCall[]
  readonly metadata: StreamingMetadata
}
