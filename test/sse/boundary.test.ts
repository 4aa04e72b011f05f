import { describe, expect, test } from 'bun:test'
import { createParser } from 'eventsource-parser'
import { BoundaryFinder } from '../../src/sse/boundary.ts'
import { eventData } from '../../src/sse/event.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The events of `chunks` as texts, cut where the finder says, and what is left over. */
function cut(chunks: readonly Uint8Array[]): { events: string[]; rest: string } {
  const finder = new BoundaryFinder()
  const events: string[] = []
  let waiting: Uint8Array = new Uint8Array(0)
  for (const chunk of chunks) {
    let start = 0
    for (let end = finder.next(chunk, 0); end !== -1; end = finder.next(chunk, end)) {
      events.push(decoder.decode(Buffer.concat([waiting, chunk.subarray(start, end)])))
      waiting = new Uint8Array(0)
      start = end
    }
    waiting = Buffer.concat([waiting, chunk.subarray(start)])
  }
  return { events, rest: decoder.decode(waiting) }
}

const whole = (text: string) => [encoder.encode(text)]
const single = (text: string) => [...encoder.encode(text)].map((byte) => new Uint8Array([byte]))

describe('event boundaries', () => {
  const table: readonly (readonly [string, readonly string[], string])[] = [
    ['data:a\n\ndata:b\n\n', ['data:a\n\n', 'data:b\n\n'], ''],
    ['data:a\r\n\r\ndata:b\r\n\r\n', ['data:a\r\n\r\n', 'data:b\r\n\r\n'], ''],
    ['data:a\r\rdata:b\r\r', ['data:a\r\r', 'data:b\r\r'], ''],
    ['data:a\n\r\n', ['data:a\n\r\n'], ''],
    ['data:a\r\n\n', ['data:a\r\n\n'], ''],
    ['data:a\n\r', ['data:a\n\r'], ''],
    ['data:a\ndata:b\n\n', ['data:a\ndata:b\n\n'], ''],
    [': ping\n\n', [': ping\n\n'], ''],
    ['\n\ndata:a\n\n', ['\n', '\n', 'data:a\n\n'], ''],
    ['data:a\n\ndata:b\n', ['data:a\n\n'], 'data:b\n'],
    ['data:a', [], 'data:a'],
    ['', [], ''],
  ]

  test.each(table)('%j in one chunk', (text, events, rest) => {
    expect(cut(whole(text))).toEqual({ events: [...events], rest })
  })

  test.each(table)('%j keeps every byte at one byte a chunk', (text, events) => {
    const result = cut(single(text))
    expect(result.events.join('') + result.rest).toBe(text)
    const meaningful = (list: readonly string[]) => list.map((event) => event.trim())
    expect(meaningful(result.events).filter(Boolean)).toEqual(meaningful(events).filter(Boolean))
  })

  test('a CR alone ends an event without waiting for the next byte', () => {
    const finder = new BoundaryFinder()
    expect(finder.next(encoder.encode('data:a\r\r'), 0)).toBe(8)
  })

  test('a CRLF that is cut between its bytes makes no extra blank line', () => {
    const { events } = cut([encoder.encode('data:a\r\n\r'), encoder.encode('\ndata:b\r\n\r\n')])
    expect(events).toEqual(['data:a\r\n\r\n', 'data:b\r\n\r\n'])
  })

  test('a comment in CRLF is not taken for the end of the event after it', () => {
    const { events } = cut([encoder.encode(': c\r'), encoder.encode('\ndata:a\r\n\r\n')])
    expect(events).toEqual([': c\r\ndata:a\r\n\r\n'])
  })

  test('agrees with the parser for random streams and random cuts', () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1e9)
    const random = generator(seed)
    const lines = ['data: {"a":1}', 'data:x', 'event: e', ': c', 'id: 1', '', '', 'data']
    const ends = ['\n', '\r\n', '\r']
    for (let round = 0; round < 3000; round += 1) {
      // One style of line end a stream, as servers have; mixed ones are in the table above.
      const end = ends[Math.floor(random() * ends.length)] ?? '\n'
      let text = ''
      for (let count = 0; count < 12; count += 1) {
        text += `${lines[Math.floor(random() * lines.length)] ?? ''}${end}`
      }
      const chunks = randomCuts(encoder.encode(text), random)
      const { events, rest } = cut(chunks)
      expect(events.join('') + rest, `seed ${seed}, ${JSON.stringify(text)}`).toBe(text)
      const found = events.map((event) => eventData(encoder.encode(event)))
      const expected = parsed(text)
      expect(
        found.filter((data) => data !== null),
        `seed ${seed}, ${JSON.stringify(text)}`,
      ).toEqual(expected)
    }
  })
})

test('a chunk of very many events takes time in proportion', () => {
  // Looking through the rest of the chunk for each event would take seconds here.
  const bytes = new TextEncoder().encode(`data: ${'x'.repeat(100)}\n\n`.repeat(100_000))
  const finder = new BoundaryFinder()
  const startedAtMs = performance.now()
  let events = 0
  for (let at = finder.next(bytes, 0); at !== -1; at = finder.next(bytes, at)) events += 1
  expect(events).toBe(100_000)
  expect(performance.now() - startedAtMs).toBeLessThan(1000)
})

function parsed(text: string): string[] {
  const data: string[] = []
  const parser = createParser({ onEvent: (event) => data.push(event.data) })
  parser.feed(text)
  return data
}

function randomCuts(bytes: Uint8Array, random: () => number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + 1 + Math.floor(random() * 9))
    chunks.push(bytes.subarray(start, end))
    start = end
  }
  return chunks
}

/** Mulberry32: small, seeded, good enough to pick test cases. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
