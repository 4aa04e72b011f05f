/** Token counts of Converse, whose input does not include what the cache had. */
import { isObject, numberAt } from '../../core/json.ts'
import type { HubUsage } from '../hub/events.ts'

/** The counts of one `usage`, or null where it has none. Nova has other names for the cache. */
export function readUsage(usage: unknown): HubUsage | null {
  if (!isObject(usage)) return null
  const input = numberAt(usage, 'inputTokens')
  const outputTokens = numberAt(usage, 'outputTokens')
  if (input === null && outputTokens === null) return null
  const read =
    numberAt(usage, 'cacheReadInputTokens') ?? numberAt(usage, 'cacheReadInputTokenCount')
  const write =
    numberAt(usage, 'cacheWriteInputTokens') ?? numberAt(usage, 'cacheWriteInputTokenCount')
  return {
    inputTokens: input === null ? null : input + (read ?? 0) + (write ?? 0),
    outputTokens,
    cachedInputTokens: read,
    cacheWriteInputTokens: write,
    reasoningTokens: null,
    native: { dialect: 'bedrock-converse', value: usage },
  }
}
