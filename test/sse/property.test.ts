/** What holds for every stream, however it is cut; the seed of a failure is printed with it. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { opaque } from '../../src/protocol/opaque.ts'
import { openaiChat } from '../../src/protocol/openai-chat.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import { cut, eventText } from '../kit/answers.ts'
import { readAsBrowser } from './event-source.ts'
import { cutOut, dataOf, deframed, inspected } from './ways.ts'

const seed = Number(process.env.SEED ?? Date.now() % 1e9)
console.log(`test/sse/property.test.ts: SEED=${seed}`)
const settings = { seed, numRuns: 300 }

/** Lines that are fields, nearly fields, comments, or broken, joined by every kind of line end. */
const line = fc.oneof(
  fc.constantFrom('data: {"a":1}', 'data:x', 'data', 'event: e', ': c', 'id: 1', 'id', 'retry: 5'),
  fc.constantFrom('', '', '', '\uFEFFdata: 1', 'Data: 2', ' data: 3', 'data: a: b', 'data: \0'),
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => `data: ${text}`),
)
const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
const stream = fc
  .array(fc.tuple(line, lineEnd), { maxLength: 25 })
  // In a stream of CRLF a CR at the very end waits for its LF; the comment says that none comes.
  .map((parts) => new TextEncoder().encode(`${parts.flat().join('')}:\n`))
/** Without marks: one behind an event that is dropped would come to stand at the very beginning. */
const unmarked = stream.filter((bytes) => !bytes.includes(0xef))
const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 12 })

/** What survives as the data of one line: no line end, no character that breaks an id. */
const plain = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .map((text) => text.replace(/[\r\n\0]/g, ''))

const named = (frames: readonly { event: string | null; data: string }[]) =>
  frames.map(({ event, data }) => ({ type: event ?? 'message', data }))

test('every way of reading agrees with the standard, however a stream is cut', () => {
  fc.assert(
    fc.property(stream, cuts, (bytes, at) => {
      const chunks = cut(bytes, at)
      const expected = readAsBrowser(bytes).events.map(({ type, data }) => ({ type, data }))
      expect(named(deframed(chunks).frames)).toEqual(expected)
      expect(named(deframed(cut(bytes, 'bytes')).frames)).toEqual(expected)
      // The finder does not look at marks; a stream's first is off before.
      const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
      const { events, rest } = cutOut(chunks)
      if (!isMarked) expect(dataOf(events)).toEqual(expected.map(({ data }) => data))
      expect(Buffer.concat([...events, rest])).toEqual(Buffer.concat(chunks))
      expect(readAsBrowser(inspected(opaque, chunks).out).events).toEqual(
        readAsBrowser(bytes).events,
      )
    }),
    settings,
  )
})

test('what the inspector of a dialect lets pass depends on the events, not on the chunks', () => {
  fc.assert(
    fc.property(unmarked, cuts, (bytes, at) => {
      const [whole, pieces] = [
        inspected(openaiChat, [bytes]),
        inspected(openaiChat, cut(bytes, at)),
      ]
      expect(pieces.exchange.droppedEvents).toBe(whole.exchange.droppedEvents)
      const [inOne, inMany] = [readAsBrowser(whole.out), readAsBrowser(pieces.out)]
      expect(inMany.events).toEqual(inOne.events)
      // Only events go that a chat cannot have; what is left is what came, in its order.
      const came = readAsBrowser(bytes).events.map(({ data, lastEventId }) => data + lastEventId)
      let from = 0
      for (const { data } of inMany.events) {
        from = came.findIndex((text, index) => index >= from && text.startsWith(data)) + 1
        expect(from).toBeGreaterThan(0)
      }
    }),
    settings,
  )
})

test('events that are written are the events that are read', () => {
  const event = fc.record({
    event: plain.filter((name) => name.trim() === name),
    data: plain,
    id: plain,
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 10 }), cuts, (events, at) => {
      const bytes = new TextEncoder().encode(events.map((one) => eventText(one)).join(''))
      const expected = events.map(({ event: type, data }) => ({ type: type || 'message', data }))
      expect(named(deframed(cut(bytes, at)).frames)).toEqual(expected)
      const read = readAsBrowser(inspected(opaque, cut(bytes, at)).out).events
      expect(read).toEqual(
        events.map(({ event: type, data, id }) => ({
          type: type || 'message',
          data,
          lastEventId: id,
        })),
      )
    }),
    settings,
  )
})

test('a million events leave nothing behind', () => {
  const chunk = new TextEncoder().encode('id: 1\ndata: {"a":1}\n\n: c\n\n'.repeat(1000))
  const deframer = createDeframer('sse', 1 << 20)
  let frames = 0
  const run = (rounds: number): number => {
    for (let round = 0; round < rounds; round += 1) frames += deframer.push(chunk).length
    Bun.gc(true)
    return process.memoryUsage().heapUsed
  }
  const before = run(100)
  const after = run(900)
  expect(frames).toBe(1_000_000)
  expect(after - before).toBeLessThan(8 * 1024 * 1024)
})
