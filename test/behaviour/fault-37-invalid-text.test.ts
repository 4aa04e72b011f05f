/**
 * Row 37: bytes that are not UTF-8, a byte order mark, NUL. Passed along, an event that is no text
 * is dropped (README, Decisions); translated, what is wrong in it becomes U+FFFD. The mark never
 * leaves, for the official Python SDK loses the first event to it.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import {
  answerOf,
  askPair,
  type Pair,
  pairRows,
  passedRows,
  translatedRows,
  wholeOf,
} from './dialect-stand.ts'
import { sseHead } from './provider-stand.ts'

afterEach(endStands)

/** Sends bytes as one chunk, and the last one. */
const sends =
  (bytes: Uint8Array): UpstreamScript =>
  async (_request, connection) => {
    await connection.raw(sseHead)
    await connection.chunk(bytes)
    await connection.end()
  }

/** The answer of a pair with these bytes behind its first word. */
function withBytes(pair: Pair, bytes: readonly number[]): Uint8Array {
  const [before = '', after = ''] = wholeOf(pair).split(/(?<=Hello)(.*)/s)
  return Buffer.concat([Buffer.from(before), Uint8Array.from(bytes), Buffer.from(after)])
}

const invalid: readonly (readonly [string, readonly number[]])[] = [
  ['a byte that no text has', [0xff]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['half a surrogate pair', [0xed, 0xa0, 0x80]],
  ['the beginning of an emoji', [0xf0, 0x9f]],
]

describe.each(invalid)('%s', (_kind, bytes) => {
  test.each(passedRows)('passed along, its event is dropped and counted: %s', async (_n, pair) => {
    const { stand, response } = await askPair(pair, sends(withBytes(pair, bytes)))
    expect(response.ending).toBe('complete')
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(response.body())).not.toThrow()
    const events = [...answerOf(pair).events]
    events.splice(answerOf(pair).untilContent - 1, 1)
    expect(response.text()).toBe(events.join(''))
    expect((await stand.record(0)).droppedEvents).toBe(1)
  })

  test.each(translatedRows)('translated, it is replaced: %s', async (_name, pair) => {
    const { stand, response } = await askPair(pair, sends(withBytes(pair, bytes)))
    expect(response.ending).toBe('complete')
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(response.body())).not.toThrow()
    expect(response.text()).toContain('Hello\ufffd')
    expect(response.text()).toContain(' there')
    expect((await stand.record(0)).endReason).toBe('completed')
  })
})

const mark = [0xef, 0xbb, 0xbf]

test.each(pairRows)('a byte order mark is taken away: %s', async (_name, pair) => {
  const whole = wholeOf(pair)
  const { stand, response } = await askPair(pair, sends(Buffer.from(`\ufeff${whole}`)))
  expect(response.ending).toBe('complete')
  expect([...response.body().subarray(0, 3)]).not.toEqual(mark)
  expect(response.text()).toContain('Hello')
  expect(response.text()).toContain(' there')
  expect((await stand.record(0)).endReason).toBe('completed')
})

test.each(passedRows)('the mark alone is taken away, to the byte: %s', async (_name, pair) => {
  const whole = wholeOf(pair)
  const { response } = await askPair(pair, sends(Buffer.from(`\ufeff${whole}`)))
  expect(Buffer.from(response.body()).equals(Buffer.from(whole))).toBe(true)
})

test.each(passedRows)('a NUL in a text is no JSON, and dropped: %s', async (_name, pair) => {
  const { stand, response } = await askPair(pair, sends(withBytes(pair, [0])))
  expect(response.body().includes(0)).toBe(false)
  expect((await stand.record(0)).droppedEvents).toBe(1)
})

test.each(pairRows)('an escaped NUL and characters of four bytes pass: %s', async (_name, pair) => {
  const text = wholeOf(pair).replaceAll(' there', ' there\\u0000😀\u2028')
  const { response } = await askPair(pair, sends(Buffer.from(text)))
  expect(response.text()).toContain('\\u0000')
  const said = parseSse(response.body()).map(({ data }) => data)
  expect(said.join('')).toContain('😀')
  expect(response.text()).not.toContain('\ufffd')
})
