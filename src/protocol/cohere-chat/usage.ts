/** Token counts of Cohere: `tokens` is what was processed, `billed_units` what is paid for. */
import { isObject, numberAt, objectAt } from '../../core/json.ts'
import type { HubUsage } from '../hub/events.ts'

/** The counts of one `usage`, or null where it has none. */
export function readUsage(usage: unknown): HubUsage | null {
  if (!isObject(usage)) return null
  const tokens = objectAt(usage, 'tokens')
  if (tokens === null) return null
  const inputTokens = numberAt(tokens, 'input_tokens')
  const outputTokens = numberAt(tokens, 'output_tokens')
  if (inputTokens === null && outputTokens === null) return null
  return {
    inputTokens,
    outputTokens,
    cachedInputTokens: numberAt(usage, 'cached_tokens'),
    cacheWriteInputTokens: null,
    reasoningTokens: numberAt(tokens, 'reasoning_tokens'),
    native: { dialect: 'cohere-chat', value: usage },
  }
}
