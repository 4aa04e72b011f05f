/**
 * The output of a response as hub events: its items, and the parts inside them.
 *
 * Everything is found by `output_index`, for the ids of items may be empty (shims), or change
 * between two events of one item. Any event may be missing: what the deltas did not say is said
 * when the part or the item is done, and a whole response is items that are done at once.
 *
 * The opening of every item also goes along raw, for the writer of this dialect: its id and what
 * else the hub has no words for are in there.
 */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import type { HubEvent, Logprobs } from '../hub/events.ts'
import { BlockEvents, type Item, newItem } from './block-events.ts'
import { readAnnotation } from './citation.ts'
import { type KnownItemType, knownTypeOf, textsOf, without } from './words.ts'

/** More items, or parts of one, than any answer has. */
const indexMax = 4_096

type TextKind = 'text' | 'refusal'

/** Reads the output of one response. Never throws. */
export class OutputReader {
  readonly #blocks = new BlockEvents()
  readonly #items = new Map<number, Item>()
  #lastIndex = 0

  /** Whether the client has been asked to run a tool. */
  get hasCalls(): boolean {
    return this.#blocks.hasCalls
  }

  /** Whether one of the calls that have ended has no name. */
  get hasUnnamedCall(): boolean {
    return this.#blocks.hasUnnamedCall
  }

  /** Whether no item has been seen. */
  get isEmpty(): boolean {
    return this.#items.size === 0
  }

  /** Says how the answer begins. Ids of calls that came without one are made from its id. */
  start(event: Extract<HubEvent, { type: 'start' }>): void {
    this.#blocks.answerId = event.id
    this.#blocks.push(event)
  }

  /** Adds an event that is not of an item. */
  push(event: HubEvent): void {
    this.#blocks.push(event)
  }

  /** The events since the last time. */
  take(): HubEvent[] {
    return this.#blocks.take()
  }

  /** One event of a stream that is not about the response as a whole. */
  read(type: string, event: JsonObject): void {
    const text = (key: string): string => textAt(event, key) ?? ''
    switch (type) {
      case 'response.output_text.delta':
        this.#text(event, 'text', text('delta'), event.logprobs)
        return
      case 'response.refusal.delta':
        this.#text(event, 'refusal', text('delta'), null)
        return
      case 'response.output_text.done':
        this.#restOfText(event, 'text', text('text'), event.logprobs)
        return
      case 'response.refusal.done':
        this.#restOfText(event, 'refusal', text('refusal'), null)
        return
      case 'response.output_text.annotation.added':
        this.#annotation(event)
        return
      case 'response.content_part.added':
        this.#partAdded(event)
        return
      case 'response.content_part.done':
        this.#partEvent(event)
        return
      case 'response.reasoning_summary_text.delta':
        this.#reasoning(event, `summary ${event.summary_index}`, text('delta'), false)
        return
      case 'response.reasoning_summary_text.done':
        this.#reasoning(event, `summary ${event.summary_index}`, text('text'), true)
        return
      case 'response.reasoning_text.delta':
        this.#reasoning(event, `text ${event.content_index}`, text('delta'), false)
        return
      case 'response.reasoning_text.done':
        this.#reasoning(event, `text ${event.content_index}`, text('text'), true)
        return
      case 'response.reasoning_summary_part.added':
      case 'response.reasoning_summary_part.done':
        return
      case 'response.function_call_arguments.delta':
        this.#arguments(event, 'function_call', text('delta'), false)
        return
      case 'response.function_call_arguments.done':
        this.#arguments(event, 'function_call', argumentsOf(event.arguments), true)
        return
      case 'response.custom_tool_call_input.delta':
        this.#arguments(event, 'custom_tool_call', text('delta'), false)
        return
      case 'response.custom_tool_call_input.done':
        this.#arguments(event, 'custom_tool_call', text('input'), true)
        return
      case 'response.output_item.added':
        if (isObject(event.item)) this.#open(this.#indexOf(event), event.item)
        return
      case 'response.output_item.done':
        if (isObject(event.item)) this.readItem(this.#indexOf(event), event.item)
        return
      default:
        // Tools of the server at work, audio, and what does not exist yet.
        if (type.startsWith('response.')) this.#blocks.raw(event)
    }
  }

  /** An item as it is when it is done. */
  readItem(index: number, item: JsonObject): void {
    const type = knownTypeOf(item)
    const known = this.#items.get(index)
    if (known?.ended && known.type === type) return
    const state = known?.type === type ? known : this.#open(index, emptied(item))
    if (type === 'message') this.#messageDone(state, item)
    if (type === 'reasoning') this.#reasoningDone(state, item)
    if (type === 'function_call') this.#callDone(state, item, argumentsOf(item.arguments))
    if (type === 'custom_tool_call') this.#callDone(state, item, textAt(item, 'input') ?? '')
    // An item that came to nothing is still an item, and one that the hub has no words for.
    if (state.blocks.size === 0) {
      this.#blocks.raw({ type: 'response.output_item.done', output_index: index, item })
    }
    this.#blocks.close(state)
  }

  /** Nothing more comes: ends every block. */
  close(): void {
    for (const item of this.#items.values()) this.#blocks.close(item)
  }

  #open(index: number, item: JsonObject): Item {
    const state = this.#newItem(index, knownTypeOf(item))
    this.#blocks.raw({ type: 'response.output_item.added', output_index: index, item })
    if (state.type === 'function_call' || state.type === 'custom_tool_call') {
      this.#blocks.startCall(state, item)
    }
    return state
  }

  #newItem(index: number, type: KnownItemType | null): Item {
    // Servers that give every item the same index open the next one where the last one was.
    const before = this.#items.get(index)
    if (before !== undefined) this.#blocks.close(before)
    const state = newItem(type)
    this.#items.set(index, state)
    this.#lastIndex = index
    return state
  }

