/** Token counts under the names of the OpenAI family, old and new. */
import { type JsonObject, numberAt, objectAt } from '../../core/json.ts'
import type { Usage } from '../events.ts'

/** The counts of one `usage` object; null where it has none. */
export function readUsage(said: JsonObject): Usage | null {
  const inputTokens = numberAt(said, 'prompt_tokens') ?? numberAt(said, 'input_tokens')
  const outputTokens = numberAt(said, 'completion_tokens') ?? numberAt(said, 'output_tokens')
  if (inputTokens === null && outputTokens === null) return null
  const input = objectAt(said, 'prompt_tokens_details') ?? objectAt(said, 'input_tokens_details')
  const output =
    objectAt(said, 'completion_tokens_details') ?? objectAt(said, 'output_tokens_details')
  const reasoningTokens =
    numberAt(output ?? {}, 'reasoning_tokens') ?? numberAt(said, 'reasoning_tokens')
  return {
    inputTokens,
    outputTokens: withReasoning(said, inputTokens, outputTokens, reasoningTokens),
    cachedInputTokens:
      numberAt(input ?? {}, 'cached_tokens') ??
      numberAt(said, 'prompt_cache_hit_tokens') ??
      numberAt(said, 'cached_tokens'),
    reasoningTokens,
  }
}

/** xAI counts reasoning beside the output, everyone else inside it; the total tells them apart. */
function withReasoning(
  said: JsonObject,
  input: number | null,
  output: number | null,
  reasoning: number | null,
): number | null {
  if (!reasoning || input === null || output === null) return output
  const isApart = numberAt(said, 'total_tokens') === input + output + reasoning
  return isApart ? output + reasoning : output
}
