/**
 * A wait of more than 2^31 ms fires at once in JavaScript: it is refused where the operator sets
 * it, and clamped where a client or a provider asks for it (fault matrix, row 61).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { loadConfig } from '../../src/config/env.ts'
import { streamVariables } from '../../src/config/stream-variables.ts'
import { fixedVariables } from '../../src/config/variables.ts'
import { chatEvents, eventsText, inTurn, json, silence, sse } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { Changes } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, endStands, startStand } from './client-stand.ts'

afterEach(endStands)

const longest = String(2 ** 31 - 1)
const events = chatEvents(['Hello', ' there'])
const whole = eventsText(events, true)

/** An answer that takes long enough for a clock that fires at once. */
const slow: UpstreamScript = async (request, connection) => {
  await Bun.sleep(300)
  await sse(events, { done: true, gapMs: 60 })(request, connection)
}

const durations = fixedVariables.map(({ name }) => name).filter((name) => name.endsWith('_MS'))

describe('a duration of the operator', () => {
  test('of more than 2^31 - 1 ms is refused, whichever it is', () => {
    expect(durations.length).toBeGreaterThan(15)
    for (const name of durations) {
      for (const value of ['2147483648', '99999999999', '40000m']) {
        const loaded = loadConfig({ [name]: value })
        expect(loaded.ok, `${name}=${value}`).toBe(false)
      }
    }
  })

  test('of exactly that is taken, and does not fire at once', async () => {
    const longClocks = Object.values(streamVariables)
      .map(({ name }) => name)
      .filter((name) => name.endsWith('_TIMEOUT_MS') || name === 'STREAM_HEARTBEAT_INTERVAL_MS')
    expect(longClocks.length).toBeGreaterThan(5)
    const environment = Object.fromEntries(longClocks.map((name) => [name, longest]))
    const stand = await startStand(slow, environment)
    const { response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
    expect(await response.ended()).toBe('complete')
    expect(response.text()).toBe(whole)
  })
})

describe('a duration of a client', () => {
  test.each(['x-sluice-timeout-ms', 'x-sluice-first-token-timeout-ms'])(
    '%s: the operator’s bound holds, and a number of any length is no timer',
    async (name) => {
      const stand = await startStand(slow, { STREAM_TOTAL_TIMEOUT_MS: '60000' })
      for (const value of ['2147483648', '4294967296', '9999999999']) {
        const request = jsonRequest('/v1/chat/completions', chatRequest, { [name]: value })
        const { response } = await stand.ask(request)
        expect(await response.ended()).toBe('complete')
        expect([response.status, response.text()]).toEqual([200, whole])
      }
      const request = jsonRequest('/v1/chat/completions', chatRequest, { [name]: '10000000000' })
      const { response } = await stand.ask(request)
      await response.ended()
      expect([response.status, JSON.parse(response.text()).error.code]).toEqual([
        400,
        'invalid_header',
      ])
    },
  )

  test('without a bound of the operator it is none either', async () => {
    const stand = await startStand(slow, { STREAM_TOTAL_TIMEOUT_MS: '0' })
    const headers = { 'x-sluice-timeout-ms': '4294967297' }
    const { response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest, headers))
    expect(await response.ended()).toBe('complete')
    expect(response.text()).toBe(whole)
  })
})

test.each([
  ['retry-after', '4294968'],
  ['retry-after', '99999999999999999999'],
  ['retry-after-ms', '4294967297'],
  ['retry-after', 'Fri, 31 Dec 9999 23:59:59 GMT'],
])('%s: %s of a provider is not waited for, and not retried at once', async (name, value) => {
  const busy = json(429, { error: { message: 'busy', code: 'rate_limit' } }, { [name]: value })
  const stand = await startStand(inTurn(busy, silence), { RETRIES_MAX: '2' })
  const { response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
  expect(await response.ended()).toBe('complete')
  expect(response.status).toBe(429)
  expect(stand.upstream.requestCount).toBe(1)
})

test('a grace of that length at the end of a worker is waited for', async () => {
  const changes = new Changes()
  let isFree = false
  const halfway: UpstreamScript = async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    await connection.chunk(eventsText(events.slice(0, 2)))
    await changes.until(() => isFree, 'the rest', 15_000)
    await connection.chunk(eventsText(events.slice(2), true))
    await connection.end()
  }
  const stand = await startStand(halfway)
  const { response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
  await response.until(({ bodyBytes }) => bodyBytes > 0, 'the first bytes')
  const stopped = stand.app.stop(2 ** 40)
  // An overflow would end the stream within a millisecond.
  await Bun.sleep(50)
  expect(response.ending).toBeNull()
  isFree = true
  changes.notify()
  expect(await response.ended()).toBe('complete')
  expect(response.text()).toBe(whole)
  await stopped
})
