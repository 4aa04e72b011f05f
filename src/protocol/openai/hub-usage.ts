/** Token counts between the hub and the names of the OpenAI family (reference, 12.2). */
import { isObject, type JsonObject, numberAt, objectAt } from '../../core/json.ts'
import type { HubUsage } from '../hub/events.ts'
import type { ProtocolName } from '../names.ts'
import { readUsage } from './usage.ts'

/** The counts of one `usage` object, or null where it has none. Never throws. */
export function readHubUsage(usage: unknown, dialect: ProtocolName): HubUsage | null {
  const counts = readUsage(usage)
  if (counts === null || !isObject(usage)) return null
  const native = { dialect, value: usage }
  return { ...counts, cacheWriteInputTokens: cacheWriteTokens(usage), native }
}

/** OpenRouter's place for it, and that of the shims before Anthropic. */
function cacheWriteTokens(usage: JsonObject): number | null {
  const details = objectAt(usage, 'prompt_tokens_details')
  const written = details === null ? null : numberAt(details, 'cache_write_tokens')
  return written ?? numberAt(usage, 'cache_creation_input_tokens')
}

/** Dialects that count under these names. */
const sameNames: ReadonlySet<ProtocolName> = new Set(['openai-chat', 'openai-completions'])

/**
 * `usage` as an object of chat completions; the provider's own where it has these names already.
 * What was not reported is left out: a count of zero would be invented.
 */
export function writeUsage(usage: HubUsage): JsonObject | null {
  const { inputTokens, outputTokens, native } = usage
  if (native !== null && sameNames.has(native.dialect) && isObject(native.value)) {
    return native.value
  }
  if (inputTokens === null && outputTokens === null) return null
  const { cachedInputTokens, cacheWriteInputTokens, reasoningTokens } = usage
  const hasInputDetails = cachedInputTokens !== null || cacheWriteInputTokens !== null
  return {
    ...(inputTokens !== null && { prompt_tokens: inputTokens }),
    ...(outputTokens !== null && { completion_tokens: outputTokens }),
    ...(inputTokens !== null &&
      outputTokens !== null && { total_tokens: inputTokens + outputTokens }),
    ...(hasInputDetails && {
      prompt_tokens_details: {
        ...(cachedInputTokens !== null && { cached_tokens: cachedInputTokens }),
        ...(cacheWriteInputTokens !== null && { cache_write_tokens: cacheWriteInputTokens }),
      },
    }),
    ...(reasoningTokens !== null && {
      completion_tokens_details: { reasoning_tokens: reasoningTokens },
    }),
  }
}
