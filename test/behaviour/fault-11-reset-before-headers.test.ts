/** Row 11: the provider's connection is reset (RST) before the head of an answer was complete. */
import { afterEach, describe, expect, test } from 'bun:test'
import { type ErrorCode, errorTable } from '../../src/core/errors.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { askPair, expectRefused, pairRows, pairs, wholeOf } from './dialect-stand.ts'
import { chunked, errorOf, raw, sseHead, stream } from './provider-stand.ts'

afterEach(endStands)

/** Sends nothing, or bytes of a head, and RST once the request is there. */
const resets =
  (bytes = ''): UpstreamScript =>
  async (request, connection) => {
    await request.bytes()
    if (bytes !== '') await connection.raw(bytes)
    connection.reset()
  }

describe('a reset without a byte is a status in the dialect of the client', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    for (const wantsStream of [true, false]) {
      const { stand, response } = await askPair(pair, resets(), { stream: wantsStream })
      expectRefused(response, pair, 'upstream_closed')
      const { errorCode, attempts } = await stand.record(0)
      expect(errorCode).toBe('upstream_closed')
      // It may have been an idle connection that was given up on, so a fresh one is tried, once.
      expect([attempts, stand.upstream.requestCount]).toEqual([2, 2])
      expect(stand.upstream.connectionCount).toBe(2)
      await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
    }
  })
})

test.each(pairRows)('a second connection that answers makes it good: %s', async (_name, pair) => {
  const whole = wholeOf(pair)
  const { stand, response } = await askPair(pair, (request, connection) =>
    connection.id === 0
      ? resets()(request, connection)
      : raw(sseHead, chunked(whole), '0\r\n\r\n')(request, connection),
  )
  expect(response.status).toBe(200)
  expect(response.text()).toContain(' there')
  expect(response.header('x-sluice-attempts')).toBe('2')
  expect(stand.upstream.connectionCount).toBe(2)
  expect((await stand.record(0)).endReason).toBe('completed')
})

/** A reset overtakes what was sent before it, so each of these can be seen as no answer at all. */
const resetInHead: readonly (readonly [string, string])[] = [
  ['in the status line', 'HTTP/1.1 20'],
  ['in a header', 'HTTP/1.1 200 OK\r\ncontent-ty'],
]

test.each(resetInHead)('a reset %s is no answer', async (_name, bytes) => {
  for (const pair of pairs) {
    const { response } = await askPair(pair, resets(bytes))
    expectRefused(response, pair, 'upstream_closed')
  }
})

test('a reset behind the head, before the first content, is still a status', async () => {
  const codes: readonly ErrorCode[] = ['upstream_reset', 'upstream_closed']
  for (const pair of pairs.filter(({ client }) => client === 'chat')) {
    const { response } = await askPair(pair, async (_request, connection) => {
      await connection.head(200, stream)
      connection.reset()
    })
    expect(response.status).toBe(502)
    expect(codes.map((code) => errorTable[code].message)).toContain(errorOf(response).message)
    expect(codes).toContain(errorOf(response).code as ErrorCode)
  }
})
