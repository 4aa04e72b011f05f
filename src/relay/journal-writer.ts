/**
 * Writes a client's stream into its journal: takes the bytes that would have gone to the client,
 * cuts them into events, and gives each its id.
 */
import { BoundaryFinder } from '../sse/boundary.ts'
import { eventData, hasField } from '../sse/event.ts'
import type { Journal } from './journal.ts'
import type { Sink } from './outlet.ts'

const encoder = new TextEncoder()

const COLON = 0x3a

/** How what the gateway itself says beside the events begins. */
const OWN_COMMENT = ': sluice '

/** What a resumable stream is written to in the place of the client's socket. */
export class JournalWriter implements Sink {
  readonly #journal: Journal
  readonly #streamId: string
  readonly #finder = new BoundaryFinder()
  /** What came of the event that is being written. */
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  /** The event that is being written is too large for one piece, and its beginning is there. */
  #isOpen = false

  constructor(journal: Journal, streamId: string) {
    this.#journal = journal
    this.#streamId = streamId
  }

  get heldBytes(): number {
    return this.#journal.heldBytes + this.#pendingBytes
  }

  /** Takes all of it, and answers with a promise where the journal is full. */
  write(written: Uint8Array | string): number | Promise<number> {
    const bytes = typeof written === 'string' ? encoder.encode(written) : written
    let position = 0
    for (;;) {
      const end = this.#finder.next(bytes, position)
      if (end === -1) break
      this.#endEvent(bytes.subarray(position, end))
      position = end
    }
    if (position < bytes.length) this.#hold(bytes.slice(position))
    return this.#journal.whenRoom() ?? bytes.length
  }

  flush(): number {
    return 0
  }

  unblock(): void {
    this.#journal.unblock()
  }

  /** What was written of the last event is not sent to whoever reads it from now on. */
  takeBack(): void {
    this.#pending = []
    this.#pendingBytes = 0
    this.#isOpen = false
    this.#journal.takeBack()
  }

  /** The stream is over: what has no blank line behind it goes as it is. */
  close(): void {
    if (this.#pendingBytes === 0) return
    const rest = this.#takePending()
    const isEvent = this.#isOpen || rest[0] !== COLON
    const seq = isEvent ? this.#journal.head + 1 : this.#journal.head
    const isFirst = isEvent && !this.#isOpen
    this.#journal.append({ seq, isFirst, isLast: false, bytes: rest })
  }

  #endEvent(part: Uint8Array): void {
    if (this.#isOpen) {
      this.#hold(part.slice())
      this.#part(this.#takePending(), true)
      this.#isOpen = false
      return
    }
    const event = this.#pendingBytes === 0 ? part : Buffer.concat([...this.#takeParts(), part])
    if (eventData(event) !== null) this.#event(event)
    else this.#comment(event)
  }

  /**
   * Heartbeats of the provider are for one connection; with ids in the stream its blank lines make
   * Python's SDK fail (reliability 2.3). What the gateway says belongs to the event before it.
   */
  #comment(bytes: Uint8Array): void {
    if (!startsWith(bytes, OWN_COMMENT)) return
    const seq = this.#journal.head
    this.#journal.append({ seq, isFirst: false, isLast: true, bytes: bytes.slice() })
  }

  #event(event: Uint8Array): void {
    const own = hasField(event, 'id') ? withoutIds(event) : event
    if (own.length > this.#journal.pieceBytesMax) {
      this.#part(own.slice(), true)
      return
    }
    const seq = this.#journal.head + 1
    this.#journal.append({ seq, isFirst: true, isLast: true, bytes: this.#withId(seq, own) })
  }

  #withId(seq: number, event: Uint8Array): Uint8Array {
    const line = `id: ${this.#streamId}-${seq}\n`
    const bytes = new Uint8Array(line.length + event.length)
    encoder.encodeInto(line, bytes)
    bytes.set(event, line.length)
    return bytes
  }

  #hold(bytes: Uint8Array): void {
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    if (this.#pendingBytes <= this.#journal.pieceBytesMax) return
    this.#part(this.#takePending(), false)
  }

  /** A part of a large event, which may itself be cut. */
  #part(bytes: Uint8Array, isEnd: boolean): void {
    const { pieceBytesMax } = this.#journal
    const seq = this.#journal.head + 1
    let rest = this.#isOpen ? bytes : this.#withId(seq, bytes)
    let isFirst = !this.#isOpen
    this.#isOpen = !isEnd
    do {
      const piece = rest.slice(0, pieceBytesMax)
      rest = rest.subarray(piece.length)
      this.#journal.append({ seq, isFirst, isLast: isEnd && rest.length === 0, bytes: piece })
      isFirst = false
    } while (rest.length > 0)
  }

  #takePending(): Uint8Array {
    const parts = this.#takeParts()
    const [first] = parts
    return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts)
  }

  #takeParts(): Uint8Array[] {
    const parts = this.#pending
    this.#pending = []
    this.#pendingBytes = 0
    return parts
  }
}

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', 0, text.length) ===
  text

/** An event without the ids that its provider gave it: a client sends the last one that it read. */
function withoutIds(event: Uint8Array): Uint8Array {
  const text = Buffer.from(event.buffer, event.byteOffset, event.length).toString('latin1')
  return Buffer.from(text.replace(/(?<=^|[\r\n])id(?::[^\r\n]*)?(?:\r\n|\r|\n)/g, ''), 'latin1')
}
