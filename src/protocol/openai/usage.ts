/** Token counts, under the names that the OpenAI family gives them. */
import { isObject, type JsonObject, numberAt, objectAt } from '../../core/json.ts'
import type { Usage } from '../protocol.ts'

/**
 * The last usage that a stream reported. Providers that repeat it count up, so the last one wins
 * and nothing is ever added. The counts are kept as plain fields: some providers send them with
 * every chunk, and that must neither allocate nor keep the chunk alive.
 */
export class LastUsage {
  #inputTokens: number | null = null
  #outputTokens: number | null = null
  #cachedInputTokens: number | null = null
  #reasoningTokens: number | null = null
  #reported = false

  /** Takes over what `usage` reports; anything without a count leaves what was known. */
  read(usage: unknown): void {
    if (!isObject(usage)) return
    const input = numberAt(usage, 'prompt_tokens') ?? numberAt(usage, 'input_tokens')
    const output = numberAt(usage, 'completion_tokens') ?? numberAt(usage, 'output_tokens')
    if (input === null && output === null) return
    const reasoning = reasoningTokens(usage)
    this.#reported = true
    this.#inputTokens = input
    this.#outputTokens = withReasoning(usage, input, output, reasoning)
    this.#cachedInputTokens = cachedInputTokens(usage)
    this.#reasoningTokens = reasoning
  }

  /** The counts, or null where none were reported. */
  get value(): Usage | null {
    if (!this.#reported) return null
    return {
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      cachedInputTokens: this.#cachedInputTokens,
      reasoningTokens: this.#reasoningTokens,
    }
  }
}

/** The counts of one `usage` object of any OpenAI dialect, or null where it has none. */
export function readUsage(usage: unknown): Usage | null {
  const last = new LastUsage()
  last.read(usage)
  return last.value
}

/**
 * xAI counts reasoning beside the completion, everyone else inside it. The total tells them apart;
 * `outputTokens` always includes reasoning.
 */
function withReasoning(
  usage: JsonObject,
  input: number | null,
  output: number | null,
  reasoning: number | null,
): number | null {
  if (!reasoning || input === null || output === null) return output
  return numberAt(usage, 'total_tokens') === input + output + reasoning
    ? output + reasoning
    : output
}

function reasoningTokens(usage: JsonObject): number | null {
  const details =
    objectAt(usage, 'completion_tokens_details') ?? objectAt(usage, 'output_tokens_details')
  const reasoning = details === null ? null : numberAt(details, 'reasoning_tokens')
  // SGLang, and those who host it, leave the details out.
  return reasoning ?? numberAt(usage, 'reasoning_tokens')
}

function cachedInputTokens(usage: JsonObject): number | null {
  const details =
    objectAt(usage, 'prompt_tokens_details') ?? objectAt(usage, 'input_tokens_details')
  const cached = details === null ? null : numberAt(details, 'cached_tokens')
  // DeepSeek's own name for it, and Moonshot's own place.
  return cached ?? numberAt(usage, 'prompt_cache_hit_tokens') ?? numberAt(usage, 'cached_tokens')
}
