/** The life of every item and part in a stream: opened, filled, done, and kept for the end. */
import { type JsonObject, textAt } from '../../core/json.ts'
import {
  doneItem,
  donePart,
  emptyPart,
  type ItemDraft,
  type ItemStatus,
  itemId,
  type PartDraft,
  writtenArguments,
} from './items-write.ts'
import { knownTypeOf } from './words.ts'

/** Sends one event: its type, and its fields without the number. */
export type Emit = (type: string, fields: JsonObject) => void

/** Opens and ends items. Several may be open at once, for each event names the one it is of. */
export class ItemLife {
  readonly emit: Emit
  readonly #items: ItemDraft[] = []
  readonly #done: JsonObject[] = []
  /** From which ids of items are made. */
  answerId = ''

  constructor(emit: Emit) {
    this.emit = emit
  }

  /** The items that are done, in their order. */
  get output(): readonly JsonObject[] {
    return this.#items.map(({ index }) => this.#done[index]).filter((item) => item !== undefined)
  }

  /** The item that was opened last. */
  get latest(): ItemDraft | undefined {
    return this.#items.at(-1)
  }

  /** The newest of the provider's own items of this type whose block has not begun. */
  awaiting(type: string): ItemDraft | undefined {
    return this.#items.findLast((item) => item.awaitsBlock && !item.done && item.type === type)
  }

  /** Opens an item. @param isOwn its fields are those of a provider that speaks this dialect. */
  open(type: string, fields: JsonObject, isOwn = false): ItemDraft {
    const before = this.latest
    if (before?.type === 'message') this.messageDone(before)
    const index = this.#items.length
    const id = textAt(fields, 'id') || itemId(type, this.answerId, index)
    const item: ItemDraft = {
      type,
      index,
      id,
      fields: { ...fields, id, type },
      parts: [],
      text: '',
      signature: null,
      awaitsBlock: isOwn && knownTypeOf({ type }) !== null,
      isOwn,
      done: false,
    }
    this.#items.push(item)
    this.emit('response.output_item.added', { output_index: index, item: item.fields })
    return item
  }

  /** Opens a part of a message or of reasoning. */
  addPart(item: ItemDraft, kind: PartDraft['kind']): PartDraft {
    item.awaitsBlock = false
    const isContent = kind === 'text' || kind === 'refusal'
    const index = item.parts.filter((part) => isContent || part.kind === kind).length
    const part: PartDraft = { kind, index, text: '', annotations: [], logprobs: [], ended: false }
    item.parts.push(part)
    const added = { ...placeOf(item, part), part: emptyPart(kind) }
    const of = kind === 'summary' ? 'reasoning_summary_part' : 'content_part'
    this.emit(`response.${of}.added`, added)
    return part
  }

  /** Ends a part. */
  partDone(item: ItemDraft, part: PartDraft): void {
    if (part.ended) return
    part.ended = true
    const { kind, text, logprobs } = part
    const place = placeOf(item, part)
    switch (kind) {
      case 'text':
        this.emit('response.output_text.done', { ...place, text, logprobs })
        break
      case 'refusal':
        this.emit('response.refusal.done', { ...place, refusal: text })
        break
      case 'content':
        this.emit('response.reasoning_text.done', { ...place, text })
        break
      case 'summary':
        this.emit('response.reasoning_summary_text.done', { ...place, text })
    }
    const of = kind === 'summary' ? 'reasoning_summary_part' : 'content_part'
    this.emit(`response.${of}.done`, { ...place, part: donePart(part) })
  }

  /** Ends a message all of whose parts have ended; any other one stays open. */
  messageDone(item: ItemDraft): void {
    const isWhole = item.parts.length > 0 && item.parts.every(({ ended }) => ended)
    if (isWhole && !item.done) this.itemDone(item, 'completed')
  }

  /** Ends an item and what is open in it. */
  itemDone(item: ItemDraft, status: ItemStatus): void {
    for (const part of item.parts) this.partDone(item, part)
    const place = placeOf(item)
    if (item.type === 'function_call') {
      const text = writtenArguments(item.text)
      this.emit('response.function_call_arguments.done', { ...place, arguments: text })
    }
    if (item.type === 'custom_tool_call') {
      this.emit('response.custom_tool_call_input.done', { ...place, input: item.text })
    }
    const isKnown = knownTypeOf(item.fields) !== null
    this.ownDone(item, isKnown ? doneItem(item, status) : item.fields)
  }

  /** Ends an item with the words of a provider that speaks this dialect. */
  ownDone(item: ItemDraft, words: JsonObject): void {
    if (item.done) return
    item.done = true
    const done = { ...words, id: item.id }
    this.#done[item.index] = done
    this.emit('response.output_item.done', { output_index: item.index, item: done })
  }

  /** Ends all that is open. */
  settle(status: ItemStatus): void {
    for (const item of this.#items) {
      if (!item.done) this.itemDone(item, status)
    }
  }
}

/** The fields by which an event names its item, and its part where it is of one. */
export function placeOf({ id, index }: ItemDraft, part?: PartDraft): JsonObject {
  const item = { item_id: id, output_index: index }
  if (part === undefined) return item
  return part.kind === 'summary'
    ? { ...item, summary_index: part.index }
    : { ...item, content_index: part.index }
}
