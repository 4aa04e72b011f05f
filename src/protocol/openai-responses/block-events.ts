/** The items of a response while they come, and the hub's events that tell of them. */
import { type JsonObject, textAt } from '../../core/json.ts'
import type { HubEvent, Logprobs } from '../hub/events.ts'
import { madeToolCallId } from '../hub/ids.ts'
import type { Citation } from '../hub/request.ts'
import { dialect, type KnownItemType, ownNative, partSeparator } from './words.ts'

/** Characters that a call may have before its name is known. */
const heldCharsMax = 4_194_304

/** A block of the hub. */
interface Block {
  readonly number: number
  /** How much of its text was said. */
  chars: number
  citations: number
  ended: boolean
}

/** An item of the output. */
export interface Item {
  /** Null for one that the hub has no words for. */
  readonly type: KnownItemType | null
  /** Of a message, by kind and content index; anything else has one, under a name of its own. */
  readonly blocks: Map<string, Block>
  /** Which part of a reasoning item the last text belonged to; empty before the first. */
  place: string
  /** Arguments of a call whose name is not yet known. */
  held: string
  ended: boolean
}

/** An item of which nothing was said yet. */
export function newItem(type: KnownItemType | null): Item {
  return { type, blocks: new Map(), place: '', held: '', ended: false }
}

/** Collects the events of one response, and numbers its blocks and calls. */
export class BlockEvents {
  #events: HubEvent[] = []
  #blockCount = 0
  #callCount = 0
  /** The id of the response, from which ids of calls are made that came without. */
  answerId = ''

  /** A call has ended that was never named. */
  hasUnnamedCall = false

  /** Whether the client has been asked to run a tool. */
  get hasCalls(): boolean {
    return this.#callCount > 0
  }

  /** The events since the last time. */
  take(): HubEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /** Adds an event that is not of a block. */
  push(event: HubEvent): void {
    this.#events.push(event)
  }

  /** Adds what only this dialect understands: an event, without what concerns its stream. */
  raw(event: JsonObject): void {
    const { sequence_number: _number, obfuscation: _padding, ...kept } = event
    this.#events.push({ type: 'raw', choice: 0, native: ownNative(kept) })
  }

  /** Text of a message. @param key begins with `refusal` where it is one. */
  say(item: Item, key: string, text: string, logprobs: Logprobs | null): void {
    const block = this.#block(item, key)
    // What comes behind the whole text is a repetition, or out of order.
    if (block.ended) return
    block.chars += text.length
    const place = { choice: 0, block: block.number, text }
    if (key.startsWith('refusal')) this.#events.push({ type: 'refusal', ...place })
    else this.#events.push({ type: 'text-delta', ...place, logprobs })
  }

  /** A source of a text. */
  cite(item: Item, key: string, citation: Citation): void {
    const block = this.#block(item, key)
    block.citations += 1
    this.#events.push({ type: 'citation', choice: 0, block: block.number, citation })
  }

  /** Text of a reasoning item; the parts of one are one text in the hub. */
  think(item: Item, place: string, text: string, summary: boolean): void {
    const block = this.#block(item, 'reasoning')
    if (block.ended) return
    const separator = block.chars > 0 && item.place !== place ? partSeparator : ''
    item.place = place
    block.chars += text.length
    const said = separator + text
    const { number } = block
    this.#events.push({ type: 'reasoning-delta', choice: 0, block: number, text: said, summary })
  }

  /** What the next turn must send back. */
  sign(item: Item, signature: string, id: string | null): void {
    const block = this.#block(item, 'reasoning')
    this.#events.push({
      type: 'reasoning-signature',
      choice: 0,
      block: block.number,
      kind: block.chars > 0 ? 'signature' : 'redacted',
      signature,
      signedBy: dialect,
      id,
    })
  }

  /** Begins a call as soon as its name is known, and says the arguments that came before. */
  startCall(item: Item, said: JsonObject): void {
    const name = textAt(said, 'name')
    if (!name || item.blocks.has('call')) return
    const id = textAt(said, 'call_id') || madeToolCallId(this.answerId, 0, this.#callCount)
    this.#callCount += 1
    this.#events.push({
      type: 'tool-start',
      choice: 0,
      block: this.#block(item, 'call').number,
      id,
      name,
      custom: item.type === 'custom_tool_call',
      signature: null,
    })
    const held = item.held
    item.held = ''
    this.sayArguments(item, held)
  }

  /** A fragment of a call's arguments. */
  sayArguments(item: Item, text: string): void {
    const block = item.blocks.get('call')
    if (block === undefined) {
      if (item.held.length + text.length <= heldCharsMax) item.held += text
      return
    }
    if (text === '' || block.ended) return
    block.chars += text.length
    this.#events.push({ type: 'tool-delta', choice: 0, block: block.number, arguments: text })
  }

  /** Whether any text of a block was said. */
  hasText(item: Item | undefined, key: string): boolean {
    return (item?.blocks.get(key)?.chars ?? 0) > 0
  }

  /** Ends an item and every block of it. */
  close(item: Item): void {
    item.ended = true
    const isCall = item.type === 'function_call' || item.type === 'custom_tool_call'
    if (isCall && !item.blocks.has('call')) this.hasUnnamedCall = true
    for (const key of item.blocks.keys()) this.end(item, key)
  }

  /** Ends one block, if there is one. */
  end(item: Item, key: string): void {
    const block = item.blocks.get(key)
    if (block === undefined || block.ended) return
    block.ended = true
    this.#events.push({ type: 'block-end', choice: 0, block: block.number })
  }

  #block(item: Item, key: string): Block {
    const known = item.blocks.get(key)
    if (known !== undefined) return known
    const made: Block = { number: this.#blockCount, chars: 0, citations: 0, ended: false }
    this.#blockCount += 1
    item.blocks.set(key, made)
    return made
  }
}
