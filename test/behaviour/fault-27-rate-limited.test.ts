/**
 * Row 27: a 429 that says how long to wait. A short wait is kept on the same target; instead of a
 * long one the next target is asked at once, and where there is none the client is told.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { inTurn, json } from '../kit/answers.ts'
import { endStands } from './client-stand.ts'
import { askPair, pairRows } from './dialect-stand.ts'
import { errorOf, refuses } from './provider-stand.ts'
import {
  answering,
  answerText,
  requestCounts,
  startTargets,
  type TargetsStand,
  waitsMs,
} from './targets-stand.ts'

afterEach(endStands)

const limited = (headers: Readonly<Record<string, string>>) => refuses(429, 'rate', headers)

/** Milliseconds from the last request that the first provider saw to the first of the second. */
function leftAfterMs({ upstreams }: TargetsStand): number {
  const [a, b] = upstreams
  return (b?.requests[0]?.receivedAtMs ?? 0) - (a?.requests.at(-1)?.receivedAtMs ?? 0)
}

describe('retry-after: 7, with nobody else to ask: told to the client, and not tried', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const messages = {
      type: 'error',
      error: { type: 'rate_limit_error', message: 'Slow down.' },
    }
    const gemini = { error: { code: 429, message: 'Slow down.', status: 'RESOURCE_EXHAUSTED' } }
    const chat = { error: { message: 'Slow down.', type: 'requests', code: 'rate_limit_exceeded' } }
    const body = { messages, gemini }[pair.provider as 'gemini'] ?? chat
    for (const stream of [true, false]) {
      const { stand, response } = await askPair(pair, json(429, body, { 'retry-after': '7' }), {
        stream,
        environment: { RETRIES_MAX: '2' },
      })
      expect([response.status, response.ending]).toEqual([429, 'complete'])
      expect(response.header('retry-after')).toBe('7')
      expect(response.header('retry-after-ms')).toBe('7000')
      expect(response.header('x-should-retry')).toBeNull()
      const { error } = JSON.parse(response.text())
      expect(error.message).toBe('Slow down.')
      if (pair.client === 'messages') expect(error.type).toBe('rate_limit_error')
      if (pair.client === 'gemini') expect(error.status).toBe('RESOURCE_EXHAUSTED')
      expect([stand.upstream.requestCount, (await stand.record(0)).attempts]).toEqual([1, 1])
    }
  })
})

describe('with another target', () => {
  test('a long wait is not kept: the other is asked at once', async () => {
    const stand = await startTargets([limited({ 'retry-after': '7' }), answering('from b')])
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from b')])
    expect(requestCounts(stand)).toEqual([1, 1])
    expect(leftAfterMs(stand)).toBeLessThan(500)
    expect((await stand.record(0)).attemptLog.map(({ kind, status }) => [kind, status])).toEqual([
      ['first', 429],
      ['failover', 200],
    ])
  })

  test('a short wait is kept, by the time of the provider', async () => {
    const busy = inTurn(limited({ 'retry-after-ms': '200' }), answering('from a'))
    const stand = await startTargets([busy, answering('from b')])
    expect((await stand.chat()).text()).toBe(answerText('from a'))
    expect(requestCounts(stand)).toEqual([2, 0])
    const [waitedMs = 0] = waitsMs(stand.upstreams[0])
    expect(waitedMs).toBeGreaterThan(195)
    expect(waitedMs).toBeLessThan(200 + 500)
  })

  test.each([
    [100, [2, 0]],
    [101, [1, 1]],
  ])('%d ms, where no more than 100 are kept', async (askedMs, counts) => {
    const busy = inTurn(limited({ 'retry-after-ms': String(askedMs) }), answering('from a'))
    const stand = await startTargets([busy, answering('from b')], {}, { retryAfterMaxMs: 100 })
    expect((await stand.chat()).status).toBe(200)
    expect(requestCounts(stand)).toEqual(counts)
  })

  test('a wait that the total does not allow is not begun', async () => {
    const stand = await startTargets([limited({ 'retry-after': '2' }), answering('from b')])
    const response = await stand.chat({}, { 'x-sluice-timeout-ms': '1000' })
    expect(response.text()).toBe(answerText('from b'))
    expect(requestCounts(stand)).toEqual([1, 1])
    expect(leftAfterMs(stand)).toBeLessThan(500)
  })

  test('that is limited as well: what it says is told', async () => {
    const stand = await startTargets([
      limited({ 'retry-after': '7' }),
      limited({ 'retry-after': '9' }),
    ])
    const response = await stand.chat()
    expect([response.status, response.header('retry-after')]).toEqual([429, '9'])
    // Capacity comes back: to try again later is right, though two were tried just now.
    expect(response.header('x-should-retry')).toBeNull()
    expect(requestCounts(stand)).toEqual([1, 1])
  })
})

test('a wait beyond the total is told at once, where nobody else is', async () => {
  const stand = await startTargets([limited({ 'retry-after': '2' })])
  const startedAtMs = performance.now()
  const response = await stand.chat({}, { 'x-sluice-timeout-ms': '1000' })
  expect([response.status, errorOf(response).code]).toEqual([429, 'rate'])
  expect(response.header('retry-after')).toBe('2')
  expect(performance.now() - startedAtMs).toBeLessThan(800)
  expect(requestCounts(stand)).toEqual([1])
})

describe('what the provider says of trying again', () => {
  test('no: the next target is asked at once, and alone the client is told the same', async () => {
    const advice = { 'x-should-retry': 'false' }
    const stand = await startTargets([limited(advice), answering('from b')])
    expect((await stand.chat()).text()).toBe(answerText('from b'))
    expect(requestCounts(stand)).toEqual([1, 1])
    const alone = await startTargets([limited(advice)])
    expect((await alone.chat()).header('x-should-retry')).toBe('false')
    expect(requestCounts(alone)).toEqual([1])
  })

  test('yes: it is tried again, and passed on where that was in vain', async () => {
    const stand = await startTargets([limited({ 'x-should-retry': 'true' })])
    expect((await stand.chat()).header('x-should-retry')).toBe('true')
    expect(requestCounts(stand)).toEqual([3])
  })
})
