/** Server-sent events as a client reads them, with `eventsource-parser` as the judge. */
import { createParser } from 'eventsource-parser'
import type { RawResponse } from './response.ts'

/** An event or a comment, and when it was complete. */
export interface ReadEvent {
  readonly kind: 'event' | 'comment'
  /** Null where the stream names none, which means `message`. */
  readonly event: string | null
  readonly id: string | null
  readonly data: string
  /** Monotonic milliseconds. */
  readonly atMs: number
}

function reader(take: (event: ReadEvent) => void): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder()
  const parser = createParser({
    onEvent: ({ event, id, data }) => {
      const names = { event: event ?? null, id: id ?? null }
      take({ kind: 'event', ...names, data, atMs: performance.now() })
    },
    onComment: (data) => {
      take({ kind: 'comment', event: null, id: null, data, atMs: performance.now() })
    },
  })
  return (bytes) => parser.feed(decoder.decode(bytes, { stream: true }))
}

/** All events and comments of a stream that is there in full. */
export function parseSse(bytes: Uint8Array): ReadEvent[] {
  const events: ReadEvent[] = []
  reader((event) => events.push(event))(bytes)
  return events
}

/** The events and comments of a response as they arrive, until it ends, however it ends. */
export async function* readSse(
  response: RawResponse,
  withinMs = 10_000,
): AsyncGenerator<ReadEvent> {
  const events: ReadEvent[] = []
  const feed = reader((event) => events.push(event))
  let taken = 0
  while (true) {
    for (const piece of response.piecesFrom(taken)) {
      taken++
      feed(piece)
    }
    yield* events.splice(0)
    if (response.ending !== null && response.piecesFrom(taken).length === 0) return
    await response.until(
      () => response.ending !== null || response.piecesFrom(taken).length > 0,
      'the next event',
      withinMs,
    )
  }
}
