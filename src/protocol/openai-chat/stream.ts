/** The stream of chat completions, as OpenAI and everyone compatible with it sends it. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { ChunkWatch } from '../openai/chunk-watch.ts'
import type { StreamWatch } from '../protocol.ts'

/** A fresh watch for one stream. */
export function watchChat(): StreamWatch {
  return new ChunkWatch(choiceSpeaks)
}

/**
 * Whether a choice holds something beyond a role. `message`, which some providers send beside
 * `delta`, repeats everything so far and is not read.
 */
export function choiceSpeaks(choice: JsonObject): boolean {
  const delta = choice.delta
  if (!isObject(delta)) return false
  // Nearly every chunk of nearly every stream ends here.
  if (isFilled(delta.content)) return true
  return (
    isFilled(delta.tool_calls) ||
    isFilled(delta.reasoning_content) ||
    isFilled(delta.reasoning) ||
    isFilled(delta.reasoning_details) ||
    isFilled(delta.refusal) ||
    isFilled(delta.function_call) ||
    isFilled(delta.audio) ||
    isFilled(delta.annotations) ||
    isFilled(delta.images) ||
    isFilled(delta.executed_tools)
  )
}

/** Text or a list that is not empty, or an object. */
function isFilled(value: unknown): boolean {
  if (typeof value === 'string' || Array.isArray(value)) return value.length > 0
  return isObject(value)
}
