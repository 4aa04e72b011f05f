/** What the three text endpoints share: a script is said in a dialect, in pieces or whole. */
import type { Script } from './script.ts'

/** One answer being said in one dialect. Its methods are called in the order of the stream. */
export interface Voice {
  /** The events before the first token. */
  open(): string
  /** The event, or events, of one token. */
  token(text: string): string
  /** The events of a good end, but for the end marker. */
  finish(): string
  /** The end marker, or empty where the dialect has none. */
  end(): string
  /** The provider's own error event, in the middle of the stream. */
  failure(): string
  /** The whole answer as a JSON body, in place of all of the above. */
  whole(text: string): string
}

/** What the in-band errors of the demo provider say. */
export const failureMessage = 'The demo provider was asked to fail here.'

/** The token counts in the form of chat and completions. */
export function usageOf(script: Script): object {
  return {
    prompt_tokens: script.promptTokens,
    completion_tokens: script.outputTokens,
    total_tokens: script.promptTokens + script.outputTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

/** An event that is its data alone, as in chat and completions. */
export function dataEvent(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

/** The in-band error of chat and completions. */
export function failureEvent(): string {
  return dataEvent({
    error: { message: failureMessage, type: 'server_error', param: null, code: 'demo_failure' },
  })
}
