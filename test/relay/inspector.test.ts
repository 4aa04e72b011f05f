import { describe, expect, test } from 'bun:test'
import { createBufferPool } from '../../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../../src/buffer/settings.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { Exchange } from '../../src/observe/exchange.ts'
import { openaiChat } from '../../src/protocol/openai-chat.ts'
import { EventInspector } from '../../src/relay/inspector.ts'
import { Tail } from '../../src/relay/tail.ts'

const encoder = new TextEncoder()
const chunkEvent = (text: string) =>
  `data: {"choices":[{"index":0,"delta":{"content":"${text}"}}]}\n\n`
const finish = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
const done = 'data: [DONE]\n\n'

/** Sends `input` through an inspector in pieces of `pieceBytes`; what leaves, and what is known. */
function pass(input: string | Uint8Array, pieceBytes: number, eventBytesMax = 1 << 20) {
  const bytes = typeof input === 'string' ? encoder.encode(input) : input
  const pool = createBufferPool(bufferPoolDefaults)
  const exchange = new Exchange('chat-completions', 'POST')
  const tail = new Tail(pool)
  const inspector = new EventInspector(openaiChat, tail, exchange, eventBytesMax)
  const out: Uint8Array[] = []
  const leavings: number[] = []
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    const segments = inspector.take(bytes.subarray(start, start + pieceBytes))
    leavings.push(segments.length)
    for (const segment of segments) out.push(segment.slice())
    inspector.settle()
  }
  let failure: unknown = null
  try {
    for (const segment of inspector.finish()) out.push(segment.slice())
  } catch (thrown) {
    failure = thrown instanceof GatewayError ? thrown.code : thrown
  }
  const heldBytes = pool.getMetrics().totalBytes
  tail.release()
  expect(pool.getMetrics().totalInUse).toBe(0)
  return { text: Buffer.concat(out).toString(), exchange, inspector, leavings, heldBytes, failure }
}