  /** The item of an event, or null where the event comes too late. */
  #itemOf(event: JsonObject, type: KnownItemType): Item | null {
    const index = this.#indexOf(event)
    const known = this.#items.get(index)
    if (known?.type === type) return known.ended ? null : known
    return this.#newItem(index, type)
  }

  #indexOf(event: JsonObject): number {
    const index = event.output_index
    return isIndex(index) ? index : this.#lastIndex
  }

  #text(event: JsonObject, kind: TextKind, text: string, tokens: unknown): void {
    const logprobs = logprobsOf(tokens)
    if (text === '' && logprobs === null) return
    const item = this.#itemOf(event, 'message')
    if (item !== null) this.#blocks.say(item, `${kind} ${partIndexOf(event)}`, text, logprobs)
  }

  #restOfText(event: JsonObject, kind: TextKind, text: string, tokens: unknown): void {
    const known = this.#items.get(this.#indexOf(event))
    if (this.#blocks.hasText(known, `${kind} ${partIndexOf(event)}`)) return
    if (text !== '') this.#text(event, kind, text, tokens)
  }

  #annotation(event: JsonObject): void {
    const citation = readAnnotation(event.annotation)
    const item = citation === null ? null : this.#itemOf(event, 'message')
    if (citation !== null && item !== null) {
      this.#blocks.cite(item, `text ${partIndexOf(event)}`, citation)
    }
  }

  #partAdded(event: JsonObject): void {
    const part = event.part
    if (!isObject(part) || part.type === 'reasoning_text') return
    const kind = kindOf(part)
    this.#text(event, kind, textAt(part, kind) ?? '', null)
  }

  #partEvent(event: JsonObject): void {
    const item = this.#items.get(this.#indexOf(event))
    if (item?.type !== 'message' || item.ended) return
    this.#partDone(item, partIndexOf(event), event.part)
  }

  #partDone(item: Item, index: number, part: unknown): void {
    if (!isObject(part)) return
    const kind = kindOf(part)
    const key = `${kind} ${index}`
    const text = textAt(part, kind) ?? ''
    if (text !== '' && !this.#blocks.hasText(item, key)) {
      this.#blocks.say(item, key, text, logprobsOf(part.logprobs))
    }
    const annotations: readonly unknown[] = Array.isArray(part.annotations) ? part.annotations : []
    for (const annotation of annotations.slice(item.blocks.get(key)?.citations ?? 0)) {
      const citation = readAnnotation(annotation)
      if (citation !== null) this.#blocks.cite(item, key, citation)
    }
    this.#blocks.end(item, key)
  }

  #messageDone(state: Item, item: JsonObject): void {
    const parts: readonly unknown[] = Array.isArray(item.content) ? item.content : []
    for (const [index, part] of parts.slice(0, indexMax).entries()) {
      this.#partDone(state, index, part)
    }
  }

  /** @param whole the text is all of its part, said again. */
  #reasoning(event: JsonObject, place: string, text: string, whole: boolean): void {
    if (text === '') return
    const item = this.#itemOf(event, 'reasoning')
    if (item === null || (whole && item.place !== '')) return
    this.#blocks.think(item, place, text, place.startsWith('summary'))
  }

  #reasoningDone(state: Item, item: JsonObject): void {
    if (state.place === '') {
      for (const [index, text] of textsOf(item.summary).entries()) {
        if (text !== '') this.#blocks.think(state, `summary ${index}`, text, true)
      }
      for (const [index, text] of textsOf(item.content).entries()) {
        if (text !== '') this.#blocks.think(state, `text ${index}`, text, false)
      }
    }
    // Between `added` and `done` it changes, and only the last one is good.
    const signature = textAt(item, 'encrypted_content')
    if (signature) this.#blocks.sign(state, signature, textAt(item, 'id') || null)
  }

  /** @param whole the text is all of the arguments, said again. */
  #arguments(event: JsonObject, type: KnownItemType, text: string, whole: boolean): void {
    if (text === '') return
    const item = this.#itemOf(event, type)
    if (item === null) return
    if (whole && (item.held !== '' || this.#blocks.hasText(item, 'call'))) return
    this.#blocks.sayArguments(item, text)
  }

  #callDone(state: Item, item: JsonObject, text: string): void {
    this.#blocks.startCall(state, item)
    if (!this.#blocks.hasText(state, 'call')) this.#blocks.sayArguments(state, text)
  }
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < indexMax
}

function partIndexOf(event: JsonObject): number {
  return isIndex(event.content_index) ? event.content_index : 0
}

function kindOf(part: JsonObject): TextKind {
  return part.type === 'refusal' ? 'refusal' : 'text'
}

/** Log probabilities in Chat's shape, which is the hub's; null where there are none. */
function logprobsOf(tokens: unknown): Logprobs | null {
  return Array.isArray(tokens) && tokens.length > 0 ? { content: tokens, refusal: null } : null
}

/** Arguments are JSON text; shims send the object itself. */
function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value
  return isObject(value) ? JSON.stringify(value) : ''
}

const contentKeys = new Set(['content', 'summary', 'encrypted_content', 'arguments', 'input'])

/** An item that comes whole, as it would have been when it was opened. */
function emptied(item: JsonObject): JsonObject {
  const type = knownTypeOf(item)
  if (type === null) return item
  return {
    ...without(item, contentKeys),
    ...(type === 'message' && { content: [] }),
    ...(type === 'reasoning' && { summary: [] }),
    ...(type === 'function_call' && { arguments: '' }),
    ...(type === 'custom_tool_call' && { input: '' }),
    ...(typeof item.status === 'string' && { status: 'in_progress' }),
  }
}
