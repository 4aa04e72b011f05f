/** Token counts of the Messages API, whose input does not include what the cache had. */
import { isObject, type JsonObject, numberAt, objectAt } from '../../core/json.ts'
import type { HubUsage } from '../hub/events.ts'
import type { Usage } from '../protocol.ts'
import { dialect, ownValue } from './words.ts'

/**
 * The last usage that an answer reported. The counts are totals; those that a later event leaves
 * out keep their value, for older servers repeat only `output_tokens`. Kept as plain fields.
 */
export class LastUsage {
  #input: number | null = null
  #output: number | null = null
  #cacheRead: number | null = null
  #cacheWrite: number | null = null
  #cacheWriteLong: number | null = null
  #thinking: number | null = null

  /** Takes over what `usage` reports; whatever it is, it does no harm. */
  read(usage: unknown): void {
    if (!isObject(usage)) return
    this.#input = numberAt(usage, 'input_tokens') ?? this.#input
    this.#output = numberAt(usage, 'output_tokens') ?? this.#output
    this.#cacheRead = numberAt(usage, 'cache_read_input_tokens') ?? this.#cacheRead
    this.#cacheWrite = numberAt(usage, 'cache_creation_input_tokens') ?? this.#cacheWrite
    const written = objectAt(usage, 'cache_creation')
    if (written !== null) {
      this.#cacheWriteLong = numberAt(written, 'ephemeral_1h_input_tokens') ?? this.#cacheWriteLong
    }
    const details = objectAt(usage, 'output_tokens_details')
    if (details !== null) this.#thinking = numberAt(details, 'thinking_tokens') ?? this.#thinking
  }

  /** The counts, or null where none were reported. */
  get value(): Usage | null {
    if (this.#input === null && this.#output === null) return null
    return {
      inputTokens: this.#inputTokens,
      outputTokens: this.#output,
      cachedInputTokens: this.#cacheRead,
      reasoningTokens: this.#thinking,
      ...(this.#cacheWrite !== null && { cacheWriteInputTokens: this.#cacheWrite }),
      ...(this.#cacheWriteLong !== null && { cacheWriteLongInputTokens: this.#cacheWriteLong }),
    }
  }

  /** The counts so far as the hub has them, with the object that reported the last of them. */
  toHub(native: JsonObject): HubUsage {
    return {
      inputTokens: this.#inputTokens,
      outputTokens: this.#output,
      cachedInputTokens: this.#cacheRead,
      cacheWriteInputTokens: this.#cacheWrite,
      reasoningTokens: this.#thinking,
      native: { dialect, value: native },
    }
  }

  get #inputTokens(): number | null {
    if (this.#input === null) return null
    return this.#input + (this.#cacheRead ?? 0) + (this.#cacheWrite ?? 0)
  }
}

/** The counts of one `usage` object, or null where it has none. */
export function readUsage(usage: unknown): Usage | null {
  const last = new LastUsage()
  last.read(usage)
  return last.value
}

/**
 * `usage` as this dialect reports it. Its clients expect numbers, so what is not known is 0: both
 * counts where nothing was reported, and the input before the provider has told it.
 */
export function writeUsage(usage: HubUsage | null): JsonObject {
  if (usage === null) return { input_tokens: 0, output_tokens: 0 }
  const own = ownValue(usage.native)
  if (own !== null) return own
  const cacheRead = usage.cachedInputTokens ?? 0
  const cacheWrite = usage.cacheWriteInputTokens ?? 0
  return {
    input_tokens: Math.max(0, (usage.inputTokens ?? 0) - cacheRead - cacheWrite),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    output_tokens: usage.outputTokens ?? 0,
    ...(usage.reasoningTokens !== null && {
      output_tokens_details: { thinking_tokens: usage.reasoningTokens },
    }),
  }
}
