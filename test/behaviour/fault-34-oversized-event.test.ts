/**
 * Row 34: an event larger than may be held. Passed along it needs not be held: it passes without
 * being looked at (README, Settings), in bounded memory, where the row would end the stream. To be
 * translated it would have to be held whole, so there the stream ends with an error.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventsText, eventText } from '../kit/answers.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands, startStand } from './client-stand.ts'
import {
  askPair,
  begin,
  expectBroken,
  isPassthrough,
  noRetries,
  type Pair,
  pairRows,
  translatedRows,
  wholeOf,
} from './dialect-stand.ts'
import { chat, chunked, raw, sseHead } from './provider-stand.ts'

afterEach(endStands)

const end = '0\r\n\r\n'
const tooLarge = 'An event of the provider is too large.'

/** The answer of a pair whose second word is this many bytes longer. */
const withLongWord = (pair: Pair, bytes: number): string =>
  wholeOf(pair).replaceAll(' there', ` there${'y'.repeat(bytes)}`)

describe.each([64 * 1024, 500 * 1024])('events of %d bytes are below the limit', (bytes) => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const text = withLongWord(pair, bytes)
    const { stand, response } = await askPair(pair, raw(sseHead, chunked(text), end))
    expect(response.ending).toBe('complete')
    expect(response.text()).toContain('y'.repeat(bytes))
    if (isPassthrough(pair)) expect(response.text()).toBe(text)
    const { endReason, oversizeEvents } = await stand.record(0)
    expect([endReason, oversizeEvents]).toEqual(['completed', 0])
  })
})

const limit = { ...noRetries, STREAM_MAX_EVENT_BYTES: '8k' }

describe('above the limit, translated: an error event, and the provider is let go', () => {
  test.each(translatedRows)('%s', async (_name, pair) => {
    const begun = await begin(
      pair,
      async (_request, connection) => {
        await connection.raw(chunked('data: {"y":"'))
        // Without end, until it is cut.
        for (;;) await connection.raw(chunked('y'.repeat(1000)))
      },
      { environment: limit },
    )
    await expectBroken(begun, pair, 'upstream_protocol_error', tooLarge)
    expect(begun.response.text()).not.toContain('yyy')
  })
})

test.each([16, 256, 4096])('above the limit, passed along: %d KB pass as they are', async (kb) => {
  const [role = '', token = '', ...rest] = chatEvents(['Hello', ' there'])
  const [large = ''] = chatEvents(['y'.repeat(kb * 1024)]).slice(1)
  const text = eventsText([role, token, large, ...rest], true)
  const stand = await startStand(raw(sseHead, chunked(text), end), limit)
  const response = await chat(stand)
  expect(response.ending).toBe('complete')
  expect(response.text() === text).toBe(true)
  const { oversizeEvents, endReason } = await stand.record(0)
  expect(endReason).toBe('completed')
  // One that came in a single piece was looked at, for it had to be held by nobody.
  expect(oversizeEvents).toBeLessThanOrEqual(1)
  const { totalInUse, overflowInUse } = stand.pool.getMetrics()
  expect([totalInUse, overflowInUse]).toEqual([0, 0])
})

test('cut off within an event that had begun to pass, the stream is reset', async () => {
  const [role = '', token = ''] = chatEvents(['Hello'])
  const seen = Promise.withResolvers<void>()
  const script: UpstreamScript = async (_request, connection) => {
    await connection.raw(sseHead + chunked(eventsText([role, token])))
    await connection.raw(chunked(`data: {"y":"${'y'.repeat(20_000)}`))
    await seen.promise
    connection.reset()
  }
  const stand = await startStand(script, limit)
  const { response } = await stand.ask({
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json' },
    body: '{"model":"gpt-test","stream":true,"messages":[]}',
  })
  await response.until((r) => r.bodyBytes > 20_000, 'the first part of the event')
  seen.resolve()
  // No error can be written within an event; without the last chunk nobody takes it for whole.
  expect(await response.ended()).toBe('reset')
  expect(response.text()).not.toContain('[DONE]')
  expect((await stand.record(0)).errorCode).toBe('upstream_reset')
})

test('a first event above what may be held commits the answer', async () => {
  const large = eventText(chatEvents(['y'.repeat(200_000)])[1] ?? '')
  const text = large + eventsText(chatEvents(['Hello']), true)
  const stand = await startStand(raw(sseHead, chunked(text), end), {
    ...limit,
    STREAM_MAX_BUFFERED_BYTES: '16k',
  })
  const response = await chat(stand)
  expect([response.status, response.ending]).toEqual([200, 'complete'])
  expect(response.text() === text).toBe(true)
})
