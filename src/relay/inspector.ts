/**
 * Looks at the events of a stream on their way through, without touching them.
 *
 * Whole events leave as the bytes that came, as views of the chunk they came in; only an event
 * that was cut between two chunks is copied, into the stream's tail. What is learned is learned
 * from a view (design, rule 3).
 */
import { nowMs } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import type { Exchange } from '../observe/exchange.ts'
import type { Protocol, StreamWatch, Usage } from '../protocol/protocol.ts'
import { BoundaryFinder } from '../sse/boundary.ts'
import { eventData, hasField, lengthWithoutBlank, NOT_TEXT } from '../sse/event.ts'
import type { Passage } from './passage.ts'
import type { Tail } from './tail.ts'

/** A byte order mark makes the official Python SDK lose the first event, so it never leaves. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const

const LF = 10
const CR = 13

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What is kept of an event too large to hold: enough for its name and its type. */
const BEGINNING_BYTES = 512

/** The inspector of one stream. Call `take`, write the segments, then `settle`. */
export class EventInspector implements Passage {
  readonly watch: StreamWatch
  readonly #protocol: Protocol
  readonly #tail: Tail
  readonly #exchange: Exchange
  readonly #eventBytesMax: number
  readonly #finder = new BoundaryFinder()
  readonly #segments: Uint8Array[] = []
  #rest: Uint8Array | null = null
  #tailSent = false
  #oversize = false
  #beginning = ''
  #first = true
  #hasIds = false
  /** The last event ended in a CR that did not leave. */
  #keptCR = false
  readonly #holds: ((error: GatewayError) => boolean) | null
  #heldText = ''

  held: GatewayError | null = null
  /** An event was dropped whose bytes are not UTF-8, though what it says may be readable. */
  hasLostText = false
  lastEventAtMs = nowMs()

  /** @param holds whether the provider's error is held back, with all that follows it. */
  constructor(
    protocol: Protocol,
    tail: Tail,
    exchange: Exchange,
    eventBytesMax: number,
    holds: ((error: GatewayError) => boolean) | null = null,
  ) {
    this.#holds = holds
    this.#protocol = protocol
    this.watch = protocol.watch()
    this.#tail = tail
    this.#exchange = exchange
    this.#eventBytesMax = eventBytesMax
  }

  get atBoundary(): boolean {
    return !this.#oversize
  }

  get complete(): boolean {
    return this.ended || this.watch.finished
  }

  get ended(): boolean {
    // After its own error a provider has nothing more to say either.
    return this.watch.ended || this.watch.error !== null
  }

  get error(): GatewayError | null {
    return this.watch.error
  }

  get usage(): Usage | null {
    return this.watch.usage
  }

  get finishReason(): string | null {
    return this.watch.finishReason
  }

  errorEvent(error: GatewayError, requestId: string): string {
    // In the provider's own words, to the byte.
    if (error === this.held) return this.#heldText
    return this.watch.errorEvent(error, requestId)
  }

