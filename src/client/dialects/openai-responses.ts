/** Streams of OpenAI's Responses API. */
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import { invalidEvent, serverError } from '../error.ts'
import type { FinishReason, StreamEvent } from '../events.ts'
import type { SseMessage } from '../sse-reader.ts'
import {
  type Dialect,
  type DialectReader,
  objectsIn,
  parseObject,
  placesMax,
  ToolPlaces,
} from './dialect.ts'
import { bearer } from './openai-chat.ts'
import { readUsage } from './openai-usage.ts'

/** The dialect. */
export const openaiResponses: Dialect = {
  name: 'openai-responses',
  address: (url) => url,
  body: (body) => ({ ...body, stream: true }),
  headers: bearer,
  createReader: () => new ResponsesReader(),
}

/** Between the parts of a summary, which are paragraphs. */
const separator = '\n\n'

class ResponsesReader implements DialectReader {
  isOver = false
  readonly isFinished = false
  readonly #calls = new ToolPlaces()
  /** What was said by deltas, so that it is not taken again from the part or item that is done. */
  readonly #said = new Set<string>()
  #thoughtAt = ''
  #started = false
  #events: StreamEvent[] = []

  read({ event: name, data }: SseMessage): readonly StreamEvent[] {
    // Some gateways send it after the end; without the end it proves nothing.
    if (data.startsWith('[DONE]')) return []
    if (name === 'error' && !data.startsWith('{')) throw failed({ message: data })
    const event = parseObject(data)
    const type = textAt(event, 'type') ?? name ?? ''
    if (type === 'error' || name === 'error' || event.error) throw failed(event)
    this.#events = []
    this.#take(type, event)
    return this.#events
  }

  end(): readonly StreamEvent[] {
    return []
  }

