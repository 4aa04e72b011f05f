/**
 * Row 5: the provider takes the connection and closes it without a byte. It may have been an idle
 * connection that was given up on, so the request is sent once more, at once, on a fresh one.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { silence } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { startUpstream, type UpstreamScript } from '../kit/upstream.ts'
import { endStands, startStand } from './client-stand.ts'
import { askPair, expectRefused, pairRows } from './dialect-stand.ts'
import { errorOf } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets, waitsMs } from './targets-stand.ts'

afterEach(endStands)

/** Closes when the request is there. */
const closes: UpstreamScript = async (request, connection) => {
  await request.bytes()
  connection.close()
}

describe('twice: a status in the dialect of the client', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    for (const stream of [true, false]) {
      const { stand, response } = await askPair(pair, closes, { stream })
      expectRefused(response, pair, 'upstream_closed')
      expect(response.header('x-should-retry')).toBe('false')
      const { attempts, endReason } = await stand.record(0)
      expect([attempts, endReason]).toEqual([2, 'upstream_reset'])
      expect([stand.upstream.requestCount, stand.upstream.connectionCount]).toEqual([2, 2])
    }
  })
})

test('once: the second connection answers, without a wait and without a word', async () => {
  const stand = await startTargets([
    (request, connection) =>
      (connection.id === 0 ? closes : answering('from the second'))(request, connection),
  ])
  const response = await stand.chat()
  expect([response.status, response.text()]).toEqual([200, answerText('from the second')])
  const [upstream] = stand.upstreams
  expect(upstream?.connectionCount).toBe(2)
  for (const waitMs of waitsMs(upstream)) {
    expect(waitMs).toBeLessThan(500)
  }
  expect((await stand.record(0)).attemptLog.map(({ kind }) => kind)).toEqual(['first', 'socket'])
})

test('before the request: the same', async () => {
  const dropping = startUpstream(silence, { onConnection: (connection) => connection.close() })
  const stand = await startTargets([silence], {}, {}, { A_BASE_URL: `${dropping.url}/v1` })
  const response = await stand.chat()
  expect([response.status, errorOf(response).code]).toEqual([502, 'upstream_closed'])
  expect([(await stand.record(0)).attempts, dropping.requestCount]).toEqual([2, 0])
  expect(dropping.connectionCount).toBe(2)
  dropping.stop()
})

test('retries change nothing of it: this is tried once more and no more', async () => {
  const stand = await startTargets([closes], {}, { retriesMax: 5 })
  expect((await stand.chat()).status).toBe(502)
  expect(requestCounts(stand)).toEqual([2])
})

test('another target answers, and the breaker counts the two as one', async () => {
  const stand = await startTargets([closes, answering('from b')], {}, { breakerFailures: 2 })
  for (const [index, counts] of [
    [2, 1],
    [4, 2],
    [4, 3],
  ].entries()) {
    expect((await stand.chat()).text()).toBe(answerText('from b'))
    expect(requestCounts(stand)).toEqual(counts)
    const kinds = (await stand.record(index)).attemptLog.map(({ kind }) => kind)
    expect(kinds).toEqual(index < 2 ? ['first', 'socket', 'failover'] : ['first'])
  }
})

test('an upload that was taken is sent again only as that one fresh try', async () => {
  const environment = { RETRIES_MAX: '2', RETRY_BASE_MS: '1' }
  const stand = await startStand(closes, environment)
  const { response } = await stand.ask(jsonRequest('/v1/batches', { input_file_id: 'f' }))
  await response.ended()
  expect([response.status, stand.upstream.requestCount]).toEqual([502, 2])
})
