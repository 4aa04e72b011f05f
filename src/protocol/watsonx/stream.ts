/**
 * Reads watsonx's `text/generation_stream` (formerly `text_stream`) into hub events. Its chat API
 * is one of OpenAI's dialects and is not read here.
 */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, numberAt, textAt } from '../../core/json.ts'
import type { Frame } from '../../sse/frame.ts'
import { AnswerEvents } from '../hub/answer-events.ts'
import type { FinishReason, HubEvent } from '../hub/events.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'
import { readEventError } from '../openai/error.ts'
import type { EventReader } from '../translation.ts'

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['eos_token', 'stop'],
  ['stop_sequence', 'stop-sequence'],
  ['max_tokens', 'length'],
  ['token_limit', 'length'],
  ['time_limit', 'length'],
])

const failedReasons: ReadonlySet<string> = new Set(['error', 'cancelled'])

/** The reader of one stream. */
export class WatsonxReader implements EventReader {
  readonly #answer = new AnswerEvents('opaque')
  #reason: string | null = null
  /** Counted in the first event; all others say 0. */
  #inputTokens: number | null = null
  #outputTokens: number | null = null

  read({ event, data }: Frame): readonly HubEvent[] {
    const parsed = this.#answer.over ? NOT_JSON : parseData(data)
    if (parsed === NOT_JSON || !isObject(parsed)) return []
    if (event === 'error' || parsed.errors || parsed.error) {
      this.#answer.fail(readEventError(parsed))
      return this.#answer.drain()
    }
    const createdMs = Date.parse(textAt(parsed, 'created_at') ?? '')
    this.#answer.start({
      model: textAt(parsed, 'model_id') ?? '',
      createdS: Number.isNaN(createdMs) ? null : Math.floor(createdMs / 1000),
    })
    const { results } = parsed
    for (const result of Array.isArray(results) ? results : []) {
      if (isObject(result)) this.#take(result)
    }
    return this.#answer.drain()
  }

  end(): readonly HubEvent[] {
    if (this.#answer.over) return []
    if (this.#reason === null || failedReasons.has(this.#reason)) {
      const code = this.#reason === null ? 'upstream_incomplete' : 'upstream_error'
      this.#answer.fail(new GatewayError(code))
    } else {
      const reason = finishReasons.get(this.#reason) ?? 'stop'
      this.#answer.finish({ reason, native: this.#reason })
      this.#answer.end()
    }
    return this.#answer.drain()
  }

  #take(result: JsonObject): void {
    this.#answer.text('0', textAt(result, 'generated_text') ?? '')
    const input = numberAt(result, 'input_token_count')
    if (input !== null && input > (this.#inputTokens ?? -1)) this.#inputTokens = input
    this.#outputTokens = numberAt(result, 'generated_token_count') ?? this.#outputTokens
    const reason = textAt(result, 'stop_reason')
    if (reason === null || reason.toLowerCase() === 'not_finished') return
    this.#reason ??= reason.toLowerCase()
    if (this.#inputTokens === null && this.#outputTokens === null) return
    this.#answer.usage({
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      cachedInputTokens: null,
      cacheWriteInputTokens: null,
      reasoningTokens: null,
      native: null,
    })
  }
}
