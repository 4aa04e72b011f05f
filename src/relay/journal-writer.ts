/**
 * Writes a client's stream into its journal: takes the bytes that would have gone to the client,
 * cuts them into events, and gives each its id.
 */
import { BoundaryFinder } from '../sse/boundary.ts'
import { eventData, lengthWithoutBlank } from '../sse/event.ts'
import type { Journal } from './journal.ts'
import type { Sink } from './outlet.ts'

const encoder = new TextEncoder()

const COLON = 0x3a
const LF = 10
const CR = 13

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
    // The CR of a blank line that was thought to have its LF behind it.
    if (rest.at(-1) === CR && (rest.at(-2) === CR || rest.at(-2) === LF)) {
      this.#endEvent(rest)
      return
    }
    const isEvent = this.#isOpen || rest[0] !== COLON
    const seq = isEvent ? this.#journal.head + 1 : this.#journal.head
    const isFirst = isEvent && !this.#isOpen
    this.#journal.append({ seq, isFirst, isLast: false, bytes: rest })
  }

  #endEvent(part: Uint8Array): void {
    if (this.#isOpen) {
      this.#part(Buffer.concat([...this.#takeParts(), part]), true)
      return
    }
    const event = this.#pendingBytes === 0 ? part : Buffer.concat([...this.#takeParts(), part])
    if (saysSomething(event)) this.#event(event)
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
    if (event.length > this.#journal.pieceBytesMax) {
      this.#part(event.slice(), true)
      return
    }
    const seq = this.#journal.head + 1
    this.#journal.append({ seq, isFirst: true, isLast: true, bytes: this.#withId(seq, event) })
  }

  /**
   * With the id as the last line: so it takes the place of one that the provider gave, and Google's
   * SDK, which knows no line but the data, fails instead of leaving events out.
   */
  #withId(seq: number, event: Uint8Array): Uint8Array {
    const line = `id: ${this.#streamId}-${seq}\n`
    const end = lengthWithoutBlank(event)
    const bytes = new Uint8Array(line.length + event.length)
    bytes.set(event.subarray(0, end))
    encoder.encodeInto(line, bytes.subarray(end))
    bytes.set(event.subarray(end), end + line.length)
    return bytes
  }

  #hold(bytes: Uint8Array): void {
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    if (this.#pendingBytes <= this.#journal.pieceBytesMax) return
    const pending = this.#takePending()
    // The ends of its last lines wait for the id, which must come before a blank one.
    let end = pending.length
    while (end > 0 && (pending[end - 1] === LF || pending[end - 1] === CR)) end -= 1
    this.#part(pending.subarray(0, end), false)
    this.#pending = [pending.slice(end)]
    this.#pendingBytes = pending.length - end
  }

  /** A part of a large event, which may itself be cut. */
  #part(bytes: Uint8Array, isEnd: boolean): void {
    const { pieceBytesMax } = this.#journal
    const seq = this.#journal.head + 1
    let rest = isEnd ? this.#withId(seq, bytes) : bytes
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

/** Whether an event has data. Nearly every one shows it by the beginning of a line. */
function saysSomething(event: Uint8Array): boolean {
  const bytes = Buffer.from(event.buffer, event.byteOffset, event.length)
  if (startsWith(event, 'data:') || bytes.includes('\ndata:')) return true
  return eventData(event) !== null
}

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', 0, text.length) ===
  text
