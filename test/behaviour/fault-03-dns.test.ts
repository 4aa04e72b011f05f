/**
 * Row 3: the provider's name does not resolve. What a resolver can do beyond saying no (SERVFAIL,
 * an empty answer, a wait) needs a resolver of one's own, and with it the rights of the machine's
 * owner. A slow one is bounded by the clock of row 2, which runs from before the name is looked up.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { silence } from '../kit/answers.ts'
import { endStands } from './client-stand.ts'
import { allAt, askPair, expectRefused, noRetries, pairRows } from './dialect-stand.ts'
import { errorOf } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets } from './targets-stand.ts'

afterEach(endStands)

/** Refused by the resolver's own library, so that no test waits for a network. */
const origin = 'http://a..invalid'
const inNowhere = { A_BASE_URL: `${origin}/v1` }

describe('where nobody else can answer it is a status in the dialect of the client', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const environment = { ...noRetries, ...allAt(origin) }
    const { stand, response } = await askPair(pair, silence, { environment })
    expectRefused(response, pair, 'upstream_dns_failed')
    expect(response.text()).not.toContain('.invalid')
    const { attempts, endReason } = await stand.record(0)
    expect([attempts, endReason]).toEqual([1, 'upstream_error'])
  })
})

test('a name whose label is too long is the same', async () => {
  const environment = { A_BASE_URL: `http://${'a'.repeat(64)}.invalid/v1` }
  const stand = await startTargets([silence], {}, {}, environment)
  const response = await stand.chat({ stream: false })
  expect([response.status, errorOf(response).code]).toEqual([502, 'upstream_dns_failed'])
})

test('a name that does not exist: no later than the clock of row 2', async () => {
  const environment = { A_BASE_URL: 'http://no-such-host.invalid/v1' }
  const stand = await startTargets([silence], {}, { retriesMax: 0 }, environment)
  const startedAtMs = performance.now()
  const response = await stand.chat()
  const tookMs = performance.now() - startedAtMs
  expect(tookMs).toBeLessThan(8000)
  // The resolver of the machine may lose a packet, and then it takes as long as the clock allows.
  const code = tookMs < 4900 ? 'upstream_dns_failed' : errorOf(response).code
  expect(['upstream_dns_failed', 'upstream_connect_timeout']).toContain(code ?? '')
  expect(errorOf(response).code).toBe(code)
}, 15_000)

test('it is tried again after a backoff, and then the client need not', async () => {
  const stand = await startTargets([silence], {}, {}, inNowhere)
  const startedAtMs = performance.now()
  const response = await stand.chat()
  expect([response.status, response.header('x-should-retry')]).toEqual([502, 'false'])
  expect((await stand.record(0)).attemptLog.map(({ kind }) => kind)).toEqual([
    'first',
    'retry',
    'retry',
  ])
  expect(performance.now() - startedAtMs).toBeLessThan(5000)
})

test('another target answers, and the breaker of the first counts it', async () => {
  const stand = await startTargets(
    [silence, answering('from b')],
    {},
    { breakerFailures: 3 },
    inNowhere,
  )
  const response = await stand.chat()
  expect([response.status, response.text()]).toEqual([200, answerText('from b')])
  expect((await stand.record(0)).attemptLog[0]?.outcome).toBe('upstream_dns_failed')
  expect((await stand.chat()).header('x-sluice-attempts')).toBe('1')
  expect(requestCounts(stand)).toEqual([0, 2])
})
