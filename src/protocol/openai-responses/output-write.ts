/** Writes the blocks of an answer as items, in the order in which they begin. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import type { HubEvent } from '../hub/events.ts'
import { seal } from '../hub/sealed.ts'
import type { ProtocolName } from '../names.ts'
import { writeAnnotation } from './citation.ts'
import { type ItemLife, placeOf } from './item-life.ts'
import { type ItemDraft, type PartDraft, tokensOf, writtenArguments } from './items-write.ts'
import { dialect, ownValue } from './words.ts'

/** The end repeats the answer, so all of it is held; no answer comes near this many characters. */
const heldCharsMax = 67_108_864

/** An event of one of the answers. */
export type ContentEvent = Extract<HubEvent, { choice: number }>

type EventOf<Type extends HubEvent['type']> = Extract<HubEvent, { type: Type }>

/** The item and the part that a block of the hub is written to. */
interface Place {
  readonly item: ItemDraft
  part: PartDraft | null
  ended: boolean
}

/** Writes the items of one answer. */
export class OutputWriter {
  readonly #life: ItemLife
  readonly #places = new Map<number, Place>()
  /** Our item for each `output_index` that the provider used in its own events. */
  readonly #ownItems = new Map<unknown, ItemDraft>()
  #heldChars = 0

  constructor(life: ItemLife) {
    this.#life = life
  }

  /** @throws GatewayError `upstream_protocol_error` for an answer too large to be held. */
  take(event: ContentEvent): void {
    switch (event.type) {
      case 'text-delta':
      case 'refusal':
        this.#text(event)
        return
      case 'citation':
        this.#citation(event)
        return
      case 'reasoning-delta':
        this.#reasoning(event)
        return
      case 'reasoning-signature':
        this.#signature(event)
        return
      case 'tool-start':
        this.#call(event)
        return
      case 'tool-delta':
        this.#arguments(event)
        return
      case 'block-end':
        this.#blockEnd(event.block)
        return
      case 'raw':
        this.#raw(ownValue(event.native))
        return
      case 'finish':
        return
    }
  }

