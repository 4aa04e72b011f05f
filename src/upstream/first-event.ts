/** Reads an answer as far as the commit point: the first event with content, or what holds it. */
import type { Sweep } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import type { Protocol, StreamWatch, Usage } from '../protocol/protocol.ts'
import type { BodyReader } from '../provider/call.ts'
import { BoundaryFinder } from '../sse/boundary.ts'
import { createDeframer } from '../sse/deframe.ts'
import type { Deframer, Frame } from '../sse/frame.ts'
import { HoldWindow } from './hold.ts'

/** What was read, and where the rest comes from. */
export interface Head {
  readonly chunks: readonly Uint8Array[]
  /** Null where the body ended with the chunks. */
  readonly rest: BodyReader | null
}

/** How far an answer is read before it is committed. Times in milliseconds. */
export interface HeadLimits {
  readonly bufferedBytesMax: number
  readonly holdMs: number
  readonly holdBytes: number
  readonly idleTimeoutMs: number
}

/** What the reading has to do with the attempt that it belongs to. */
export interface HeadOwner {
  readonly sweep: Sweep
  /** The first content is there: its clock has nothing left to wait for. */
  contentSeen(): void
  /** What the provider counted of an answer that is not used; it may be paid for all the same. */
  counted(usage: Usage): void
  /** Ends the attempt, and with it the reading. */
  fail(error: GatewayError): void
}

/**
 * Reads until an event with content, an end marker, or the bytes that may be held; whichever comes
 * first. With a hold window it goes on until that closes or the answer is whole. Until then a
 * failure can still be an HTTP status, and another target can still be tried.
 * @throws GatewayError with the provider's own error where that is among its events,
 *   `upstream_empty` for a body without events, `upstream_incomplete` for one that only began.
 *   What the reader throws passes as it is.
 */
export async function readFirstContent(
  reader: BodyReader,
  protocol: Protocol,
  limits: HeadLimits,
  owner: HeadOwner,
): Promise<Head> {
  const look = new HeadLook(protocol)
  try {
    return await readHead(reader, look, limits, owner)
  } catch (thrown) {
    if (look.usage !== null) owner.counted(look.usage)
    throw thrown
  }
}

async function readHead(
  reader: BodyReader,
  look: HeadLook,
  limits: HeadLimits,
  owner: HeadOwner,
): Promise<Head> {
  const chunks: Uint8Array[] = []
  const isHeld = limits.holdMs > 0 || limits.holdBytes > 0
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done || value === undefined) break
    chunks.push(value)
    bytes += value.length
    look.at(value, isHeld)
    if (look.hasContent || bytes > limits.bufferedBytesMax) {
      owner.contentSeen()
      if (!isHeld || look.isWhole) return { chunks, rest: reader }
      return hold(reader, look, chunks, limits, owner)
    }
  }
  // The body ended before any content did: an unterminated event may still be good.
  look.atEnd(chunks.length > 0, isHeld)
  return { chunks, rest: null }
}

/** Goes on reading behind the first content, so that what fails in the window fails over. */
async function hold(
  reader: BodyReader,
  look: HeadLook,
  chunks: Uint8Array[],
  limits: HeadLimits,
  owner: HeadOwner,
): Promise<Head> {
  const held = chunks.reduce((sum, { length }) => sum + length, 0)
  const window = new HoldWindow(reader, held, limits, owner)
  try {
    for (;;) {
      const read = await window.read()
      if (read === 'closed') return { chunks, rest: window.rest }
      if (read.done || read.value === undefined) break
      chunks.push(read.value)
      if (look.at(read.value, true)) window.progress()
      if (look.isWhole) return { chunks, rest: reader }
    }
  } finally {
    window.close()
  }
  look.atEnd(true, true)
  return { chunks, rest: null }
}

/** What the first events of an answer say of it. */
class HeadLook {
  hasContent = false
  readonly #protocol: Protocol
  readonly #watch: StreamWatch
  readonly #deframer: Deframer
  readonly #finder: BoundaryFinder | null
  #events = 0

  constructor(protocol: Protocol) {
    this.#protocol = protocol
    this.#watch = protocol.watch()
    // The deframer never sees more than may be held, so its own bound is not what ends this.
    this.#deframer = createDeframer(protocol.framing, Number.MAX_SAFE_INTEGER)
    this.#finder = protocol.framing === 'sse' ? new BoundaryFinder() : null
  }

  /** What was counted so far. */
  get usage(): Usage | null {
    return this.#watch.usage
  }

  /** The answer has its finish: what breaks from here on breaks nothing. */
  get isWhole(): boolean {
    return this.#watch.ended || this.#watch.finished
  }

  /**
   * Looks at a chunk; as far as the first content, or at `all` of it.
   * @returns whether an event ended in it.
   * @throws GatewayError the provider's own error.
   */
  at(chunk: Uint8Array, all: boolean): boolean {
    const before = this.#events
    for (const piece of this.#finder === null ? [chunk] : eventsOf(chunk, this.#finder)) {
      const frames = this.#deframer.push(piece)
      this.#events += frames.length
      this.#look(frames, all)
      if (this.hasContent && !all) break
    }
    return this.#events > before
  }

  /**
   * Looks at what is left when the body has ended.
   * @throws GatewayError where this is no end that an answer may have.
   */
  atEnd(hasBytes: boolean, isHeld: boolean): void {
    const last = this.#deframer.end()
    this.#look(last, true)
    // Without a window content commits the answer, also one that will be found to be cut off.
    if (this.isWhole || (this.hasContent && !isHeld)) return
    if (!this.#protocol.hasEndMarker && this.#protocol.needsFinish !== true && hasBytes) return
    const silent = this.#events + last.length === 0
    throw new GatewayError(silent ? 'upstream_empty' : 'upstream_incomplete')
  }

  #look(frames: readonly Frame[], all: boolean): void {
    for (const { data, event } of frames) {
      const sighting = this.#watch.look(data, event)
      if (sighting === 'error' && this.#watch.error !== null) throw this.#watch.error
      if (sighting === 'content' || sighting === 'end') this.hasContent = true
      if (this.hasContent && !all) return
    }
  }
}

/** A chunk an event at a time, so that nothing behind the first content is looked at twice. */
function* eventsOf(chunk: Uint8Array, finder: BoundaryFinder): Generator<Uint8Array> {
  let start = 0
  for (let end = finder.next(chunk, 0); end !== -1; end = finder.next(chunk, end)) {
    yield chunk.subarray(start, end)
    start = end
  }
  if (start < chunk.length) yield chunk.subarray(start)
}
