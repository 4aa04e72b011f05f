/** Row 24: a 200 with HTML, such as a login page. It is no answer, and none of it is shown. */
import { afterEach, describe, expect, test } from 'bun:test'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { askPair, expectRefused, pairRows } from './dialect-stand.ts'
import { page } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets } from './targets-stand.ts'

afterEach(endStands)

describe('a status in the dialect of the client', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    for (const stream of [true, false]) {
      const environment = { RETRIES_MAX: '2', RETRY_BASE_MS: '1' }
      const { stand, response } = await askPair(pair, page(200), { stream, environment })
      expectRefused(response, pair, 'upstream_bad_content_type')
      expect(response.text()).not.toMatch(/<html|edge-7/)
      // What sends a page sends it again, so the same target is not asked twice.
      const { attempts, endReason } = await stand.record(0)
      expect([attempts, endReason, stand.upstream.requestCount]).toEqual([1, 'upstream_error', 1])
    }
  })
})

test.each([
  ['in capitals', 'Text/HTML'],
  ['with parameters', 'text/html;charset=iso-8859-1'],
  ['as XHTML', 'application/xhtml+xml'],
])('%s it is the same', async (_name, contentType) => {
  const script: UpstreamScript = async (_request, connection) => {
    await connection.head(200, { 'content-type': contentType })
    await connection.chunk('<html>edge-7.internal</html>')
    await connection.end()
  }
  const stand = await startTargets([script, answering('from b')])
  expect((await stand.chat()).text()).toBe(answerText('from b'))
  expect((await stand.record(0)).attemptLog[0]?.outcome).toBe('upstream_bad_content_type')
})

test('an endless page is not read to its end', async () => {
  const endless: UpstreamScript = async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/html' })
    for (;;) await connection.chunk('<p>edge-7</p>'.repeat(1000))
  }
  const stand = await startTargets([endless])
  const response = await stand.chat()
  expect(response.status).toBe(502)
  await stand.upstreams[0]?.until(({ openConnections }) => openConnections === 0, 'the close')
  expect(requestCounts(stand)).toEqual([1])
})

test('another target answers, at once, and the breaker of the first counts it', async () => {
  const stand = await startTargets(
    [page(200), answering('from b')],
    {},
    { breakerFailures: 2, retryBaseMs: 2000, retryMaxMs: 2000 },
  )
  for (const counts of [
    [1, 1],
    [2, 2],
    [2, 3],
  ]) {
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from b')])
    expect(requestCounts(stand)).toEqual(counts)
  }
  const [first, second] = stand.upstreams.map(({ requests }) => requests[0]?.receivedAtMs ?? 0)
  expect((second ?? 0) - (first ?? 0)).toBeLessThan(500)
})
