/** Token counts. Google counts thoughts beside the candidates, tool prompts beside the prompt. */
import { isObject, type JsonObject, numberAt } from '../../core/json.ts'
import type { HubUsage } from '../hub/events.ts'

/** The counts of one `usageMetadata`, or null where it counts nothing (`{trafficType}`). */
export function readUsage(usage: unknown): HubUsage | null {
  if (!isObject(usage)) return null
  const prompt = numberAt(usage, 'promptTokenCount')
  const candidates = numberAt(usage, 'candidatesTokenCount')
  const thoughts = numberAt(usage, 'thoughtsTokenCount')
  const inputTokens = sum(prompt, numberAt(usage, 'toolUsePromptTokenCount'))
  const outputTokens = sum(candidates, thoughts)
  if (inputTokens === null && outputTokens === null) return null
  return {
    inputTokens,
    outputTokens,
    cachedInputTokens: numberAt(usage, 'cachedContentTokenCount'),
    cacheWriteInputTokens: null,
    reasoningTokens: thoughts,
    native: { dialect: 'gemini', value: usage },
  }
}

/** `usageMetadata` for a client: the provider's own where it is Google, else made of the counts. */
export function writeUsage(usage: HubUsage): JsonObject {
  if (usage.native?.dialect === 'gemini' && isObject(usage.native.value)) return usage.native.value
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage
  // OpenRouter was recorded with more reasoning than output; a count is never negative.
  const visible = outputTokens === null ? null : Math.max(0, outputTokens - (reasoningTokens ?? 0))
  const total = sum(inputTokens, outputTokens)
  return {
    ...(inputTokens !== null && { promptTokenCount: inputTokens }),
    ...(visible !== null && { candidatesTokenCount: visible }),
    ...(total !== null && { totalTokenCount: total }),
    ...(cachedInputTokens !== null && { cachedContentTokenCount: cachedInputTokens }),
    ...(reasoningTokens !== null && { thoughtsTokenCount: reasoningTokens }),
  }
}

/** Null where neither is known; a count that is not reported adds nothing to one that is. */
function sum(first: number | null, second: number | null): number | null {
  return first === null && second === null ? null : (first ?? 0) + (second ?? 0)
}
