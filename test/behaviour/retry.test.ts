/** Retries on one target: when, how often, after how long, and when not at all. */
import { afterEach, describe, expect, test } from 'bun:test'
import { inTurn, json, silence } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands, startStand } from './client-stand.ts'
import { answering, answerText, endTargetStands, startTargets } from './targets-stand.ts'

afterEach(endTargetStands)
afterEach(endStands)

const refusal = (status: number, headers: Readonly<Record<string, string>> = {}): UpstreamScript =>
  json(status, { error: { message: 'Wait.', type: 'e', param: null, code: 'c' } }, headers)

/** Asks a single target that refuses once, and tells when its two requests began. */
async function refusedOnce(headers: Readonly<Record<string, string>>, status = 429) {
  const stand = await startTargets([inTurn(refusal(status, headers), answering('then'))])
  const response = await stand.chat()
  const [first, second] = (await stand.record(0)).attemptLog
  const waitedMs =
    first === undefined || second === undefined ? -1 : second.startedAtMs - first.endedAtMs
  return { stand, response, waitedMs }
}

describe('retry-after', () => {
  const near = (ms: number): [number, number] => [ms - 5, ms + 400]
  const table: readonly [string, Record<string, string>, [number, number]][] = [
    ['a second', { 'retry-after': '1' }, near(1000)],
    ['milliseconds', { 'retry-after-ms': '300' }, near(300)],
    ['parts of a second', { 'retry-after': '0.2' }, near(200)],
    ['a date in the past', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, [0, 200]],
    ['nonsense, as if it were not there', { 'retry-after': 'banana' }, [0, 200]],
    ['a negative number, as if it were not there', { 'retry-after': '-1' }, [0, 200]],
  ]
  test.each(table)('of %s is kept', async (_, headers, [least, most]) => {
    const { response, waitedMs } = await refusedOnce(headers)
    expect(response.text()).toBe(answerText('then'))
    expect(waitedMs).toBeGreaterThanOrEqual(least)
    expect(waitedMs).toBeLessThan(most)
  })

  test('of more than three seconds is told to the client where there is no other target', async () => {
    const { stand, response } = await refusedOnce({ 'retry-after': '7' })
    expect([response.status, response.header('retry-after')]).toEqual([429, '7'])
    expect(stand.upstreams[0]?.requestCount).toBe(1)
  })

  test('is kept on the same target though another is there, where it is short', async () => {
    const busy = inTurn(refusal(429, { 'retry-after-ms': '50' }), answering('from a'))
    const stand = await startTargets([busy, answering('from b')])
    expect((await stand.chat()).text()).toBe(answerText('from a'))
  })
})

test('at most two more attempts, and then what the last one said', async () => {
  const stand = await startTargets([refusal(503)])
  const response = await stand.chat()
  expect([response.status, stand.upstreams[0]?.requestCount]).toEqual([503, 3])
  const { attemptLog } = await stand.record(0)
  expect(attemptLog.map(({ kind, status }) => [kind, status])).toEqual([
    ['first', 503],
    ['retry', 503],
    ['retry', 503],
  ])
})

test('the total deadline holds all attempts and their waits', async () => {
  const stand = await startTargets([refusal(429, { 'retry-after': '2' })])
  const startedAtMs = performance.now()
  const response = await stand.chat({}, { 'x-sluice-timeout-ms': '500' })
  expect(response.status).toBe(429)
  expect(performance.now() - startedAtMs).toBeLessThan(1500)
  expect(stand.upstreams[0]?.requestCount).toBe(1)
})

test('a client that leaves during a backoff ends it at once', async () => {
  const stand = await startTargets([refusal(429, { 'retry-after': '3' })])
  const { client } = await stand.begin()
  await eventually(() => stand.app.leftovers().pauses === 1, 'the backoff has begun')
  client.close()
  await eventually(() => stand.app.leftovers().pauses === 0, 'the backoff is over', 500)
  expect((await stand.record(0)).endReason).toBe('client_gone')
  expect(stand.upstreams[0]?.requestCount).toBe(1)
})

