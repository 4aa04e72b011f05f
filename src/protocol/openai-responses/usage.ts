/** Token counts of the Responses API, in the hub's sense and back. */
import { type JsonObject, numberAt, objectAt } from '../../core/json.ts'
import type { HubUsage } from '../hub/events.ts'
import { readUsage } from '../openai/usage.ts'
import { ownNative, ownValue } from './words.ts'

/** The counts of a response's `usage`, or null where it reports none. */
export function readHubUsage(response: JsonObject): HubUsage | null {
  const reported = objectAt(response, 'usage')
  const counts = readUsage(reported)
  if (reported === null || counts === null) return null
  const details = objectAt(reported, 'input_tokens_details')
  return {
    ...counts,
    cacheWriteInputTokens: details === null ? null : numberAt(details, 'cache_write_tokens'),
    native: ownNative(reported),
  }
}

/**
 * The `usage` of a response; null where nothing was reported. The details must be there, as
 * numbers, for clients to parse: what was not reported is zero there and nowhere else.
 */
export function writeUsage(usage: HubUsage | null): JsonObject | null {
  if (usage === null) return null
  const own = ownValue(usage.native)
  if (own !== null) return own
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteInputTokens } = usage
  if (inputTokens === null && outputTokens === null) return null
  const input = inputTokens ?? 0
  const output = outputTokens ?? 0
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: cachedInputTokens ?? 0,
      ...(cacheWriteInputTokens !== null && { cache_write_tokens: cacheWriteInputTokens }),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: input + output,
  }
}
