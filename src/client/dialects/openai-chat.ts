/** Streams of chat completions, of OpenAI and of everyone compatible with it. */
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import { incomplete, invalidEvent, serverError } from '../error.ts'
import type { FinishReason, StreamEvent } from '../events.ts'
import type { SseMessage } from '../sse-reader.ts'
import { type Dialect, type DialectReader, objectsIn, parseObject, ToolPlaces } from './dialect.ts'
import { readUsage } from './openai-usage.ts'

/** How OpenAI's APIs are asked. */
export const bearer = (apiKey: string | null): Readonly<Record<string, string>> =>
  apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }

/** The dialect. */
export const openaiChat: Dialect = {
  name: 'openai-chat',
  address: (url) => url,
  body: (body) => ({ ...body, stream: true }),
  headers: bearer,
  createReader: () => new ChatReader(),
}

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['stop_sequence', 'stop-sequence'],
  ['length', 'length'],
  ['model_length', 'length'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_calls', 'tool-calls'],
  ['function_call', 'tool-calls'],
  ['tool_use', 'tool-calls'],
  ['content_filter', 'content-filter'],
  ['refusal', 'content-filter'],
  ['safety', 'content-filter'],
  ['pause_turn', 'pause'],
])

/** Words that say that the provider failed, and not that the answer is complete. */
const failures: ReadonlySet<string> = new Set(['error', 'abort', 'insufficient_system_resource'])

class ChatReader implements DialectReader {
  isOver = false
  isFinished = false
  readonly #calls = new ToolPlaces()
  #lastCall = ''
  #hasSpoken = false
  #started = false
  #events: StreamEvent[] = []

  read({ event, data }: SseMessage): readonly StreamEvent[] {
    if (data.startsWith('[DONE]')) {
      // An answer that never began is none, whatever marks its end.
      if (!this.#hasSpoken) throw incomplete()
      this.isOver = true
      // Snowflake gives no reason.
      return this.isFinished ? [] : [{ type: 'finish', reason: this.#reason('stop'), native: null }]
    }
    if (event === 'error' && !data.startsWith('{')) throw failed({ message: data })
    const chunk = parseObject(data)
    if (event === 'error' || chunk.error || chunk.object === 'error') throw failed(chunk)
    this.#events = []
    this.#start(chunk)
    for (const choice of objectsIn(chunk.choices)) {
      this.#hasSpoken = true
      if ((numberAt(choice, 'index') ?? 0) === 0) this.#readChoice(choice)
    }
    this.#readUsage(chunk)
    return this.#events
  }

  end(): readonly StreamEvent[] {
    return []
  }

  /** Azure's first chunk has an empty id and an empty model. */
  #start(chunk: JsonObject): void {
    const id = textAt(chunk, 'id') || null
    const model = textAt(chunk, 'model') || null
    if (this.#started || (id === null && model === null)) return
    this.#started = true
    this.#events.push({ type: 'start', id, model })
  }

  #readChoice(choice: JsonObject): void {
    if (this.isFinished) return
    const delta = objectAt(choice, 'delta')
    if (delta !== null) this.#readDelta(delta)
    const word = textAt(choice, 'finish_reason')
    if (word === null || word === '') return
    if (failures.has(word)) {
      throw failed({ error: choice.error ?? { code: word, type: 'upstream_error' } })
    }
    this.isFinished = true
    this.#events.push({ type: 'finish', reason: this.#reason(word), native: word })
  }

  /** What the answer holds decides, where it and the provider's word differ. */
  #reason(word: string): FinishReason {
    const reason = finishReasons.get(word.toLowerCase()) ?? 'stop'
    if (this.#calls.count > 0) return reason === 'stop' ? 'tool-calls' : reason
    return reason === 'tool-calls' ? 'stop' : reason
  }

  #readDelta(delta: JsonObject): void {
    this.#readReasoning(delta)
    this.#readContent(delta.content)
    this.#say(delta.refusal, true)
    for (const call of objectsIn(delta.tool_calls)) this.#readCall(call)
    // The form before tools had one call, and no id.
    const old = objectAt(delta, 'function_call')
    if (old !== null) this.#readCall({ index: 0, function: old })
  }

  /** OpenRouter says the same twice, as text and in pieces. */
  #readReasoning(delta: JsonObject): void {
    const details = objectsIn(delta.reasoning_details)
      .map((detail) => textAt(detail, 'text') || textAt(detail, 'summary') || '')
      .join('')
    const names = ['reasoning_content', 'reasoning', 'thinking']
    const named = names.map((name) => textAt(delta, name)).find((text) => text)
    this.#think(details || named)
  }

  /** Text, or Mistral's list of pieces. */
  #readContent(content: unknown): void {
    this.#say(content, false)
    if (!Array.isArray(content)) return
    for (const piece of content) {
      if (!isObject(piece)) {
        this.#say(piece, false)
        continue
      }
      const { thinking } = piece
      if (piece.type === 'thinking') {
        const thoughts: readonly unknown[] = Array.isArray(thinking) ? thinking : [thinking]
        for (const thought of thoughts) this.#think(isObject(thought) ? thought.text : thought)
      } else if (typeof piece.text === 'string') {
        this.#say(piece.text, false)
      } else {
        this.#say(piece.refusal, true)
      }
    }
  }

  /** Calls go by index; some servers leave it out, or give every call the same. */
  #readCall(call: JsonObject): void {
    const said = objectAt(call, 'function') ?? objectAt(call, 'custom') ?? {}
    const id = textAt(call, 'id') || null
    const name = textAt(said, 'name') || null
    const index = numberAt(call, 'index')
    const input = said.arguments ?? said.input
    const text = isObject(input) ? JSON.stringify(input) : typeof input === 'string' ? input : ''
    const key = this.#keyOf(index, id, name)
    const known = this.#calls.find(key)
    this.#lastCall = key
    if (known === null) {
      const place = this.#calls.begin(key)
      this.#events.push({ type: 'tool-call', index: place, id, name, arguments: text })
    } else if (text !== '' || name !== null) {
      this.#events.push({ type: 'tool-call', index: known, id, name, arguments: text })
    }
  }

  #keyOf(index: number | null, id: string | null, name: string | null): string {
    if (id !== null && name !== null) return `${index ?? ''} ${id}`
    if (index !== null) {
      // The last call of that index: a later piece names nothing else.
      if (this.#lastCall.startsWith(`${index} `)) return this.#lastCall
      return this.#calls.last(`${index} `) ?? `${index} `
    }
    if (this.#lastCall === '' && name === null) throw invalidEvent('A tool call has no name.')
    return name === null ? this.#lastCall : ` ${this.#calls.count}`
  }

  #say(text: unknown, isRefusal: boolean): void {
    if (typeof text !== 'string' || text === '') return
    this.#events.push({ type: 'content', text, isRefusal })
  }

  #think(text: unknown): void {
    if (typeof text === 'string' && text !== '') this.#events.push({ type: 'reasoning', text })
  }

  /** In the chunk, in Groq's corner of it, or (Moonshot) in the choice. */
  #readUsage(chunk: JsonObject): void {
    const said =
      objectAt(chunk, 'usage') ??
      objectAt(objectAt(chunk, 'x_groq') ?? {}, 'usage') ??
      objectsIn(chunk.choices)
        .map((choice) => objectAt(choice, 'usage'))
        .find((usage) => usage !== null)
    if (said === null || said === undefined) return
    const usage = readUsage(said)
    if (usage === null) return
    this.#hasSpoken = true
    this.#events.push({ type: 'usage', usage })
  }
}

const failed = (body: unknown) => serverError(body, { status: null, requestId: null })
