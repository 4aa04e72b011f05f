/** What a client has been told so far, as far as another answer could go on from it. */
import { isObject, objectAt } from '../core/json.ts'
import type { HubEvent } from '../protocol/hub/events.ts'
import type { Native } from '../protocol/hub/request.ts'

/** More blocks of plain text, and what frames them, than any answer has. */
const EVENTS_MAX = 1024

/**
 * The transcript of one stream. It is plain as long as the client was told nothing but text, in one
 * answer: everything else cannot be continued by another model without guessing.
 */
export class Transcript {
  readonly #bytesMax: number
  #bytes = 0
  #text = ''
  #isPlain = true
  #openBlock: number | null = null
  #nextBlock = 0
  /** The events so far with joined texts, for a writer that was not there; null where one was. */
  #events: HubEvent[] | null

  /**
   * @param bytesMax how much text is kept, in bytes of UTF-8; beyond it the stream is not plain.
   * @param keepsEvents for streams that pass as they are, for which nobody writes yet.
   */
  constructor(bytesMax: number, keepsEvents: boolean) {
    this.#bytesMax = bytesMax
    this.#events = keepsEvents ? [] : null
  }

  /** Bytes of text that are kept. */
  get heldBytes(): number {
    return this.#isPlain ? this.#bytes : 0
  }

  /** The text of the answer. */
  get text(): string {
    return this.#text
  }

  /** Whether the text is all there is to go on from, and some of it is there. */
  get isPlain(): boolean {
    return this.#isPlain && this.#text !== ''
  }

  /** Whether there is still something to take down. */
  get isKept(): boolean {
    return this.#isPlain
  }

  /** The block of text that has not ended, or null. */
  get openBlock(): number | null {
    return this.#openBlock
  }

  /** A number that no block has had. */
  get nextBlock(): number {
    return this.#nextBlock
  }

  /** The events up to here, once: from now on a writer is there. */
  takeEvents(): readonly HubEvent[] {
    const events = this.#events ?? []
    this.#events = null
    return events
  }

  /** Nothing can be continued from here on. */
  spoil(): void {
    this.#isPlain = false
    this.#text = ''
    this.#events = null
  }

  /** Takes down what the client is told. */
  note(event: HubEvent): void {
    if (!this.#isPlain) return
    switch (event.type) {
      case 'text-delta':
        if (event.choice !== 0 || event.logprobs !== null) this.spoil()
        else this.#noteText(event)
        return
      case 'block-end':
        if (event.block === this.#openBlock) this.#openBlock = null
        this.#keep(event)
        return
      case 'raw':
        if (!isFraming(event.native)) this.spoil()
        else if (!isPing(event.native)) this.#keep(event)
        return
      case 'start':
        this.#keep(event)
        return
      case 'usage':
        // Counts are those of the answer that finishes; this one has not.
        return
      default:
        this.spoil()
    }
  }

  #noteText(event: Extract<HubEvent, { type: 'text-delta' }>): void {
    this.#bytes += Buffer.byteLength(event.text)
    if (this.#bytes > this.#bytesMax) {
      this.spoil()
      return
    }
    this.#text += event.text
    this.#openBlock = event.block
    this.#nextBlock = Math.max(this.#nextBlock, event.block + 1)
    const last = this.#events?.at(-1)
    if (last?.type === 'text-delta' && last.block === event.block) {
      this.#events?.splice(-1, 1, { ...last, text: last.text + event.text })
    } else {
      this.#keep(event)
    }
  }

  #keep(event: HubEvent): void {
    if (this.#events === null) return
    this.#events.push(event)
    if (this.#events.length > EVENTS_MAX) this.spoil()
  }
}

/** Whether a native value only stands around text and holds nothing of the answer. */
function isFraming({ dialect, value }: Native): boolean {
  if (!isObject(value)) return false
  if (dialect === 'openai-responses') return objectAt(value, 'item')?.type === 'message'
  if (dialect !== 'anthropic-messages') return false
  const event = objectAt(value, 'event')
  if (event?.type === 'ping' || event?.type === 'message_start') return true
  const opens = event?.type === 'content_block_start'
  return opens && objectAt(event, 'content_block')?.type === 'text'
}

const isPing = ({ value }: Native): boolean =>
  isObject(value) && objectAt(value, 'event')?.type === 'ping'