  take(chunk: Uint8Array): readonly Uint8Array[] {
    const segments = this.#segments
    segments.length = 0
    const arrivedAtMs = nowMs()
    let position = 0
    let runStart = 0
    for (;;) {
      const end = this.#finder.next(chunk, position)
      if (end === -1) break
      const part = viewOf(chunk, position, end)
      const waiting = this.#waiting
      if (waiting > 0 && waiting + part.length > this.#eventBytesMax) this.#beginOversize(part)
      if (this.#oversize) {
        // An event above the limit has ended; its last part goes as the rest of it went.
        this.#oversize = false
        this.lastEventAtMs = arrivedAtMs
        this.watch.glimpse?.(this.#beginning)
      } else if (waiting > 0) {
        this.#tail.append(part)
        this.#tailSent = true
        const event = this.#withoutMark(this.#tail.view())
        const leaves = this.#look(event, arrivedAtMs)
        if (leaves > 0) segments.push(viewOf(event, 0, leaves))
        runStart = end
      } else {
        const event = this.#withoutMark(part)
        const leaves = this.#look(event, arrivedAtMs)
        // Only the first event of a stream can be shorter than its part.
        const start = end - event.length
        if (start > position) runStart = start
        if (leaves < event.length) {
          if (start + leaves > runStart) segments.push(chunk.subarray(runStart, start + leaves))
          runStart = end
        }
      }
      position = end
      if (this.held !== null) return segments
    }
    if (position > runStart) segments.push(viewOf(chunk, runStart, position))
    if (position < chunk.length) this.#keepRest(viewOf(chunk, position, chunk.length))
    return segments
  }

  settle(): void {
    if (this.#tailSent) {
      this.#tail.clear()
      this.#tailSent = false
    }
    if (this.#rest !== null) {
      this.#tail.append(this.#rest)
      this.#rest = null
    }
  }

  finish(): readonly Uint8Array[] {
    const last = this.#takeLast()
    const { watch } = this
    const segments = last === null ? [] : [last]
    // The blank line that the last event lacks: with its line end, where that is lacking too.
    const blank = last === null ? '' : last.at(-1) === LF ? '\n' : '\n\n'
    if (this.held !== null) {
      this.#heldText += blank
      return []
    }
    // Without it some readers drop the event, and would take a failed answer for a whole one.
    // Also behind the end itself: Anthropic's SDK has no message without its last event.
    if (watch.error !== null || watch.ended) {
      return blank === '' ? segments : [...segments, encoded(blank)]
    }
    if (this.#oversize) throw new GatewayError('upstream_truncated')
    if (!this.#protocol.hasEndMarker && !this.#protocol.needsFinish) return segments
    if (!watch.finished) throw new GatewayError('upstream_incomplete')
    if (watch.missingEnd === null) {
      // Google's SDK fails on a last event without its blank line; its streams end their lines so.
      return this.#protocol.needsFinish && blank !== ''
        ? [...segments, encoded('\r\n\r\n')]
        : segments
    }
    return [...segments, encoded(`${blank}${watch.missingEnd}`)]
  }

  /**
   * What still waits at the end, if it makes an event although its blank line is missing. Servers
   * that die after the last line feed are common, and readers accept such an event.
   */
  #takeLast(): Uint8Array | null {
    if (this.#tail.length === 0) return null
    const last = this.#withoutMark(this.#tail.view())
    const data = eventData(last)
    if (data === null || data === NOT_TEXT || this.watch.look(data) === 'invalid') return null
    this.#exchange.events += 1
    this.#hold(last)
    return last
  }

  /** The event without the byte order mark that only the first one of a stream can have. */
  #withoutMark(event: Uint8Array): Uint8Array {
    const isFirst = this.#first
    this.#first = false
    if (!isFirst || !isMarked(event)) return event
    // Of two, readers would take the second away and read a line that is none (WPT format-bom-2).
    const unmarked = event.subarray(BYTE_ORDER_MARK.length)
    return isMarked(unmarked) ? event : unmarked
  }

  /** How many bytes of the event that is being read wait in the tail. */
  get #waiting(): number {
    return this.#tailSent ? 0 : this.#tail.length
  }

  #keepRest(rest: Uint8Array): void {
    if (!this.#oversize && this.#waiting + rest.length <= this.#eventBytesMax) {
      this.#rest = rest
      return
    }
    if (!this.#oversize) this.#beginOversize(rest)
    // Bytes of an event too large to hold are its only sign of life.
    this.lastEventAtMs = nowMs()
    const remains = this.#withoutMark(rest)
    if (remains.length > 0) this.#segments.push(remains)
  }

  /** With `next` the event is larger than may be held: from here on it passes as it comes. */
  #beginOversize(next: Uint8Array): void {
    this.#oversize = true
    this.#exchange.oversizeEvents += 1
    const waiting = this.#waiting
    const waited = this.#tail.view().subarray(0, Math.min(waiting, BEGINNING_BYTES))
    const beginning = Buffer.concat([waited, next.subarray(0, BEGINNING_BYTES)])
    this.#beginning = beginning.subarray(0, BEGINNING_BYTES).toString()
    if (waiting === 0) return
    this.#segments.push(this.#withoutMark(this.#tail.view()))
    this.#tailSent = true
  }

  /** Looks at one whole event; how many of its first bytes may be forwarded. */
  #look(event: Uint8Array, arrivedAtMs: number): number {
    // An LF that a chunk cut from its CR would be a blank line of its own where that was dropped.
    const isRestOfCRLF = this.#keptCR && event.length === 1 && event[0] === LF
    const leaves = isRestOfCRLF ? 0 : this.#leaves(event, arrivedAtMs)
    this.#keptCR = leaves < event.length && event[event.length - 1] === CR
    return leaves
  }

  #leaves(event: Uint8Array, arrivedAtMs: number): number {
    const data = eventData(event)
    this.#hasIds ||= hasField(event, 'id')
    if (data === null) return this.#withoutData(event)
    const exchange = this.#exchange
    this.lastEventAtMs = arrivedAtMs
    if (exchange.firstEventAtMs === 0) exchange.firstEventAtMs = arrivedAtMs
    const sighting = data === NOT_TEXT ? 'invalid' : this.watch.look(data)
    if (sighting === 'invalid' && this.#protocol.dropsInvalid) {
      exchange.droppedEvents += 1
      this.hasLostText ||= data === NOT_TEXT
      return 0
    }
    exchange.events += 1
    if (sighting === 'error' && this.#hold(event)) return 0
    if (sighting === 'content') exchange.gaps.seen()
    return event.length
  }

  /** Holds back the event of an error, where that is wanted. */
  #hold(event: Uint8Array): boolean {
    const { error } = this.watch
    if (error === null || this.watch.finished || this.#holds?.(error) !== true) return false
    this.held = error
    this.#heldText = new TextDecoder().decode(event)
    return true
  }

  /**
   * A blank line without data before it is no event, but the official Python SDK makes one of it
   * where there was a `retry:`, an `event:`, or ever an `id:`, and dies of its empty data. Without
   * the blank line all readers take what is there for a part of the next event, with the same
   * result; only an event's name must not get there.
   */
  #withoutData(event: Uint8Array): number {
    if (!this.#protocol.dropsInvalid) return event.length
    if (hasField(event, 'event')) return 0
    const isComment = !this.#hasIds && !hasField(event, 'retry')
    return isComment ? event.length : lengthWithoutBlank(event)
  }
}

const isMarked = (event: Uint8Array): boolean =>
  BYTE_ORDER_MARK.every((byte, index) => event[index] === byte)

/** A part of a chunk; the chunk itself where that is all of it, as with one event a chunk. */
function viewOf(chunk: Uint8Array, start: number, end: number): Uint8Array {
  return start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end)
}