  #take(type: string, event: JsonObject): void {
    const response = objectAt(event, 'response')
    switch (type) {
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        this.#start(response ?? {})
        return
      case 'response.failed':
      case 'response.cancelled':
        throw failed(response?.error ? { error: response.error } : { code: type })
      case 'response.completed':
      case 'response.incomplete':
        this.#end(type.slice('response.'.length), response ?? {})
        return
      case 'response.output_item.added':
      case 'response.output_item.done':
        if (isObject(event.item)) this.#item(placeOf(event), event.item, type.endsWith('done'))
        return
      default:
        this.#part(type, event)
    }
  }

  #start(response: JsonObject): void {
    if (this.#started) return
    this.#started = true
    const id = textAt(response, 'id')
    this.#events.push({ type: 'start', id, model: textAt(response, 'model') })
  }

  #part(type: string, event: JsonObject): void {
    const item = placeOf(event)
    const at = `${item} ${numberAt(event, 'content_index') ?? 0}`
    const text = (key: string): string => textAt(event, key) ?? ''
    switch (type) {
      case 'response.output_text.delta':
        this.#say(`text ${at}`, text('delta'), false)
        break
      case 'response.output_text.done':
        this.#rest(`text ${at}`, () => this.#say(`text ${at}`, text('text'), false))
        break
      case 'response.refusal.delta':
        this.#say(`refusal ${at}`, text('delta'), true)
        break
      case 'response.refusal.done':
        this.#rest(`refusal ${at}`, () => this.#say(`refusal ${at}`, text('refusal'), true))
        break
      case 'response.reasoning_text.delta':
        this.#think(item, `text ${at}`, text('delta'))
        break
      case 'response.reasoning_summary_text.delta':
        this.#think(item, `summary ${item} ${event.summary_index}`, text('delta'))
        break
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        this.#arguments(item, text('delta'))
        break
      case 'response.function_call_arguments.done':
        this.#rest(`call ${item}`, () => this.#arguments(item, text('arguments')))
        break
      case 'response.custom_tool_call_input.done':
        this.#rest(`call ${item}`, () => this.#arguments(item, text('input')))
        break
    }
  }

  /** An item begins, or is done: then it says what no delta has said. */
  #item(place: number, item: JsonObject, isDone: boolean): void {
    switch (item.type) {
      case 'message':
        if (!isDone) return
        for (const [index, part] of objectsIn(item.content).entries())
          this.#whole(place, index, part)
        return
      case 'reasoning':
        if (!isDone || this.#said.has(`reasoning ${place}`)) return
        for (const [index, part] of objectsIn(item.summary).entries()) {
          this.#think(place, `summary ${place} ${index}`, textAt(part, 'text') ?? '')
        }
        for (const [index, part] of objectsIn(item.content).entries()) {
          this.#think(place, `text ${place} ${index}`, textAt(part, 'text') ?? '')
        }
        return
      case 'function_call':
      case 'custom_tool_call': {
        this.#beginCall(place, item)
        const input = item.type === 'function_call' ? item.arguments : item.input
        const text = isObject(input) ? JSON.stringify(input) : input
        if (!isDone || typeof text !== 'string') return
        this.#rest(`call ${place}`, () => this.#arguments(place, text))
      }
    }
  }

  #whole(place: number, index: number, part: JsonObject): void {
    const at = `${place} ${index}`
    const text = textAt(part, 'text') ?? ''
    const refusal = textAt(part, 'refusal') ?? ''
    this.#rest(`text ${at}`, () => this.#say(`text ${at}`, text, false))
    this.#rest(`refusal ${at}`, () => this.#say(`refusal ${at}`, refusal, true))
  }

  #end(status: string, response: JsonObject): void {
    this.#start(response)
    // Some servers stream nothing but the beginning and the end.
    if (this.#said.size === 0) {
      for (const [index, item] of objectsIn(response.output).entries())
        this.#item(index, item, true)
    }
    const said = objectAt(response, 'usage')
    const usage = said === null ? null : readUsage(said)
    if (usage !== null) this.#events.push({ type: 'usage', usage })
    const details = objectAt(response, 'incomplete_details')
    const native = (details === null ? null : textAt(details, 'reason')) ?? status
    this.#events.push({ type: 'finish', reason: this.#reason(status, native), native })
    this.isOver = true
  }

  #reason(status: string, native: string): FinishReason {
    if (status === 'incomplete') return native === 'content_filter' ? 'content-filter' : 'length'
    return this.#calls.count > 0 ? 'tool-calls' : 'stop'
  }

  #say(key: string, text: string, isRefusal: boolean): void {
    if (text === '') return
    this.#mark(key)
    this.#events.push({ type: 'content', text, isRefusal })
  }

  #think(item: number, place: string, text: string): void {
    if (text === '') return
    const isFurther = this.#thoughtAt !== '' && this.#thoughtAt !== place
    this.#thoughtAt = place
    this.#mark(`reasoning ${item}`)
    this.#events.push({ type: 'reasoning', text: isFurther ? separator + text : text })
  }

  #beginCall(place: number, item: JsonObject): void {
    const key = `${place}`
    if (this.#calls.find(key) !== null) return
    const id = textAt(item, 'call_id') ?? textAt(item, 'id')
    const name = textAt(item, 'name')
    const index = this.#calls.begin(key)
    this.#events.push({ type: 'tool-call', index, id, name, arguments: '' })
  }

  #arguments(place: number, text: string): void {
    const index = this.#calls.find(`${place}`)
    if (text === '') return
    if (index === null) throw invalidEvent('Arguments came for a tool call that never began.')
    this.#mark(`call ${place}`)
    this.#events.push({ type: 'tool-call', index, id: null, name: null, arguments: text })
  }

  #rest(key: string, say: () => void): void {
    if (!this.#said.has(key)) say()
  }

  #mark(key: string): void {
    this.#said.add(key)
    if (this.#said.size > placesMax * 4) throw invalidEvent('The answer has too many parts.')
  }
}

const placeOf = (event: JsonObject): number => numberAt(event, 'output_index') ?? 0

const failed = (body: unknown) => serverError(body, { status: null, requestId: null })
