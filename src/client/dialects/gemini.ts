/** Streams of Gemini's `streamGenerateContent`. */
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import { serverError } from '../error.ts'
import type { FinishReason, StreamEvent, Usage } from '../events.ts'
import type { SseMessage } from '../sse-reader.ts'
import { type Dialect, type DialectReader, objectsIn, parseObject, ToolPlaces } from './dialect.ts'

/** The dialect. Without `alt=sse` its streams are one JSON array. */
export const gemini: Dialect = {
  name: 'gemini',
  address: (url) => (/[?&]alt=/.test(url) ? url : `${url}${url.includes('?') ? '&' : '?'}alt=sse`),
  body: (body) => body,
  headers: (apiKey) => ({ ...(apiKey !== null && { 'x-goog-api-key': apiKey }) }),
  createReader: () => new GeminiReader(),
}

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['MAX_TOKENS', 'length'],
  ...[
    ...['SAFETY', 'RECITATION', 'LANGUAGE', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII'],
    ...['IMAGE_SAFETY', 'IMAGE_PROHIBITED_CONTENT', 'IMAGE_RECITATION', 'MODEL_ARMOR'],
  ].map((word) => [word, 'content-filter'] as const),
])

class GeminiReader implements DialectReader {
  /** There is no end marker: the end of the body is the end, where a reason was told. */
  readonly isOver = false
  #finish: { readonly reason: FinishReason; readonly native: string } | null = null
  readonly #calls = new ToolPlaces()
  #started = false
  #events: StreamEvent[] = []

  get isFinished(): boolean {
    return this.#finish !== null
  }

  read({ event, data }: SseMessage): readonly StreamEvent[] {
    const chunk = parseObject(data)
    if (event === 'error' || chunk.error) {
      throw serverError(chunk, { status: null, requestId: null })
    }
    this.#events = []
    if (!this.#started) {
      this.#started = true
      const [id, model] = [textAt(chunk, 'responseId'), textAt(chunk, 'modelVersion')]
      this.#events.push({ type: 'start', id, model })
    }
    const blocked = textAt(objectAt(chunk, 'promptFeedback') ?? {}, 'blockReason')
    if (blocked !== null) this.#finish = { reason: 'content-filter', native: blocked }
    const first = objectsIn(chunk.candidates).find(
      ({ index }) => index === undefined || index === 0,
    )
    if (first !== undefined) this.#candidate(first)
    const usage = readUsage(objectAt(chunk, 'usageMetadata'))
    if (usage !== null) this.#events.push({ type: 'usage', usage })
    return this.#events
  }

  /** A reason may come with every chunk, and text after it: the last one counts. */
  end(): readonly StreamEvent[] {
    if (this.#finish === null) return []
    const { reason, native } = this.#finish
    const isCall = reason === 'stop' && this.#calls.count > 0
    return [{ type: 'finish', reason: isCall ? 'tool-calls' : reason, native }]
  }

  #candidate(candidate: JsonObject): void {
    for (const part of objectsIn(objectAt(candidate, 'content')?.parts)) this.#part(part)
    const native = textAt(candidate, 'finishReason')
    if (native !== null) this.#finish = { reason: finishReasons.get(native) ?? 'stop', native }
  }

  #part(part: JsonObject): void {
    const call = objectAt(part, 'functionCall')
    if (call !== null) {
      const index = this.#calls.begin(`${this.#calls.count}`)
      const [id, name] = [textAt(call, 'id'), textAt(call, 'name')]
      const input = JSON.stringify(isObject(call.args) ? call.args : {})
      this.#events.push({ type: 'tool-call', index, id, name, arguments: input })
      return
    }
    const text = textAt(part, 'text')
    if (!text) return
    if (part.thought === true) this.#events.push({ type: 'reasoning', text })
    else this.#events.push({ type: 'content', text, isRefusal: false })
  }
}

/** Google counts thoughts beside the candidates, and prompts of tools beside the prompt. */
function readUsage(said: JsonObject | null): Usage | null {
  if (said === null) return null
  const thoughts = numberAt(said, 'thoughtsTokenCount')
  const inputTokens = sum(
    numberAt(said, 'promptTokenCount'),
    numberAt(said, 'toolUsePromptTokenCount'),
  )
  const outputTokens = sum(numberAt(said, 'candidatesTokenCount'), thoughts)
  if (inputTokens === null && outputTokens === null) return null
  const cachedInputTokens = numberAt(said, 'cachedContentTokenCount')
  return { inputTokens, outputTokens, cachedInputTokens, reasoningTokens: thoughts }
}

function sum(first: number | null, second: number | null): number | null {
  return first === null && second === null ? null : (first ?? 0) + (second ?? 0)
}
