/** The ways in which the program reads a stream, each as a function from chunks to what it read. */
import { createBufferPool } from '../../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../../src/buffer/settings.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { Exchange } from '../../src/observe/exchange.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import { EventInspector } from '../../src/relay/inspector.ts'
import { Tail } from '../../src/relay/tail.ts'
import { BoundaryFinder } from '../../src/sse/boundary.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import { eventData, NOT_TEXT } from '../../src/sse/event.ts'
import type { Frame } from '../../src/sse/frame.ts'

/** Larger than anything but what a test makes too large on purpose. */
const BYTES_MAX = 1 << 20

/** What the deframer makes of chunks, and what of their end. */
export function deframed(
  chunks: readonly Uint8Array[],
  bytesMax = BYTES_MAX,
): { readonly frames: readonly Frame[]; readonly atEnd: readonly Frame[] } {
  const deframer = createDeframer('sse', bytesMax)
  const frames = chunks.flatMap((chunk) => [...deframer.push(chunk)])
  return { frames, atEnd: deframer.end() }
}

/** The bytes of each event that the finder cuts out, and what is left. */
export function cutOut(chunks: readonly Uint8Array[]): {
  readonly events: readonly Uint8Array[]
  readonly rest: Uint8Array
} {
  const finder = new BoundaryFinder()
  const events: Uint8Array[] = []
  let rest: Uint8Array = new Uint8Array(0)
  for (const chunk of chunks) {
    let start = 0
    for (let end = finder.next(chunk, 0); end !== -1; end = finder.next(chunk, end)) {
      events.push(Buffer.concat([rest, chunk.subarray(start, end)]))
      rest = new Uint8Array(0)
      start = end
    }
    rest = Buffer.concat([rest, chunk.subarray(start)])
  }
  return { events, rest }
}

/** The data of the events among `events`; null where it is not text. */
export const dataOf = (events: readonly Uint8Array[]): (string | null)[] =>
  events
    .map((event) => eventData(event))
    .filter((data) => data !== null)
    .map((data) => (data === NOT_TEXT ? null : data))

/** What an inspector let pass. */
export interface Passed {
  /** What left before the body ended. */
  readonly out: Uint8Array
  /** What was added, or let go, at its end. */
  readonly atEnd: Uint8Array
  readonly exchange: Exchange
  /** The code of the failure that its end was. */
  readonly failure: string | null
  /** Bytes of buffers that were in use at the end. */
  readonly heldBytes: number
}

/** What an inspector of `protocol` lets pass of chunks. */
export function inspected(
  protocol: Protocol,
  chunks: Iterable<Uint8Array>,
  bytesMax = BYTES_MAX,
): Passed {
  const pool = createBufferPool(bufferPoolDefaults)
  const tail = new Tail(pool)
  const exchange = new Exchange('chat-completions', 'POST')
  const inspector = new EventInspector(protocol, tail, exchange, bytesMax)
  const out: Uint8Array[] = []
  for (const chunk of chunks) {
    for (const segment of inspector.take(chunk)) out.push(segment.slice())
    inspector.settle()
  }
  const heldBytes = pool.getMetrics().totalBytes
  const atEnd: Uint8Array[] = []
  let failure: string | null = null
  try {
    for (const segment of inspector.finish()) atEnd.push(segment.slice())
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    failure = thrown.code
  }
  tail.release()
  const whole = { out: Buffer.concat(out), atEnd: Buffer.concat(atEnd) }
  return { ...whole, exchange, failure, heldBytes }
}

/** A body cut in two at every place, and into single bytes; with how it was cut. */
export function* everyCut(
  input: Uint8Array,
): Generator<{ readonly how: string; readonly chunks: readonly Uint8Array[] }> {
  for (let at = 0; at <= input.length; at += 1) {
    yield { how: `cut at ${at}`, chunks: [input.subarray(0, at), input.subarray(at)] }
  }
  const single = Array.from(input, (byte) => Uint8Array.of(byte))
  yield { how: 'a byte a chunk', chunks: single }
}
