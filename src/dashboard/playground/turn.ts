/** One question of a conversation and what came of it, and the request that asks it. */
import type { StreamRequest } from '../../client/request.ts'
import type { Streaming } from '../../client/streaming.ts'
import { isObject, type JsonObject } from '../../core/json.ts'

/** What of a stream is shown of an answer; the newest one is the stream itself. */
export type ShownAnswer = Pick<
  Streaming,
  'isStreaming' | 'content' | 'reasoning' | 'toolCalls' | 'error' | 'metadata'
>

/** A question, and its answer as far as it came. */
export interface Turn {
  readonly id: number
  readonly question: string
  /** The model as it was asked for. */
  readonly model: string
  readonly answer: ShownAnswer
}

/** What a conversation is held with. */
export interface Settings {
  readonly model: string
  readonly system: string
  /** Kept in the memory of the page, and nowhere else. */
  readonly apiKey: string
  /** More of the request, as JSON: `temperature`, `tools`; empty for nothing. */
  readonly parameters: string
  /** Whether the server is asked to keep the stream for a client that comes back. */
  readonly resume: boolean
}

/** What the field of further parameters holds; null where that is no JSON object. */
export function parametersIn(text: string): JsonObject | null {
  if (text.trim() === '') return {}
  try {
    const parsed: unknown = JSON.parse(text)
    return isObject(parsed) ? parsed : null
  } catch {
    return null
  }
}

/** The request that asks `question` after what was said before. */
export function requestFor(
  { model, system, apiKey, parameters, resume }: Settings,
  turns: readonly Turn[],
  question: string,
): StreamRequest {
  const messages = [
    ...(system.trim() === '' ? [] : [{ role: 'system', content: system }]),
    // What was stopped or failed is part of the conversation as far as it came.
    ...turns.flatMap(({ question: asked, answer: { content } }) => [
      { role: 'user', content: asked },
      ...(content === '' ? [] : [{ role: 'assistant', content }]),
    ]),
    { role: 'user', content: question },
  ]
  const more = parametersIn(parameters) ?? {}
  const body = { stream_options: { include_usage: true }, ...more, model, messages }
  return { url: '/v1/chat/completions', body, resume, ...(apiKey !== '' && { apiKey }) }
}

/** How an answer ended, in a word; null while it goes on, and where it ended well. */
export function endingOf(answer: ShownAnswer): string | null {
  const { isStreaming, error, metadata } = answer
  if (isStreaming) return null
  if (error !== null) return 'failed'
  if (metadata.finishReason === null) return 'stopped'
  return metadata.finishReason === 'stop' ? null : metadata.finishReason
}

/** What there is to announce of an answer: when it begins and ends, and not each word of it. */
export function announcementOf(answer: ShownAnswer | null): string {
  if (answer === null) return ''
  const { isStreaming, content, reasoning, error, metadata } = answer
  if (metadata.isReconnecting) return 'It broke. Trying again.'
  if (isStreaming) {
    const hasBegun = content !== '' || reasoning !== '' || answer.toolCalls.length > 0
    return hasBegun ? 'The answer is coming.' : 'Waiting for the answer.'
  }
  if (error !== null) return ''
  const said = content.length > 1_000 ? `${content.slice(0, 1_000)} …` : content
  return `${metadata.finishReason === null ? 'Stopped.' : 'The answer:'} ${said}`
}
