/** The chunks of models that only complete text: Titan, Llama, Mistral. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import { AnswerEvents } from '../hub/answer-events.ts'
import type { FinishReason, HubEvent } from '../hub/events.ts'

/** One chunk in the words that they have in common. */
interface Completion {
  readonly text: string
  readonly reason: string | null
  readonly inputTokens: number | null
  readonly outputTokens: number | null
}

const lengthReasons: ReadonlySet<string> = new Set(['length', 'max_tokens'])
const filterReasons: ReadonlySet<string> = new Set(['content_filtered', 'content_filter'])

/** The reader of one stream of such chunks. */
export class TextModelReader {
  readonly #answer = new AnswerEvents('bedrock-converse')
  #reason: string | null = null
  /** Titan counts the prompt in its first chunk only. */
  #inputTokens: number | null = null

  get finished(): boolean {
    return this.#reason !== null
  }

  /** Whether a chunk is of this kind. */
  static knows(chunk: JsonObject): boolean {
    return ['outputText', 'generation', 'outputs'].some((key) => key in chunk)
  }

  /** What one chunk says. */
  readChunk(chunk: JsonObject): readonly HubEvent[] {
    const { text, reason, inputTokens, outputTokens } = completionOf(chunk)
    this.#answer.start()
    this.#answer.text('0', text)
    this.#inputTokens = inputTokens ?? this.#inputTokens
    if (this.#inputTokens !== null || outputTokens !== null) {
      this.#answer.usage({
        inputTokens: this.#inputTokens,
        outputTokens,
        cachedInputTokens: null,
        cacheWriteInputTokens: null,
        reasoningTokens: null,
        native: null,
      })
    }
    this.#reason ??= reason
    return this.#answer.drain()
  }

  /** The body ended. */
  end(): readonly HubEvent[] {
    if (this.#reason === null) {
      this.#answer.fail(new GatewayError('upstream_incomplete'))
    } else {
      this.#answer.finish({ reason: hubReason(this.#reason), native: this.#reason })
      this.#answer.end()
    }
    return this.#answer.drain()
  }
}

function hubReason(native: string): FinishReason {
  const word = native.toLowerCase()
  if (lengthReasons.has(word)) return 'length'
  return filterReasons.has(word) ? 'content-filter' : 'stop'
}

function completionOf(chunk: JsonObject): Completion {
  const metrics = objectAt(chunk, 'amazon-bedrock-invocationMetrics') ?? {}
  const outputs = chunk.outputs
  const first: unknown = Array.isArray(outputs) ? outputs[0] : null
  const output = isObject(first) ? first : chunk
  return {
    text:
      textAt(chunk, 'outputText') ?? textAt(chunk, 'generation') ?? textAt(output, 'text') ?? '',
    reason: textAt(chunk, 'completionReason') ?? textAt(output, 'stop_reason'),
    inputTokens:
      numberAt(chunk, 'inputTextTokenCount') ??
      numberAt(chunk, 'prompt_token_count') ??
      numberAt(metrics, 'inputTokenCount'),
    outputTokens:
      numberAt(chunk, 'totalOutputTextTokenCount') ??
      numberAt(chunk, 'generation_token_count') ??
      numberAt(metrics, 'outputTokenCount'),
  }
}
