/**
 * Row 30: 529, which is Anthropic's word for "overloaded". Anthropic's clients know it; to others
 * it is a 503. All are told when to come back, and none of our own retries waits for that.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { inTurn, json } from '../kit/answers.ts'
import { endStands } from './client-stand.ts'
import { askPair, pairs } from './dialect-stand.ts'
import { refuses } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets, waitsMs } from './targets-stand.ts'

afterEach(endStands)

const message = 'Overloaded'
const bodies = {
  messages: { type: 'error', error: { type: 'overloaded_error', message } },
  chat: { error: { message, type: 'overloaded_error', param: null, code: null } },
} as const

/** Anthropic says it itself, and so do those that speak OpenAI's dialect in front of it. */
const asked = pairs.filter(({ provider }) => provider === 'messages' || provider === 'chat')

describe.each([
  ['without a wait of its own', {}, '2'],
  ['with a wait of its own', { 'retry-after': '9' }, '9'],
])('%s', (_name, headers, retryAfter) => {
  test.each(asked.map((pair) => [`${pair.client} from ${pair.provider}`, pair] as const))(
    '%s',
    async (_pair, pair) => {
      const body = bodies[pair.provider as 'messages']
      for (const stream of [true, false]) {
        const { stand, response } = await askPair(pair, json(529, body, headers), { stream })
        const isAnthropic = pair.client === 'messages'
        expect([response.status, response.ending]).toEqual([isAnthropic ? 529 : 503, 'complete'])
        expect(response.header('retry-after')).toBe(retryAfter)
        expect(response.header('x-should-retry')).toBeNull()
        const { error, type } = JSON.parse(response.text())
        expect(error.message).toBe(message)
        if (isAnthropic) expect([type, error.type]).toEqual(['error', 'overloaded_error'])
        if (pair.client === 'gemini') expect(error.status).toBe('UNAVAILABLE')
        expect((await stand.record(0)).status).toBe(response.status)
        expect(stand.upstream.requestCount).toBe(1)
      }
    },
  )
})

test('it is tried again after a backoff of our own, then left for the next target', async () => {
  const stand = await startTargets([refuses(529, 'overloaded'), answering('from b')])
  const response = await stand.chat()
  expect([response.status, response.text()]).toEqual([200, answerText('from b')])
  expect(requestCounts(stand)).toEqual([3, 1])
  const [a, b] = stand.upstreams
  for (const waitedMs of waitsMs(a)) expect(waitedMs).toBeLessThan(500)
  const leftAfterMs = (b?.requests[0]?.receivedAtMs ?? 0) - (a?.requests[2]?.receivedAtMs ?? 0)
  expect(leftAfterMs).toBeLessThan(500)
})

test('a wait that the provider asks for is kept, where it is short', async () => {
  const script = inTurn(refuses(529, 'overloaded', { 'retry-after-ms': '250' }), answering('then'))
  const stand = await startTargets([script])
  expect((await stand.chat()).text()).toBe(answerText('then'))
  const [waitedMs] = waitsMs(stand.upstreams[0])
  expect(waitedMs).toBeGreaterThan(245)
  expect(waitedMs).toBeLessThan(250 + 500)
})

test('when all are overloaded it is tried no more, and the client may come back', async () => {
  const stand = await startTargets([refuses(529), refuses(529)])
  const response = await stand.chat()
  expect([response.status, response.header('retry-after')]).toEqual([503, '2'])
  expect(response.header('x-should-retry')).toBeNull()
  expect(requestCounts(stand)).toEqual([3, 3])
})

test('its breaker counts it', async () => {
  const stand = await startTargets([refuses(529), answering('from b')], {}, { breakerFailures: 3 })
  await stand.chat()
  await stand.chat()
  expect(requestCounts(stand)).toEqual([3, 2])
})