test('when everything fails, three retries at a time are all there are', async () => {
  const stand = await startTargets(
    [refusal(503)],
    {},
    {
      breaker: false,
      retryBaseMs: 400,
      retryMaxMs: 400,
    },
  )
  const asked = Array.from({ length: 12 }, () => stand.chat())
  await Promise.all(asked)
  // 12 first attempts; of the retries three at a time, and those few that found a place later.
  const requests = stand.upstreams[0]?.requestCount ?? 0
  expect(requests).toBeGreaterThanOrEqual(15)
  expect(requests).toBeLessThan(30)
})

test('an upload is not sent twice where the provider may have taken it', async () => {
  const stand = await startStand(refusal(500), { RETRIES_MAX: '2', RETRY_BASE_MS: '1' })
  const { response } = await stand.ask(jsonRequest('/v1/batches', { input_file_id: 'f' }))
  await response.ended()
  expect([response.status, stand.upstream.requestCount]).toEqual([500, 1])
})

test('an upload is sent again where the provider refused it', async () => {
  const stand = await startStand(inTurn(refusal(429), json(200, { id: 'batch_1' })), {
    RETRIES_MAX: '2',
    RETRY_BASE_MS: '1',
  })
  const { response } = await stand.ask(jsonRequest('/v1/batches', { input_file_id: 'f' }))
  await response.ended()
  expect([response.status, stand.upstream.requestCount]).toEqual([200, 2])
})

test('a spent quota parks the key: the next request does not begin there', async () => {
  const spent = json(429, { error: { message: 'm', code: 'insufficient_quota' } })
  const stand = await startTargets([spent, answering('from b')])
  await stand.chat()
  await stand.chat()
  expect(stand.upstreams.map(({ requestCount }) => requestCount)).toEqual([1, 2])
})

test('the last target is asked though its key is parked', async () => {
  const spent = json(429, { error: { message: 'm', code: 'insufficient_quota' } })
  const stand = await startTargets([spent])
  expect((await stand.chat()).status).toBe(429)
  expect((await stand.chat()).status).toBe(429)
  expect(stand.upstreams[0]?.requestCount).toBe(2)
})

test('the last target is asked though its breaker is open', async () => {
  const stand = await startTargets(
    [inTurn(refusal(500), answering('back'))],
    {},
    {
      breakerFailures: 1,
      retriesMax: 0,
    },
  )
  expect((await stand.chat()).status).toBe(500)
  expect((await stand.chat()).text()).toBe(answerText('back'))
})

test('an open breaker keeps the first target alone, and its probe brings it back', async () => {
  const stand = await startTargets(
    [inTurn(refusal(500), answering('from a')), answering('from b')],
    {},
    { breakerFailures: 1, retriesMax: 0, breakerOpenMs: 400, breakerSlowStartMs: 0 },
  )
  expect((await stand.chat()).text()).toBe(answerText('from b'))
  expect((await stand.chat()).text()).toBe(answerText('from b'))
  expect(stand.upstreams[0]?.requestCount).toBe(1)
  await eventually(
    async () => (await stand.chat()).text() === answerText('from a'),
    'the probe has come',
  )
})

test('a probe whose client leaves lets the next request probe', async () => {
  const stand = await startTargets(
    [inTurn(refusal(500), silence, answering('from a')), answering('from b')],
    {},
    { breakerFailures: 1, retriesMax: 0, breakerOpenMs: 1, breakerSlowStartMs: 0 },
  )
  await stand.chat()
  await Bun.sleep(5)
  const probe = await stand.begin()
  await stand.upstreams[0]?.request(1)
  expect((await stand.chat()).text()).toBe(answerText('from b'))
  probe.client.close()
  await stand.record(2)
  expect((await stand.chat()).text()).toBe(answerText('from a'))
})

test('failures in the middle of answers count too', async () => {
  const breaking: UpstreamScript = async (_, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    await connection.chunk('data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n')
    await connection.end()
  }
  const stand = await startTargets([breaking, answering('from b')])
  const chats = []
  for (let index = 0; index < 12; index += 1) chats.push((await stand.chat()).text())
  expect(chats.at(-1)).toBe(answerText('from b'))
  expect(stand.upstreams[0]?.requestCount).toBeLessThan(12)
})
