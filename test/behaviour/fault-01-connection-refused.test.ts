/** Row 1: nobody listens at the provider's address. Nothing was sent, so anything may follow. */
import { afterEach, describe, expect, test } from 'bun:test'
import { silence } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { closedPort } from '../kit/dead-ends.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream } from '../kit/upstream.ts'
import { endStands, startStand } from './client-stand.ts'
import { allAt, askPair, expectRefused, noRetries, pairRows } from './dialect-stand.ts'
import { errorOf } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets } from './targets-stand.ts'

afterEach(endStands)

const origin = (): string => `http://127.0.0.1:${closedPort()}`

describe('where nobody else can answer it is a status in the dialect of the client', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    for (const stream of [true, false]) {
      const environment = { ...noRetries, ...allAt(origin()) }
      const { stand, response } = await askPair(pair, silence, { stream, environment })
      expectRefused(response, pair, 'upstream_connect_failed')
      const { attempts, errorCause, provider } = await stand.record(0)
      expect([attempts, errorCause]).toEqual([1, 'ECONNREFUSED'])
      // The address is the operator's own affair.
      expect(response.text()).not.toContain('127.0.0.1')
      expect(response.text()).not.toContain(provider ?? '')
    }
  })
})

test('it is tried again after a backoff, and then the client need not', async () => {
  const stand = await startTargets(
    [silence],
    {},
    { retryBaseMs: 40, retryMaxMs: 40 },
    { A_BASE_URL: `${origin()}/v1` },
  )
  const response = await stand.chat()
  expect([response.status, errorOf(response).code]).toEqual([502, 'upstream_connect_failed'])
  expect(response.header('x-should-retry')).toBe('false')
  const { attemptLog } = await stand.record(0)
  expect(attemptLog.map(({ kind, outcome }) => [kind, outcome])).toEqual([
    ['first', 'upstream_connect_failed'],
    ['retry', 'upstream_connect_failed'],
    ['retry', 'upstream_connect_failed'],
  ])
  for (const [index, { startedAtMs }] of attemptLog.slice(1).entries()) {
    const waitedMs = startedAtMs - (attemptLog[index]?.endedAtMs ?? 0)
    expect(waitedMs).toBeGreaterThan(0)
    expect(waitedMs).toBeLessThan(40 + 400)
  }
})

test('a provider that is back within the backoff answers, and is asked once', async () => {
  const port = closedPort()
  const stand = await startTargets(
    [silence],
    {},
    { retryBaseMs: 400, retryMaxMs: 800 },
    { A_BASE_URL: `http://127.0.0.1:${port}/v1` },
  )
  const { response } = await stand.begin()
  await eventually(() => stand.app.leftovers().pauses === 1, 'a backoff')
  const back = startUpstream(answering('back'), { port })
  await response.ended()
  expect(response.text()).toBe(answerText('back'))
  expect(back.requestCount).toBe(1)
  back.stop()
})

test('even an upload is sent again, because it never arrived', async () => {
  const environment = { OPENAI_BASE_URL: `${origin()}/v1`, RETRIES_MAX: '2', RETRY_BASE_MS: '1' }
  const stand = await startStand(silence, environment)
  const { response } = await stand.ask(jsonRequest('/v1/batches', { input_file_id: 'f' }))
  await response.ended()
  expect([response.status, (await stand.record(0)).attempts]).toEqual([502, 3])
})

describe('where another target is', () => {
  test('it answers, after the attempts on the first', async () => {
    const stand = await startTargets([silence, answering('from b')])
    stand.upstreams[0]?.refuse()
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from b')])
    expect(response.header('x-sluice-provider')).toBe('b')
    expect(requestCounts(stand)).toEqual([0, 1])
    const { attemptLog } = await stand.record(0)
    expect(attemptLog.map(({ target, kind }) => [target, kind])).toEqual([
      ['a/m-a', 'first'],
      ['a/m-a', 'retry'],
      ['a/m-a', 'retry'],
      ['b/m-b', 'failover'],
    ])
  })

  test('it is asked first once the breaker of the dead one is open', async () => {
    const stand = await startTargets([silence, answering('from b')], {}, { breakerFailures: 3 })
    stand.upstreams[0]?.refuse()
    await stand.chat()
    expect((await stand.chat()).header('x-sluice-attempts')).toBe('1')
    expect(requestCounts(stand)).toEqual([0, 2])
  })
})
