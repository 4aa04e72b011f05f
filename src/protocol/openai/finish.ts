/** Reasons of the end, in the words of the OpenAI family and of those who imitate it. */
import { GatewayError } from '../../core/errors.ts'
import { isObject } from '../../core/json.ts'
import type { FinishReason } from '../hub/events.ts'
import { readEventError } from './error.ts'

/** OpenAI's own words, and the native ones that gateways forget to translate (reference, 12.1). */
const reasons: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['eos', 'stop'],
  ['eos_token', 'stop'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop-sequence'],
  ['length', 'length'],
  ['model_length', 'length'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_calls', 'tool-calls'],
  ['function_call', 'tool-calls'],
  ['tool_use', 'tool-calls'],
  ['content_filter', 'content-filter'],
  ['refusal', 'content-filter'],
  ['safety', 'content-filter'],
  ['pause_turn', 'pause'],
])

/** Words that say that the provider failed, with what they would have been as a status. */
const failures: ReadonlyMap<string, readonly [number, string]> = new Map([
  ['error', [502, 'The provider reported an error in the middle of its answer.']],
  ['abort', [502, 'The provider gave up its answer.']],
  ['insufficient_system_resource', [503, 'The provider ran out of resources.']],
])

/** Whether a finish reason says that the answer failed rather than ended. */
export function isFailedFinish(word: string): boolean {
  return failures.has(word)
}

/**
 * The failure behind such a finish reason.
 * @param said the `error` that some put beside it, which then tells more.
 */
export function failedFinish(word: string, said: unknown): GatewayError {
  if (isObject(said)) return readEventError({ error: said })
  const [status, message] = failures.get(word) ?? [502, undefined]
  return new GatewayError('upstream_error', {
    status,
    providerCode: word,
    providerType: 'server_error',
    ...(message !== undefined && { message }),
  })
}

/** The reason behind a word; what nobody knows is a plain stop. */
export function readFinish(word: string): FinishReason {
  return reasons.get(word) ?? reasons.get(word.toLowerCase()) ?? 'stop'
}

/** The word for a reason. */
export function writeFinish(reason: FinishReason): string {
  switch (reason) {
    case 'length':
      return 'length'
    case 'tool-calls':
      return 'tool_calls'
    case 'content-filter':
      return 'content_filter'
    case 'stop':
    case 'stop-sequence':
    case 'pause':
      return 'stop'
  }
}
