/** Reads an answer as far as the commit point: the first event with content. */
import { GatewayError } from '../core/errors.ts'
import type { Protocol, StreamWatch } from '../protocol/protocol.ts'
import { BoundaryFinder } from '../sse/boundary.ts'
import { createDeframer } from '../sse/deframe.ts'
import type { Frame } from '../sse/frame.ts'

/** What was read, and whether the body ended with it. */
export interface Head {
  readonly chunks: readonly Uint8Array[]
  readonly ended: boolean
}

/**
 * Reads until an event with content, an end marker, or `bytesMax`; whichever comes first. Until
 * then a failure can still be an HTTP status, and another target can still be tried.
 * @throws GatewayError with the provider's own error where that is its first event,
 *   `upstream_empty` for a body without events, `upstream_incomplete` for one that only began.
 */
export async function readFirstContent(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  protocol: Protocol,
  bytesMax: number,
): Promise<Head> {
  const watch = protocol.watch()
  // The deframer never sees more than `bytesMax`, so its own bound is not what ends this.
  const deframer = createDeframer(protocol.framing, Number.MAX_SAFE_INTEGER)
  const finder = protocol.framing === 'sse' ? new BoundaryFinder() : null
  const chunks: Uint8Array[] = []
  let bytes = 0
  let events = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done || value === undefined) break
    chunks.push(value)
    bytes += value.length
    for (const piece of finder === null ? [value] : eventsOf(value, finder)) {
      const frames = deframer.push(piece)
      events += frames.length
      if (commits(frames, watch)) return { chunks, ended: false }
    }
    if (bytes > bytesMax) return { chunks, ended: false }
  }
  // The body ended before any content did: an unterminated event may still be good.
  const last = deframer.end()
  if (commits(last, watch)) return { chunks, ended: true }
  const endIsEnough = !protocol.hasEndMarker && protocol.needsFinish !== true
  if (watch.finished || (endIsEnough && chunks.length > 0)) return { chunks, ended: true }
  const silent = events + last.length === 0
  throw new GatewayError(silent ? 'upstream_empty' : 'upstream_incomplete')
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

/** Whether one of the frames is what the client has waited for. Throws the provider's own error. */
function commits(frames: readonly Frame[], watch: StreamWatch): boolean {
  for (const { data, event } of frames) {
    const sighting = watch.look(data, event)
    if (sighting === 'error' && watch.error !== null) throw watch.error
    if (sighting === 'content' || sighting === 'end') return true
  }
  return false
}
