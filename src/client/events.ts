/** What a stream says, in words that are the same for all dialects. */
import type { StreamError } from './error.ts'

/** Why an answer ended. A new word of a provider counts as `stop`. */
export type FinishReason =
  | 'stop'
  | 'stop-sequence'
  | 'length'
  | 'tool-calls'
  | 'content-filter'
  | 'pause'

/** Token counts as the provider reported them; null is "not told". */
export interface Usage {
  /** With what came from a cache. */
  readonly inputTokens: number | null
  /** With what was spent on reasoning. */
  readonly outputTokens: number | null
  readonly cachedInputTokens: number | null
  readonly reasoningTokens: number | null
}

/** One event. Of several answers to one request (`n`), only the first is read. */
export type StreamEvent =
  /** The answer began, under these names. After a retry it begins again. */
  | { readonly type: 'start'; readonly id: string | null; readonly model: string | null }
  | { readonly type: 'content'; readonly text: string; readonly isRefusal: boolean }
  | { readonly type: 'reasoning'; readonly text: string }
  /** `index` is the place in `Answer.toolCalls`; `id` and `name` come with the first of a call. */
  | {
      readonly type: 'tool-call'
      readonly index: number
      readonly id: string | null
      readonly name: string | null
      /** A piece of the arguments, which are JSON when all pieces are there. */
      readonly arguments: string
    }
  | { readonly type: 'usage'; readonly usage: Usage }
  /** `native` is the provider's own word; null where it gave none. */
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly native: string | null }
  /** The request is sent again after `delayMs`; nothing had been said. */
  | {
      readonly type: 'retry'
      readonly attempt: number
      readonly delayMs: number
      readonly error: StreamError
    }
  /** The connection broke; after `delayMs` the answer goes on where it was. */
  | {
      readonly type: 'resume'
      readonly attempt: number
      readonly delayMs: number
      readonly error: StreamError
    }

/** Whether an event is part of what was asked for. */
export function isContent({ type }: StreamEvent): boolean {
  return type === 'content' || type === 'reasoning' || type === 'tool-call'
}
