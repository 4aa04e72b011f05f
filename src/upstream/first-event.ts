/** Reads an answer as far as the commit point: the first event with content. */
import { GatewayError } from '../core/errors.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { BoundaryFinder } from '../sse/boundary.ts'
import { eventData, NOT_TEXT } from '../sse/event.ts'

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
  const finder = new BoundaryFinder()
  const chunks: Uint8Array[] = []
  let waiting: Uint8Array = new Uint8Array(0)
  let bytes = 0
  let events = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done || value === undefined) break
    chunks.push(value)
    bytes += value.length
    let start = 0
    for (let end = finder.next(value, 0); end !== -1; end = finder.next(value, end)) {
      const part = value.subarray(start, end)
      const data = eventData(waiting.length === 0 ? part : Buffer.concat([waiting, part]))
      waiting = new Uint8Array(0)
      start = end
      if (data === null || data === NOT_TEXT) continue
      events += 1
      const sighting = watch.look(data)
      if (sighting === 'error' && watch.error !== null) throw watch.error
      if (sighting === 'content' || sighting === 'end') return { chunks, ended: false }
    }
    if (bytes > bytesMax) return { chunks, ended: false }
    // A copy: what the runtime read into is its own.
    if (start < value.length) waiting = Buffer.concat([waiting, value.subarray(start)])
  }
  return lastChance(chunks, waiting, events, protocol)
}

/** The body ended before any content did: an unterminated event may still be good. */
function lastChance(
  chunks: readonly Uint8Array[],
  waiting: Uint8Array,
  events: number,
  protocol: Protocol,
): Head {
  const data = waiting.length === 0 ? null : eventData(waiting)
  if (typeof data === 'string') {
    const watch = protocol.watch()
    const sighting = watch.look(data)
    if (sighting === 'error' && watch.error !== null) throw watch.error
    if (sighting === 'content' || sighting === 'end') return { chunks, ended: true }
  }
  if (!protocol.hasEndMarker && chunks.length > 0) return { chunks, ended: true }
  throw new GatewayError(events === 0 ? 'upstream_empty' : 'upstream_incomplete')
}