  #text(event: EventOf<'text-delta'> | EventOf<'refusal'>): void {
    const isText = event.type === 'text-delta'
    const tokens = isText ? tokensOf(event.logprobs) : []
    if (event.text === '' && tokens.length === 0) return
    const place = this.#textPlace(event.block, isText ? 'text' : 'refusal')
    if (place === null || place.ended || place.part === null) return
    this.#hold(event.text)
    place.part.text += event.text
    const fields = { ...placeOf(place.item, place.part), delta: event.text }
    if (isText) {
      place.part.logprobs.push(...tokens)
      this.#life.emit('response.output_text.delta', { ...fields, logprobs: tokens })
    } else {
      this.#life.emit('response.refusal.delta', fields)
    }
  }

  #citation({ block, citation }: EventOf<'citation'>): void {
    const place = this.#textPlace(block, 'text')
    const part = place?.part
    // One may still come after the text has ended, as long as the message has not.
    if (place === null || part?.kind !== 'text' || place.item.done) return
    const annotation = writeAnnotation(citation, part.text.length)
    if (annotation === null) return
    this.#life.emit('response.output_text.annotation.added', {
      ...placeOf(place.item, part),
      annotation_index: part.annotations.length,
      annotation,
    })
    part.annotations.push(annotation)
  }

  #textPlace(block: number, kind: 'text' | 'refusal'): Place | null {
    const known = this.#places.get(block)
    if (known !== undefined) return known.item.type === 'message' ? known : null
    const latest = this.#life.latest
    const isOpen = latest?.type === 'message' && !latest.done
    const item =
      (isOpen ? latest : this.#life.awaiting('message')) ??
      this.#life.open('message', { status: 'in_progress', content: [], role: 'assistant' })
    const place: Place = { item, part: this.#life.addPart(item, kind), ended: false }
    this.#places.set(block, place)
    return place
  }

  #reasoning(event: EventOf<'reasoning-delta'>): void {
    if (event.text === '') return
    const place = this.#reasoningPlace(event.block)
    if (place === null || place.ended) return
    // Clients show summaries, and few of them anything else; so what was thought is told as one,
    // except in an item of the provider's own, which keeps the two apart.
    const kind = place.item.isOwn && !event.summary ? 'content' : 'summary'
    if (place.part !== null && place.part.kind !== kind) this.#life.partDone(place.item, place.part)
    if (place.part?.kind !== kind) place.part = this.#life.addPart(place.item, kind)
    this.#hold(event.text)
    place.part.text += event.text
    const fields = { ...placeOf(place.item, place.part), delta: event.text }
    const of = kind === 'content' ? 'reasoning_text' : 'reasoning_summary_text'
    this.#life.emit(`response.${of}.delta`, fields)
  }

  #reasoningPlace(block: number): Place | null {
    const known = this.#places.get(block)
    if (known !== undefined) return known.item.type === 'reasoning' ? known : null
    const item = this.#life.awaiting('reasoning') ?? this.#life.open('reasoning', { summary: [] })
    item.awaitsBlock = false
    const place: Place = { item, part: null, ended: false }
    this.#places.set(block, place)
    return place
  }

  #signature({ kind, signedBy, signature, id, block }: EventOf<'reasoning-signature'>): void {
    const place = this.#reasoningPlace(block)
    const sealed = sealedFor(kind, signedBy, signature, id)
    if (place !== null && !place.item.done) place.item.signature = sealed
    else this.#carry(sealed)
  }

  /** A signature that belongs to no item that is still open: in one of its own. */
  #carry(sealed: string): void {
    const item = this.#life.open('reasoning', { summary: [] })
    item.signature = sealed
    this.#life.itemDone(item, 'completed')
  }

  #call({ block, id, name, custom, signature }: EventOf<'tool-start'>): void {
    if (this.#places.has(block)) return
    const type = custom ? 'custom_tool_call' : 'function_call'
    // A call has no place for a signature, so it travels just before it.
    if (signature !== null) this.#carry(sealedFor('tool', 'gemini', signature, null))
    const empty = custom ? { input: '' } : { arguments: '' }
    const fields = { status: 'in_progress', ...empty, call_id: id, name }
    const item = this.#life.awaiting(type) ?? this.#life.open(type, fields)
    item.awaitsBlock = false
    // A provider's own item may have been opened before it had a name.
    item.fields = { ...item.fields, call_id: id, name }
    this.#places.set(block, { item, part: null, ended: false })
  }

  #arguments(event: EventOf<'tool-delta'>): void {
    const place = this.#places.get(event.block)
    if (place === undefined || place.ended || place.item.done || event.arguments === '') return
    const { item } = place
    this.#hold(event.arguments)
    item.text += event.arguments
    const isFunction = item.type === 'function_call'
    const of = isFunction ? 'function_call_arguments' : 'custom_tool_call_input'
    this.#life.emit(`response.${of}.delta`, { ...placeOf(item), delta: event.arguments })
  }

  #blockEnd(block: number): void {
    const place = this.#places.get(block)
    if (place === undefined || place.ended) return
    place.ended = true
    const { item, part } = place
    switch (item.type) {
      case 'message':
        if (part !== null) this.#life.partDone(item, part)
        // Another part may follow; but an item that was opened after it says that none does.
        if (item !== this.#life.latest) this.#life.messageDone(item)
        return
      case 'function_call':
        // Arguments that were cut off wait for the finish, which tells that they were.
        if (isJsonObject(writtenArguments(item.text))) this.#life.itemDone(item, 'completed')
        return
      default:
        this.#life.itemDone(item, 'completed')
    }
  }

  /** An event of a provider that speaks this dialect, in its place of this stream. */
  #raw(event: JsonObject | null): void {
    const type = event === null ? null : textAt(event, 'type')
    if (event === null || type === null) return
    const item = objectAt(event, 'item')
    const known = this.#ownItems.get(event.output_index)
    if (type === 'response.output_item.added' && item !== null) {
      this.#ownItems.set(event.output_index, this.#openOwn(item))
    } else if (type === 'response.output_item.done' && item !== null) {
      this.#life.ownDone(known ?? this.#openOwn(item), item)
    } else if (event.output_index === undefined) {
      this.#life.emit(type, event)
    } else if (known !== undefined && !known.done) {
      const id = event.item_id === undefined ? {} : { item_id: known.id }
      this.#life.emit(type, { ...event, ...id, output_index: known.index })
    }
  }

  #openOwn(item: JsonObject): ItemDraft {
    return this.#life.open(textAt(item, 'type') ?? 'unknown', item, true)
  }

  #hold(text: string): void {
    this.#heldChars += text.length
    if (this.#heldChars > heldCharsMax) {
      const message = 'The answer of the provider is too large to be translated.'
      throw new GatewayError('upstream_protocol_error', { message })
    }
  }
}

/** Our own signatures as they are; another provider's marked as its own, to be told apart later. */
function sealedFor(
  kind: 'signature' | 'redacted' | 'tool',
  signedBy: ProtocolName,
  signature: string,
  id: string | null,
): string {
  return signedBy === dialect ? signature : seal({ kind, signedBy, signature, id })
}

function isJsonObject(text: string): boolean {
  try {
    return isObject(JSON.parse(text))
  } catch {
    return false
  }
}
