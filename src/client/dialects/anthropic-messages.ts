/** Streams of Anthropic's Messages API. */
import { type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import { serverError } from '../error.ts'
import type { FinishReason, StreamEvent, Usage } from '../events.ts'
import type { SseMessage } from '../sse-reader.ts'
import { type Dialect, type DialectReader, objectsIn, parseObject, ToolPlaces } from './dialect.ts'

/** The dialect. */
export const anthropicMessages: Dialect = {
  name: 'anthropic-messages',
  address: (url) => url,
  body: (body) => ({ ...body, stream: true }),
  headers: (apiKey) => ({
    'anthropic-version': '2023-06-01',
    ...(apiKey !== null && { 'x-api-key': apiKey }),
  }),
  createReader: () => new MessagesReader(),
}

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['stop_sequence', 'stop-sequence'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool-calls'],
  ['pause_turn', 'pause'],
  ['compaction', 'pause'],
  ['refusal', 'content-filter'],
])

class MessagesReader implements DialectReader {
  isOver = false
  readonly #calls = new ToolPlaces()
  readonly #usage = new MessageUsage()
  /** Calls whose input came whole with their beginning; it counts where no deltas follow. */
  readonly #wholeInputs = new Map<number, string>()
  #finish: string | null = null
  #events: StreamEvent[] = []

  get isFinished(): boolean {
    return this.#finish !== null
  }

  read({ event: name, data }: SseMessage): readonly StreamEvent[] {
    const event = parseObject(data)
    const type = textAt(event, 'type') ?? name ?? ''
    if (type === 'error' || event.error) throw serverError(event, { status: null, requestId: null })
    this.#events = []
    this.#take(type, event)
    return this.#events
  }

  end(): readonly StreamEvent[] {
    this.#events = []
    this.#end()
    return this.#events
  }

  #take(type: string, event: JsonObject): void {
    switch (type) {
      case 'message_start':
        this.#start(objectAt(event, 'message') ?? {})
        return
      case 'content_block_start':
        this.#begin(numberAt(event, 'index') ?? 0, objectAt(event, 'content_block') ?? {})
        return
      case 'content_block_delta':
        this.#add(numberAt(event, 'index') ?? 0, objectAt(event, 'delta') ?? {})
        return
      case 'content_block_stop':
        this.#stop(numberAt(event, 'index') ?? 0)
        return
      case 'message_delta':
        this.#count(event)
        this.#finish = textAt(objectAt(event, 'delta') ?? {}, 'stop_reason') ?? this.#finish
        return
      case 'message_stop':
        this.#end()
    }
  }

  #start(message: JsonObject): void {
    const id = textAt(message, 'id')
    this.#events.push({ type: 'start', id, model: textAt(message, 'model') })
    this.#count(message)
    // A turn that came from a tool of the server is in the start, whole.
    for (const [index, block] of objectsIn(message.content).entries()) {
      this.#begin(index, block)
      this.#stop(index)
    }
    this.#finish = textAt(message, 'stop_reason') ?? this.#finish
  }

  #begin(index: number, block: JsonObject): void {
    this.#say(textAt(block, 'text'))
    this.#think(textAt(block, 'thinking'))
    if (block.type !== 'tool_use') return
    const place = this.#calls.begin(`${index}`)
    this.#wholeInputs.set(index, JSON.stringify(objectAt(block, 'input') ?? {}))
    const named = { id: textAt(block, 'id'), name: textAt(block, 'name') }
    this.#events.push({ type: 'tool-call', index: place, ...named, arguments: '' })
  }

  #add(index: number, delta: JsonObject): void {
    this.#say(textAt(delta, 'text'))
    this.#think(textAt(delta, 'thinking'))
    const text = textAt(delta, 'partial_json') ?? ''
    if (text === '') return
    this.#wholeInputs.delete(index)
    this.#arguments(index, text)
  }

  #stop(index: number): void {
    const whole = this.#wholeInputs.get(index)
    if (whole !== undefined) this.#arguments(index, whole)
    this.#wholeInputs.delete(index)
  }

  /** Tools that run on the server have arguments too, which are nobody's to run here. */
  #arguments(index: number, text: string): void {
    const place = this.#calls.find(`${index}`)
    if (place === null) return
    this.#events.push({ type: 'tool-call', index: place, id: null, name: null, arguments: text })
  }

  #say(text: string | null): void {
    if (text) this.#events.push({ type: 'content', text, isRefusal: false })
  }

  #think(text: string | null): void {
    if (text) this.#events.push({ type: 'reasoning', text })
  }

  #count(event: JsonObject): void {
    const usage = this.#usage.take(objectAt(event, 'usage'))
    if (usage !== null) this.#events.push({ type: 'usage', usage })
  }

  /** The reason was held until here: it may come again. */
  #end(): void {
    const native = this.#finish
    const reason = finishReasons.get(native ?? '') ?? 'stop'
    const hasCalls = this.#calls.count > 0
    const isStop = reason === 'stop' || reason === 'tool-calls'
    const fitted = isStop ? (hasCalls ? 'tool-calls' : 'stop') : reason
    this.#events.push({ type: 'finish', reason: fitted, native })
    this.isOver = true
  }
}

/** Totals, which are told in pieces, and whose input leaves out what came from a cache. */
class MessageUsage {
  #input: number | null = null
  #output: number | null = null
  #cacheRead: number | null = null
  #cacheWrite: number | null = null
  #thinking: number | null = null

  take(said: JsonObject | null): Usage | null {
    if (said === null) return null
    this.#input = numberAt(said, 'input_tokens') ?? this.#input
    this.#output = numberAt(said, 'output_tokens') ?? this.#output
    this.#cacheRead = numberAt(said, 'cache_read_input_tokens') ?? this.#cacheRead
    this.#cacheWrite = numberAt(said, 'cache_creation_input_tokens') ?? this.#cacheWrite
    const details = objectAt(said, 'output_tokens_details') ?? {}
    this.#thinking = numberAt(details, 'thinking_tokens') ?? this.#thinking
    const cached = (this.#cacheRead ?? 0) + (this.#cacheWrite ?? 0)
    return {
      inputTokens: this.#input === null ? null : this.#input + cached,
      outputTokens: this.#output,
      cachedInputTokens: this.#cacheRead,
      reasoningTokens: this.#thinking,
    }
  }
}
