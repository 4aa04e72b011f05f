/** What is kept of a stream: which events, with which ids, however they were written. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Journal } from '../../src/relay/journal.ts'
import { JournalMemory } from '../../src/relay/journal-memory.ts'
import { JournalWriter } from '../../src/relay/journal-writer.ts'
import { parseSse } from '../kit/sse.ts'

const bytesMax = 64 * 1024
const memory = (totalBytes = 1 << 30) => new JournalMemory(totalBytes, () => false)

/** All that is kept from a position on. */
function textFrom(journal: Journal, from: number): string {
  const pieces: Uint8Array[] = []
  for (let position = from; position < journal.end; position += 1) {
    const piece = journal.at(position)
    if (piece !== undefined) pieces.push(piece.bytes)
  }
  return Buffer.concat(pieces).toString()
}

const eventsIn = (text: string) =>
  parseSse(Buffer.from(text))
    .filter(({ kind }) => kind === 'event')
    .map(({ event, data, id }) => ({ event, data, id }))

const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
const line = fc.string({ maxLength: 30 }).map((text) => text.replace(/[\r\n\0]/g, '.'))
const written = fc
  .record({
    end: lineEnd,
    data: fc.array(line, { minLength: 1, maxLength: 3 }),
    name: fc.option(fc.constantFrom('ping', 'message_stop')),
    ownId: fc.option(fc.constantFrom('7', 'x-9')),
    comment: fc.option(line),
    padding: fc.constantFrom(0, 0, 0, 10, 17_000, 40_000),
  })
  .map(({ end, data, name, ownId, comment, padding }) => {
    const lines = data.map(
      (text, index) => `data: ${text}${index === 0 ? 'p'.repeat(padding) : ''}`,
    )
    const id = ownId === null ? [] : [`id: ${ownId}`]
    const before = [...(comment === null ? [] : [`: ${comment}`]), ...id]
    return [...before, ...(name === null ? [] : [`event: ${name}`]), ...lines, '', ''].join(end)
  })

test('whatever is written, in whatever pieces: the same events, with ids from 1 on', () => {
  fc.assert(
    fc.property(
      fc.array(written, { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 20 }),
      (texts, sizes) => {
        const journal = new Journal(1 << 24, memory())
        const writer = new JournalWriter(journal, 'strm_x')
        const bytes = Buffer.from(texts.join(''))
        for (let [at, index] = [0, 0]; at < bytes.length; index += 1) {
          const size = sizes[index % sizes.length] ?? 1
          writer.write(bytes.subarray(at, at + size))
          at += size
        }
        writer.close()
        const plain = eventsIn(bytes.toString())
        const kept = eventsIn(textFrom(journal, 0))
        expect(kept).toEqual(plain.map((event, index) => ({ ...event, id: `strm_x-${index + 1}` })))
        expect(journal.head).toBe(plain.length)
        for (let seq = 0; seq <= plain.length; seq += 1) {
          const position = journal.positionAfter(seq)
          if (position === null) throw new Error('nothing was dropped')
          expect(eventsIn(textFrom(journal, position))).toEqual(kept.slice(seq))
        }
      },
    ),
    { numRuns: 150 },
  )
})

describe('the bound', () => {
  const event = (bytes: number) => `data: ${'x'.repeat(bytes)}\n\n`

  test('holds with one reader at any pace, and its last half stays behind it', () => {
    const plan = fc.array(fc.tuple(fc.integer({ min: 1, max: 30_000 }), fc.integer({ max: 9 })))
    fc.assert(
      fc.property(plan, (steps) => {
        const journal = new Journal(bytesMax, memory())
        const writer = new JournalWriter(journal, 's')
        let read = 0
        for (const [bytes, pace] of steps) {
          if (journal.whenRoom() === null) writer.write(event(bytes))
          // Whoever has read everything is never what the provider waits for.
          const ahead = journal.end - read
          read += pace > 4 ? ahead : Math.min(ahead, Math.max(0, pace))
          journal.advance(read)
          if (read === journal.end) expect(journal.whenRoom()).toBeNull()
          expect(journal.heldBytes).toBeLessThanOrEqual(bytesMax + 31_000)
          let behind = 0
          for (let position = journal.first; position < read; position += 1) {
            behind += journal.at(position)?.bytes.length ?? 0
          }
          const isAll = journal.first === 0
          expect(isAll || behind > bytesMax / 2 - 17_000).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('who waits for room gets it when something was read', async () => {
    const journal = new Journal(bytesMax, memory())
    const writer = new JournalWriter(journal, 's')
    for (let count = 0; count < 9; count += 1) writer.write(event(8000))
    const room = journal.whenRoom()
    expect(room).toBeInstanceOf(Promise)
    journal.advance(journal.end)
    expect(await room).toBe(1)
    expect(journal.positionAfter(0)).toBeNull()
    expect(journal.positionAfter(journal.head)).toBe(journal.end)
  })

  test('the last words are taken however full it is', () => {
    const journal = new Journal(bytesMax, memory())
    const writer = new JournalWriter(journal, 's')
    for (let count = 0; count < 9; count += 1) writer.write(event(8000))
    expect(journal.whenRoom()).toBeInstanceOf(Promise)
    writer.unblock()
    expect(writer.write(event(8000))).toBeNumber()
    expect(journal.head).toBe(10)
  })

  test('of all journals together gives way to whoever has read everything', () => {
    const shared = memory(100_000)
    const [one, two] = [new Journal(1 << 20, shared), new Journal(1 << 20, shared)]
    const [first, second] = [new JournalWriter(one, 'a'), new JournalWriter(two, 'b')]
    for (let count = 0; count < 12; count += 1) first.write(event(8000))
    second.write(event(8000))
    expect(two.whenRoom()).toBeInstanceOf(Promise)
    two.advance(two.end)
    expect(two.whenRoom()).toBeNull()
    expect(two.heldBytes).toBe(0)
    one.clear()
    expect(shared.bytes).toBe(0)
    expect(one.whenRoom()).toBeNull()
  })
})

test('an event of which only a part is there can be taken back', () => {
  const journal = new Journal(bytesMax, memory())
  const writer = new JournalWriter(journal, 's')
  writer.write('data: one\n\n')
  writer.write(`data: ${'x'.repeat(40_000)}`)
  const begun = journal.end
  expect(begun).toBeGreaterThan(1)
  writer.takeBack()
  writer.write('data: {"error":1}\n\n')
  writer.close()
  expect(eventsIn(textFrom(journal, 0)).map(({ data, id }) => [data, id])).toEqual([
    ['one', 's-1'],
    ['{"error":1}', 's-2'],
  ])
  // What stands in its place tells whoever has begun with it.
  for (let position = 1; position < begun; position += 1) {
    expect(journal.at(position)).toMatchObject({ seq: 1, isFirst: false, bytes: new Uint8Array(0) })
  }
  expect(journal.positionAfter(1)).toBe(begun)
})

test('what ends without its blank line goes as it is', () => {
  const journal = new Journal(bytesMax, memory())
  const writer = new JournalWriter(journal, 's')
  writer.write('data: one\n\ndata: two')
  writer.close()
  expect(textFrom(journal, 0)).toBe('data: one\nid: s-1\n\ndata: two')
  expect(journal.positionAfter(1)).toBe(1)
})
