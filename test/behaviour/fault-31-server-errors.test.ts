/**
 * Row 31: the provider's own 5xx. Tried again on the same target after a random backoff, at most
 * twice and within a budget; then the next target; then it is told as it came.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { inTurn } from '../kit/answers.ts'
import { endStands } from './client-stand.ts'
import { askPair, pairRows } from './dialect-stand.ts'
import { errorOf, refuses } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets, waitsMs } from './targets-stand.ts'

afterEach(endStands)

const statuses = [500, 502, 503, 504]

describe('with nobody else to ask', () => {
  test.each(statuses)('%d is tried twice more, and then told', async (status) => {
    const stand = await startTargets(
      [refuses(status, 'broken')],
      {},
      { retryBaseMs: 60, retryMaxMs: 100 },
    )
    const response = await stand.chat()
    expect([response.status, errorOf(response).code]).toEqual([status, 'broken'])
    expect(response.ending).toBe('complete')
    const { attemptLog } = await stand.record(0)
    expect(attemptLog.map(({ kind, status }) => [kind, status])).toEqual([
      ['first', status],
      ['retry', status],
      ['retry', status],
    ])
    // All was tried, so the client need not; but capacity that is short may be there later.
    expect(response.header('x-should-retry')).toBe(status === 503 ? null : 'false')
    const waits = waitsMs(stand.upstreams[0])
    expect(waits.length).toBe(2)
    for (const [index, mostMs] of [60, 100].entries()) {
      expect(waits[index]).toBeLessThan(mostMs + 400)
    }
  })

  test.each(pairRows)('it is told in the dialect of the client: %s', async (_name, pair) => {
    for (const stream of [true, false]) {
      const { stand, response } = await askPair(pair, refuses(500, 'broken'), { stream })
      expect([response.status, response.ending]).toEqual([500, 'complete'])
      const body = JSON.parse(response.text())
      expect(body.error.message).toBe('No.')
      if (pair.client === 'messages') expect(body.error.type).toBe('api_error')
      if (pair.client === 'gemini') expect(body.error.status).toBe('INTERNAL')
      expect(stand.upstream.requestCount).toBe(1)
    }
  })

  test('a retry that succeeds is all that the client sees', async () => {
    const stand = await startTargets([inTurn(refuses(500), refuses(502), answering('third'))])
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('third')])
    expect(response.header('x-sluice-attempts')).toBe('3')
    const { attemptLog, errorCode } = await stand.record(0)
    expect(attemptLog.map(({ kind }) => kind)).toEqual(['first', 'retry', 'retry'])
    expect(errorCode).toBeNull()
  })

  test('the backoff is random, and doubles', async () => {
    const waits: number[][] = []
    const chats = Array.from({ length: 6 }, async () => {
      const stand = await startTargets([refuses(500)], {}, { retryBaseMs: 150, retryMaxMs: 300 })
      await stand.chat()
      waits.push(waitsMs(stand.upstreams[0]))
    })
    await Promise.all(chats)
    const [firsts, seconds] = [0, 1].map((index) => waits.map((each) => each[index] ?? 0))
    for (const waitMs of firsts ?? []) expect(waitMs).toBeLessThan(150 + 400)
    for (const waitMs of seconds ?? []) expect(waitMs).toBeLessThan(300 + 400)
    // Six that waited equally long would come back together.
    expect(Math.max(...(firsts ?? [])) - Math.min(...(firsts ?? []))).toBeGreaterThan(10)
  })
})

test('when everything fails, three retries at a time are all there are', async () => {
  const settings = { breaker: false, retryBaseMs: 400, retryMaxMs: 400 }
  const stand = await startTargets([refuses(503)], {}, settings)
  await Promise.all(Array.from({ length: 12 }, () => stand.chat()))
  // 12 first attempts; of the retries three at a time, and those few that found a place later.
  const [requests] = requestCounts(stand)
  expect(requests).toBeGreaterThanOrEqual(15)
  expect(requests).toBeLessThan(30)
})

describe('with another target', () => {
  test.each(statuses)('it answers after %d', async (status) => {
    const stand = await startTargets([refuses(status), answering('from b')])
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from b')])
    expect(response.header('x-sluice-provider')).toBe('b')
    expect(response.header('x-sluice-model')).toBe('m-b')
    expect(requestCounts(stand)).toEqual([3, 1])
    const record = await stand.record(0)
    expect(record.attemptLog.at(-1)?.kind).toBe('failover')
    expect([record.provider, record.upstreamModel, record.route]).toEqual(['b', 'm-b', 'smart'])
    expect(record.inputTokens).toBe(3)
  })

  test('that fails as well, its error is told, and that all was tried', async () => {
    const stand = await startTargets([refuses(500, 'one'), refuses(500, 'two')])
    const response = await stand.chat()
    expect([response.status, errorOf(response).code]).toEqual([500, 'two'])
    expect(response.header('x-should-retry')).toBe('false')
    expect(requestCounts(stand)).toEqual([3, 3])
  })

  test('a long retry-after of a 503 sends the request there at once', async () => {
    const busy = refuses(503, null, { 'retry-after': '30' })
    const stand = await startTargets([busy, answering('from b')])
    expect((await stand.chat()).text()).toBe(answerText('from b'))
    expect(requestCounts(stand)).toEqual([1, 1])
  })
})
