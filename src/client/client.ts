/**
 * The entry of `sluice/client`: a reader of streamed answers for browsers, Bun and Node.
 *
 * ```ts
 * const stream = streamAnswer({ url: '/v1/chat/completions', body: { model, messages } })
 * for await (const event of stream) if (event.type === 'content') show(event.text)
 * ```
 */
export type { Answer, ToolCall } from './answer.ts'
export type { Fetch } from './connection.ts'
export type { DialectName } from './dialects/dialect.ts'
export { type ReaderErrorCode, StreamError } from './error.ts'
export type { FinishReason, StreamEvent, Usage } from './events.ts'
export { followStream, type StreamState } from './follow.ts'
export type { StreamMetrics } from './metrics.ts'
export type { StreamOrigin, StreamRequest } from './request.ts'
export { AnswerStream, streamAnswer } from './stream.ts'