describe('the inspector', () => {
  const stream = `${chunkEvent('a')}: ping\n\n${chunkEvent('héllo 🌊')}${finish}${done}`

  test.each([1, 2, 3, 7, 64, 4096])('passes a good stream unchanged in pieces of %d', (piece) => {
    const { text, exchange, inspector } = pass(stream, piece)
    expect(text).toBe(stream)
    expect(exchange.events).toBe(4)
    expect(exchange.droppedEvents).toBe(0)
    expect(inspector.watch.ended).toBe(true)
    expect(inspector.watch.finishReason).toBe('stop')
  })

  test('sends events that arrived together as one piece', () => {
    expect(pass(stream, 4096).leavings).toEqual([1])
  })

  test.each([1, 5, 4096])('drops an event that is not JSON, in pieces of %d', (piece) => {
    const { text, exchange } = pass(`${chunkEvent('a')}data: {oops\n\n${finish}${done}`, piece)
    expect(text).toBe(`${chunkEvent('a')}${finish}${done}`)
    expect(exchange.droppedEvents).toBe(1)
  })

  test.each([1, 4096])('drops an event that is not UTF-8, in pieces of %d', (piece) => {
    const broken = Buffer.concat([
      encoder.encode(chunkEvent('a')),
      encoder.encode('data: {"x":"'),
      new Uint8Array([0xff, 0xfe]),
      encoder.encode(`"}\n\n${finish}${done}`),
    ])
    const { text, exchange } = pass(broken, piece)
    expect(text).toBe(`${chunkEvent('a')}${finish}${done}`)
    expect(exchange.droppedEvents).toBe(1)
  })

  test.each([1, 2, 4096])('strips one byte order mark, in pieces of %d', (piece) => {
    const marked = Buffer.concat([new Uint8Array([0xef, 0xbb, 0xbf]), encoder.encode(stream)])
    expect(pass(marked, piece).text).toBe(stream)
  })

  test.each([1, 100, 4096])('lets an event above the limit through, in pieces of %d', (piece) => {
    const large = chunkEvent('x'.repeat(20_000))
    const { text, exchange, inspector, heldBytes } = pass(`${large}${finish}${done}`, piece, 4096)
    expect(text).toBe(`${large}${finish}${done}`)
    expect(exchange.oversizeEvents).toBe(1)
    expect(inspector.watch.ended).toBe(true)
    expect(heldBytes).toBeLessThanOrEqual(16 * 1024)
  })

  test('holds an event up to the limit, to the byte, wherever its last chunk goes on', () => {
    const event = chunkEvent('x'.repeat(5000))
    for (const cutAt of [1, 3000, event.length - 1]) {
      for (const [limit, oversize] of [
        [event.length, 0],
        [event.length - 1, 1],
      ] as const) {
        const pool = createBufferPool(bufferPoolDefaults)
        const exchange = new Exchange('chat-completions', 'POST')
        const tail = new Tail(pool)
        const inspector = new EventInspector(openaiChat, tail, exchange, limit)
        const out: string[] = []
        const whole = `${event}${finish}${done}`
        for (const chunk of [whole.slice(0, cutAt), whole.slice(cutAt)]) {
          for (const segment of inspector.take(encoder.encode(chunk))) {
            out.push(Buffer.from(segment).toString())
          }
          expect(tail.length).toBeLessThanOrEqual(limit)
          inspector.settle()
        }
        expect(out.join('')).toBe(whole)
        expect(exchange.oversizeEvents).toBe(oversize)
        expect([inspector.atBoundary, inspector.watch.ended]).toEqual([true, true])
        tail.release()
        expect(pool.getMetrics().totalInUse).toBe(0)
      }
    }
  })

  test('copies no whole chunk behind what waits for an event above the limit', () => {
    const pool = createBufferPool(bufferPoolDefaults)
    const tail = new Tail(pool)
    const exchange = new Exchange('chat-completions', 'POST')
    const inspector = new EventInspector(openaiChat, tail, exchange, 4096)
    const event = encoder.encode(chunkEvent('x'.repeat(1 << 20)))
    inspector.take(event.subarray(0, 4000))
    inspector.settle()
    const left = inspector.take(event.subarray(4000))
    expect(left.map(({ length }) => length)).toEqual([4000, event.length - 4000])
    inspector.settle()
    expect(pool.getMetrics().totalBytes).toBeLessThanOrEqual(16 * 1024)
    expect(exchange.oversizeEvents).toBe(1)
    tail.release()
  })

  test.each([
    // What of it is dropped, and what is only parted from its blank line.
    ['data: {oops\n\r\n', ''],
    ['event: x\n\r\n', ''],
    ['retry: 5\n\r\n', 'retry: 5\n'],
    ['id: 1\n\r\n', 'id: 1\n'],
    // A blank line more is one, and says nothing.
    ['data: {oops\n\r\n\n', '\n'],
  ])('leaves no blank line of %j behind, wherever it is cut', (event, rest) => {
    for (const piece of [1, 2, 3, 5, 4096]) {
      const { text } = pass(`${event}${finish}${done}`, piece)
      expect([piece, text]).toEqual([piece, `${rest}${finish}${done}`])
    }
  })

  test('is not at a boundary in the middle of an event above the limit', () => {
    const pool = createBufferPool(bufferPoolDefaults)
    const exchange = new Exchange('chat-completions', 'POST')
    const tail = new Tail(pool)
    const inspector = new EventInspector(openaiChat, tail, exchange, 100)
    inspector.take(encoder.encode(`data: {"x":"${'y'.repeat(200)}`))
    inspector.settle()
    expect(inspector.atBoundary).toBe(false)
    inspector.take(encoder.encode('"}\n\n'))
    inspector.settle()
    expect(inspector.atBoundary).toBe(true)
    tail.release()
  })

  test('holds back the incomplete end, and lets it go at the end only if it is an event', () => {
    expect(pass(`${chunkEvent('a')}data: [DONE]`, 4096).text).toBe(`${chunkEvent('a')}${done}`)
    const cut = pass(`${chunkEvent('a')}data: {"choi`, 4096)
    expect(cut.text).toBe(chunkEvent('a'))
    expect(cut.failure).toBe('upstream_incomplete')
  })

  test('supplies a missing end marker only after a finish reason', () => {
    expect(pass(`${chunkEvent('a')}${finish}`, 4096).text).toBe(
      `${chunkEvent('a')}${finish}${done}`,
    )
    const cut = pass(chunkEvent('a'), 4096)
    expect(cut.text).toBe(chunkEvent('a'))
    expect(cut.failure).toBe('upstream_incomplete')
  })

  test.each([
    ['', '\n\n'],
    ['\n', '\n'],
    ['\r\n', '\n'],
  ])('completes a last event that ends in %j before it adds anything', (lineEnd, blank) => {
    const last = finish.trimEnd() + lineEnd
    expect(pass(`${chunkEvent('a')}${last}`, 4096).text).toBe(
      `${chunkEvent('a')}${last}${blank}${done}`,
    )
    const error = `data: {"error":{"message":"Busy."}}${lineEnd}`
    expect(pass(`${chunkEvent('a')}${error}`, 4096).text).toBe(`${chunkEvent('a')}${error}${blank}`)
  })
})
