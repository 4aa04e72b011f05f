/**
 * An answer that passes as it is, and is read along the way: if it breaks, a writer of the client's
 * dialect goes on where its last event left off.
 */
import type { GatewayError } from '../core/errors.ts'
import type { Exchange } from '../observe/exchange.ts'
import type { Protocol, Usage } from '../protocol/protocol.ts'
import {
  type AnswerContext,
  type EventReader,
  type EventWriter,
  translationOf,
} from '../protocol/translation.ts'
import { createDeframer } from '../sse/deframe.ts'
import type { Deframer, Frame } from '../sse/frame.ts'
import { EventInspector } from './inspector.ts'
import type { Passage } from './passage.ts'
import type { Tail } from './tail.ts'
import type { Transcript } from './transcript.ts'

const LF = 10
const CR = 13
const crlf = Buffer.from('\r\n')

/** The way of one stream through the inspector, with a reader beside it. */
export class WatchedInspector implements Passage {
  readonly #protocol: Protocol
  readonly #inspector: EventInspector
  readonly #deframer: Deframer
  readonly #reader: EventReader
  readonly #transcript: Transcript
  #readError = false
  #usesCRLF = false
  #afterCR = false
  /** The end of the last chunk, which the deframer is not given before the next one. */
  #waiting: Uint8Array = new Uint8Array(0)

  /** @param holds whether an error would be recovered from at this moment. */
  constructor(
    protocol: Protocol,
    tail: Tail,
    exchange: Exchange,
    bytesMax: number,
    transcript: Transcript,
    holds: (error: GatewayError) => boolean,
  ) {
    this.#protocol = protocol
    this.#deframer = createDeframer(protocol.framing, bytesMax)
    this.#reader = translationOf(protocol).reader()
    this.#transcript = transcript
    // What the reader took for content behind the error would be in the transcript, and not sent.
    const isHeld = (error: GatewayError): boolean =>
      this.#readError && !this.#inspector.hasLostText && holds(error)
    this.#inspector = new EventInspector(protocol, tail, exchange, bytesMax, isHeld)
  }

  take(chunk: Uint8Array): readonly Uint8Array[] {
    if (this.#transcript.isKept) this.#look(chunk)
    const segments = this.#inspector.take(chunk)
    // The reader may have made text of an event that does not pass.
    if (this.#inspector.hasLostText) this.#transcript.spoil()
    return segments
  }

  settle(): void {
    this.#inspector.settle()
  }

  finish(): readonly Uint8Array[] {
    // An event without its blank line is only sent where the answer is whole, or its error.
    const last = this.#deframer.end().flatMap((frame) => this.#reader.read(frame))
    this.#readError ||= last.some(({ type }) => type === 'error')
    return this.#inspector.finish()
  }

  errorEvent(error: GatewayError, requestId: string): string {
    return this.#inspector.errorEvent(error, requestId)
  }

  /** A writer that stands where this stream does. */
  writer(context: AnswerContext): EventWriter {
    const writer = translationOf(this.#protocol).writer(context)
    writer.write(this.#transcript.takeEvents())
    const { nextSequenceNumber } = this.#inspector.watch
    if (nextSequenceNumber !== undefined) writer.countFrom?.(nextSequenceNumber)
    return writer
  }

  get atBoundary(): boolean {
    return this.#inspector.atBoundary
  }

  get complete(): boolean {
    return this.held === null && this.#inspector.complete
  }

  get ended(): boolean {
    return this.held === null && this.#inspector.ended
  }

  get lastEventAtMs(): number {
    return this.#inspector.lastEventAtMs
  }

  get error(): GatewayError | null {
    return this.held === null ? this.#inspector.error : null
  }

  get held(): GatewayError | null {
    return this.#inspector.held
  }

  get usage(): Usage | null {
    return this.#inspector.usage
  }

  get finishReason(): string | null {
    return this.#inspector.finishReason
  }

  #look(chunk: Uint8Array): void {
    try {
      for (const frame of this.#deframer.push(this.#whole(chunk))) {
        // What came behind an error in the same chunk is not sent, and spoils nothing.
        if (!this.#readError) this.#note(frame)
      }
    } catch {
      // An event too large to be held passes unseen.
      this.#transcript.spoil()
    }
  }

  /**
   * As much of what came as the inspector looks at: where lines end in CRLF, a CR at the end of a
   * chunk waits for its LF. To read it at once would take down an event that was not sent yet.
   */
  #whole(chunk: Uint8Array): Uint8Array {
    if (chunk.length === 0) return chunk
    const bytes = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk])
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#usesCRLF ||= (this.#afterCR && bytes[0] === LF) || text.includes(crlf)
    this.#afterCR = bytes.at(-1) === CR
    const end = this.#usesCRLF && this.#afterCR ? bytes.length - 1 : bytes.length
    this.#waiting = bytes.slice(end)
    return bytes.subarray(0, end)
  }

  #note(frame: Frame): void {
    for (const event of this.#reader.read(frame)) {
      if (event.type === 'error') this.#readError = true
      else this.#transcript.note(event)
    }
  }
}
