/**
 * Row 25: an error status with HTML, as Cloudflare and other proxies on the way send it. The client
 * gets an envelope of its dialect with a status that it knows. The page is shown to nobody, the log
 * included: content never gets there.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { askPair, pairs } from './dialect-stand.ts'
import { errorOf, page } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets } from './targets-stand.ts'

afterEach(endStands)

/** The provider's status, and ours. From 520 on they are Cloudflare's own, and mean "not now". */
const statuses: readonly (readonly [number, number])[] = [
  ...([500, 502, 503, 504].map((status) => [status, status]) as [number, number][]),
  ...([520, 521, 522, 523, 524, 525, 526, 527, 530].map((status) => [status, 503]) as [
    number,
    number,
  ][]),
  [507, 502],
]

describe('the status, in the dialect of the client', () => {
  test.each(statuses)('%d is %d', async (status, expected) => {
    for (const pair of pairs) {
      const { stand, response } = await askPair(pair, page(status))
      // Anthropic's clients know an overload by a status of its own.
      const own = pair.client === 'messages' && expected === 503 ? 529 : expected
      expect([response.status, response.ending]).toEqual([own, 'complete'])
      expect(response.header('content-type')).toStartWith('application/json')
      expect(response.text()).not.toMatch(/<html|edge-7/)
      const { error } = JSON.parse(response.text())
      expect(error.message).toBe(`The provider answered with status ${status} and no message.`)
      if (status >= 520) expect(response.header('retry-after')).toBe('2')
      const { errorCode, attemptLog, upstreamModel } = await stand.record(0)
      expect([errorCode, attemptLog.length]).toEqual(['upstream_error', 1])
      expect(JSON.stringify([errorCode, upstreamModel, attemptLog])).not.toContain('edge-7')
    }
  })
})

test('it is tried again after a backoff of our own, not after the wait we suggest', async () => {
  const stand = await startTargets([page(524)])
  const startedAtMs = performance.now()
  const response = await stand.chat()
  expect([response.status, errorOf(response).code]).toEqual([503, 'upstream_error'])
  expect(response.header('retry-after')).toBe('2')
  expect(requestCounts(stand)).toEqual([3])
  expect(performance.now() - startedAtMs).toBeLessThan(1500)
})

test.each([502, 522])('another target answers for a %d', async (status) => {
  const stand = await startTargets([page(status), answering('from b')])
  const startedAtMs = performance.now()
  const response = await stand.chat()
  expect([response.status, response.text()]).toEqual([200, answerText('from b')])
  expect(performance.now() - startedAtMs).toBeLessThan(1500)
  expect(requestCounts(stand)).toEqual([3, 1])
  expect((await stand.record(0)).attemptLog.map(({ kind }) => kind)).toEqual([
    'first',
    'retry',
    'retry',
    'failover',
  ])
})

test('a page without an end is read no further than an error can be long', async () => {
  const endless: UpstreamScript = async (_request, connection) => {
    await connection.head(502, { 'content-type': 'text/html' })
    for (;;) await connection.chunk('<p>edge-7</p>'.repeat(1000))
  }
  const stand = await startTargets([endless], {}, { retriesMax: 0 })
  expect((await stand.chat()).status).toBe(502)
  await stand.upstreams[0]?.until(({ openConnections }) => openConnections === 0, 'the close')
})
