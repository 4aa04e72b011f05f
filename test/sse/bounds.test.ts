/** Rows 38 to 40: events of any size and floods of nothing take linear time and bounded memory. */
import { afterEach, describe, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { openaiChat } from '../../src/protocol/openai-chat.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import { endStands } from '../behaviour/client-stand.ts'
import { eventually } from '../kit/signal.ts'
import { askIn, canonical, Playing, startOnce, textIn } from './relay-stand.ts'
import { cutOut, dataOf, deframed, inspected } from './ways.ts'

afterEach(endStands)

const kibibyte = 1024
const mebibyte = 1024 * kibibyte

/** Views of a body, `size` bytes each. */
function* pieces(body: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size)
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const line = (bytes: number): Uint8Array => bytesOf(`data: "${'x'.repeat(bytes)}"\n\n`)
const lines = (count: number): Uint8Array => bytesOf(`${'data: 1,\n'.repeat(count)}\n`)

function codeOf(run: () => unknown): string | null {
  try {
    run()
    return null
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code
    throw thrown
  }
}

describe('an event of any size (row 38)', () => {
  const sizes = [64 * kibibyte, mebibyte, 16 * mebibyte]

  test.each(sizes)('is read: a line of %d bytes', (size) => {
    const body = line(size)
    const chunks = [...pieces(body, 16 * kibibyte)]
    const { frames } = deframed(chunks, 32 * mebibyte)
    expect(frames.map(({ data }) => data.length)).toEqual([size + 2])
    expect(dataOf(cutOut(body.length > mebibyte ? [body] : chunks).events)[0]?.length).toBe(
      size + 2,
    )
    const { out, heldBytes, exchange } = inspected(openaiChat, chunks, mebibyte)
    expect(out.length).toBe(body.length)
    expect(exchange.oversizeEvents).toBe(body.length > mebibyte ? 1 : 0)
    // Twice the bound: the tail grows by moving to a buffer of twice what it needs.
    expect(heldBytes).toBeLessThanOrEqual(4 * mebibyte)
  })

  test('is read: 100,000 lines', () => {
    const chunks = [...pieces(lines(100_000), 4 * kibibyte)]
    expect(deframed(chunks).frames[0]?.data.length).toBe(300_000 - 1)
    expect(inspected(openaiChat, chunks).exchange.droppedEvents).toBe(1)
  })

  test.each([
    ['one line of 2 MiB', line(2 * mebibyte)],
    ['80,000 lines', lines(80_000)],
  ])('in small pieces takes linear time: %s', (_name, body) => {
    const chunks = [...pieces(body, 64)]
    const startedAtMs = performance.now()
    deframed(chunks, 32 * mebibyte)
    inspected(openaiChat, chunks, 32 * mebibyte)
    // It takes 50 ms. To copy what waits for each piece would be 30 GB to copy.
    expect(performance.now() - startedAtMs).toBeLessThan(3000)
  })

  test('loses its byte order mark, first in the stream and above the bound', () => {
    const body = line(16 * kibibyte)
    const marked = Buffer.concat([Uint8Array.of(0xef, 0xbb, 0xbf), body])
    for (const size of [kibibyte, marked.length - 10]) {
      const { out, exchange } = inspected(openaiChat, pieces(marked, size), 4 * kibibyte)
      expect([size, exchange.oversizeEvents, Buffer.compare(out, body)]).toEqual([size, 1, 0])
    }
  })

  test('above the bound is refused by the deframer, whatever it is made of', () => {
    const bound = 64 * kibibyte
    for (const body of [
      line(bound * 2),
      lines(bound / 2),
      bytesOf(`: ${'x'.repeat(bound * 2)}\n`),
    ]) {
      for (const size of [100, 4 * kibibyte]) {
        const read = () => deframed([...pieces(body, size)], bound)
        expect(codeOf(read)).toBe('upstream_protocol_error')
      }
    }
  })

  test('that is refused takes nothing along that came before it, and nothing comes after', () => {
    const deframer = createDeframer('sse', 1000)
    const good = deframer.push(bytesOf(`data: 1\n\ndata: ${'x'.repeat(2000)}`))
    expect(good.map(({ data }) => data)).toEqual(['1'])
    for (const _ of [1, 2]) {
      expect(codeOf(() => deframer.push(bytesOf('\n\ndata: 2\n\n')))).toBe(
        'upstream_protocol_error',
      )
    }
    expect(codeOf(() => deframer.end())).toBe('upstream_protocol_error')
  })
})

describe('a line that never ends (row 39)', () => {
  const bound = String(64 * kibibyte)
  const environment = { STREAM_MAX_EVENT_BYTES: bound, STREAM_TOTAL_TIMEOUT_MS: '2000' }
  const [begun = ''] = canonical.split(/(?=data: .* there)/)

  test('is an error event to the client of a translated stream', async () => {
    const playing = new Playing()
    const stand = await startOnce(playing.script, environment)
    playing.follow(async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk(`${begun}data: {"x":"`)
      while (!connection.isClosed) await connection.chunk('x'.repeat(16 * kibibyte))
    })
    const response = await askIn('translated', stand)
    expect([response.status, response.ending]).toEqual([200, 'complete'])
    expect(textIn(response)).toBe('Hello 🌊')
    expect(response.text()).toContain('event: error')
    expect(response.text()).not.toContain('message_stop')
    expect((await stand.record(0)).endReason).toBe('protocol_error')
  })

  // A client of the same dialect gets the provider's bytes as they come: events above the bound
  // are real (images), and its own reader is what they are too large for. So nothing is held, the
  // total clock ends it, and as no event can be put into a half one, the connection breaks.
  test('passes a client of the same dialect, and breaks when its time is over', async () => {
    const playing = new Playing()
    const stand = await startOnce(playing.script, environment)
    playing.follow(async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk(`${begun}data: {"x":"`)
      while (!connection.isClosed) {
        await connection.chunk('x'.repeat(kibibyte))
        await Bun.sleep(2)
      }
    })
    const response = await askIn('passed', stand)
    expect(['truncated', 'reset']).toContain(response.ending ?? '')
    expect(response.bodyBytes).toBeGreaterThan(Number(bound))
    expect(response.text()).not.toContain('[DONE]')
    const record = await stand.record(0)
    expect([record.oversizeEvents, record.endReason]).toEqual([1, 'total_timeout'])
    expect(stand.pool.getMetrics().totalBytes).toBeLessThan(4 * mebibyte)
  })
})

