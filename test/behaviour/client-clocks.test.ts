/**
 * The clocks: each has a name and an error code of its own, as an HTTP status before the first
 * content and inside the stream after it. Here is what no row of the fault matrix covers: the
 * total, and what a request may wish.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventsText, eventText, json, silence } from '../kit/answers.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands, startStand } from './client-stand.ts'
import {
  askChat,
  expectLate,
  expectLateEvent,
  heartbeats,
  lateMsMax,
  sends,
} from './clock-stand.ts'
import { stream } from './provider-stand.ts'

afterEach(endStands)

const events = chatEvents(['Hello', ' there'])
const [role = ''] = events

describe('before the first content', () => {
  const cases: [string, Readonly<Record<string, string>>, UpstreamScript, string][] = [
    ['total', { STREAM_TOTAL_TIMEOUT_MS: '150' }, silence, 'upstream_total_timeout'],
    [
      'total, after the headers',
      { STREAM_TOTAL_TIMEOUT_MS: '150' },
      sends([role], silence),
      'upstream_total_timeout',
    ],
  ]
  test.each(cases)('%s: a status', async (_name, environment, script, code) => {
    const stand = await startStand(script, environment)
    const startedAtMs = performance.now()
    const response = await askChat(stand)
    await expectLate(stand, response, code)
    const tookMs = performance.now() - startedAtMs
    expect(tookMs).toBeGreaterThan(140)
    expect(tookMs).toBeLessThan(150 + lateMsMax)
  })
  test.each(cases)('%s: an error event, once a heartbeat left', async (_n, env, script, code) => {
    const stand = await startStand(script, { ...env, ...heartbeats })
    await expectLateEvent(stand, await askChat(stand), code)
  })
  test.each(cases.filter(([name]) => !/ /.test(name)))(
    '%s: a status, where no stream was asked for',
    async (_name, environment, script, code) => {
      const stand = await startStand(script, { ...environment, ...heartbeats })
      await expectLate(stand, await askChat(stand, {}, false), code)
    },
  )

  test('the total and the first heartbeat, due at the same late look: still a status', async () => {
    const stand = await startStand(silence, { STREAM_TOTAL_TIMEOUT_MS: '150', ...heartbeats })
    const asked = askChat(stand)
    await stand.upstream.request(0)
    Bun.sleepSync(250)
    await expectLate(stand, await asked, 'upstream_total_timeout')
  })
})

describe('the wishes of a request', () => {
  test('shorten the total clock', async () => {
    const stand = await startStand(silence)
    const response = await askChat(stand, { 'x-sluice-timeout-ms': '150' })
    await expectLate(stand, response, 'upstream_total_timeout')
  })
  test('do not lengthen the total clock', async () => {
    const stand = await startStand(silence, { STREAM_TOTAL_TIMEOUT_MS: '200' })
    const startedAtMs = performance.now()
    const response = await askChat(stand, { 'x-sluice-timeout-ms': '60000' })
    await expectLate(stand, response, 'upstream_total_timeout')
    expect(performance.now() - startedAtMs).toBeLessThan(200 + lateMsMax)
  })
  test('shorten the first-token clock', async () => {
    const stand = await startStand(sends([role], silence))
    const response = await askChat(stand, { 'x-sluice-first-token-timeout-ms': '150' })
    await expectLate(stand, response, 'upstream_first_token_timeout')
  })
  test('lengthen the first-token clock, within the total clock', async () => {
    let quietMs = 350
    const stand = await startStand(
      async (_request, connection) => {
        await connection.head(200, stream)
        await connection.chunk(eventText(role))
        await Promise.race([Bun.sleep(quietMs), connection.closed])
        if (connection.isClosed) return
        await connection.chunk(eventsText(events.slice(1), true))
        await connection.end()
      },
      { STREAM_FIRST_TOKEN_TIMEOUT_MS: '100' },
    )
    const patient = await askChat(stand, { 'x-sluice-first-token-timeout-ms': '5000' })
    await patient.ended()
    expect(patient.text()).toBe(eventsText(events, true))
    quietMs = 4000
    const hurried = await askChat(stand)
    await hurried.ended()
    expect(hurried.status).toBe(504)
  })

  const wrong = ['0', '-1', '1.5', '1e3', 'soon', '', '12345678901', '10, 20']
  test.each(wrong)('are refused where they are no whole number: %j', async (value) => {
    const stand = await startStand(silence)
    for (const name of ['x-sluice-timeout-ms', 'x-sluice-first-token-timeout-ms']) {
      const response = await askChat(stand, { [name]: value })
      await response.ended()
      const { error } = JSON.parse(response.text())
      const code = value.includes(',') ? 'duplicate_header' : 'invalid_header'
      expect([response.status, error.code, error.param]).toEqual([400, code, name])
    }
    expect(stand.upstream.connectionCount).toBe(0)
  })
})

test('a clock of 0 is off', async () => {
  const off = Object.fromEntries(
    ['HEARTBEAT_INTERVAL', 'HEADERS_TIMEOUT', 'FIRST_TOKEN_TIMEOUT', 'IDLE_TIMEOUT']
      .concat(['TOTAL_TIMEOUT', 'CLIENT_STALL_TIMEOUT'])
      .map((name) => [`STREAM_${name}_MS`, '0']),
  )
  const slow: UpstreamScript = async (_request, connection) => {
    await Bun.sleep(400)
    await connection.head(200, stream)
    for (const item of events) {
      await Bun.sleep(400)
      await connection.chunk(eventText(item))
    }
    await connection.chunk(eventText('[DONE]'))
    await connection.end()
  }
  const stand = await startStand(slow, off)
  const response = await askChat(stand)
  await response.ended()
  expect(response.text()).toBe(eventsText(events, true))
  expect(stand.upstream.requestCount).toBe(1)
})

test('an answer in time leaves no clock behind', async () => {
  const stand = await startStand(json(200, { id: 'x', choices: [] }))
  const response = await askChat(stand, {}, false)
  await response.ended()
  expect(stand.app.leftovers().clocks).toBe(0)
})