describe('a flood of nothing (row 40)', () => {
  const floods = {
    'blank lines': '\n'.repeat(1_000_000),
    comments: ': keep-alive\n\n'.repeat(100_000),
    'carriage returns': '\r'.repeat(1_000_000),
  }

  test.each(Object.entries(floods))('of %s is no event and is not held', (_name, flood) => {
    const body = bytesOf(`data: 1\n\n${flood}data: 2\n\n`)
    const chunks = [...pieces(body, 16 * kibibyte)]
    const startedAtMs = performance.now()
    expect(deframed(chunks, 64 * kibibyte).frames.map(({ data }) => data)).toEqual(['1', '2'])
    const { exchange, out, heldBytes } = inspected(openaiChat, chunks, 64 * kibibyte)
    expect([exchange.events, exchange.oversizeEvents]).toEqual([2, 0])
    expect(out.length).toBe(body.length)
    expect(heldBytes).toBeLessThanOrEqual(64 * kibibyte)
    expect(performance.now() - startedAtMs).toBeLessThan(10_000)
  })

  // Comments of the provider pass a client of the same dialect, since bytes pass as they came; to
  // a client of another dialect the program speaks for itself.
  test('does not reach the client of a translated stream', async () => {
    const playing = new Playing()
    const stand = await startOnce(playing.script)
    const [rest = ''] = canonical.slice(begunLength).split('data: [DONE]')
    playing.play(
      `${canonical.slice(0, begunLength)}${floods.comments}${rest}data: [DONE]\n\n`,
      'whole',
    )
    const response = await askIn('translated', stand)
    expect(textIn(response)).toBe('Hello 🌊 there')
    expect(response.bodyBytes).toBeLessThan(4 * kibibyte)
  })

  test('is no sign of life: the idle clock ends it', async () => {
    const playing = new Playing()
    const stand = await startOnce(playing.script, { STREAM_IDLE_TIMEOUT_MS: '300' })
    playing.follow(async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk(canonical.slice(0, begunLength))
      while (!connection.isClosed) {
        await connection.chunk(': keep-alive\n\n'.repeat(100))
        await Bun.sleep(5)
      }
    })
    const response = await askIn('passed', stand)
    expect(response.text()).toContain('upstream_idle_timeout')
    await eventually(() => stand.upstream.busyConnections === 0, 'the provider is left')
  })
})

/** Where the second text of the canonical stream begins. */
const begunLength = canonical.indexOf('data:', canonical.indexOf('🌊'))
