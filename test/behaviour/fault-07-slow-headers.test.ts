/**
 * Row 7: the provider takes the request and sends no head. It would take as long again, so it is
 * never asked twice; another target is.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { json, silence } from '../kit/answers.ts'
import { endStands, startStand } from './client-stand.ts'
import { askChat, heartbeats, lateMsMax } from './clock-stand.ts'
import { askPair, expectErrorEvent, expectRefused, pairRows, sideBySide } from './dialect-stand.ts'
import { answering, answerText, requestCounts, startTargets } from './targets-stand.ts'

afterEach(endStands)

const limitMs = 150
const limited = { STREAM_HEADERS_TIMEOUT_MS: String(limitMs) }

describe('a status in the dialect of the client', () => {
  test.each([
    ['asked for a stream', true, {}],
    ['asked for JSON, heartbeats or not', false, heartbeats],
  ])('%s', async (_name, stream, more) => {
    await sideBySide(pairRows, async (pair) => {
      const startedAtMs = performance.now()
      const environment = { ...limited, ...more, RETRIES_MAX: '2', RETRY_BASE_MS: '1' }
      const { stand, response } = await askPair(pair, silence, { stream, environment })
      const tookMs = performance.now() - startedAtMs
      expectRefused(response, pair, 'upstream_header_timeout')
      expect(tookMs).toBeGreaterThan(limitMs - 10)
      expect(tookMs).toBeLessThan(limitMs + lateMsMax)
      const { attempts, endReason } = await stand.record(0)
      expect([attempts, stand.upstream.requestCount]).toEqual([1, 1])
      expect(endReason).toBe('headers_timeout')
      await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
    })
  })
})

test('once a heartbeat left it is an error event', async () => {
  await sideBySide(pairRows, async (pair) => {
    const environment = { ...limited, ...heartbeats }
    const { stand, response } = await askPair(pair, silence, { environment })
    expect([response.status, response.ending]).toEqual([200, 'complete'])
    expectErrorEvent(response, pair, 'upstream_header_timeout')
    expect((await stand.record(0)).heartbeats).toBeGreaterThanOrEqual(1)
    await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
  })
})

test('a head that comes just in time stops the clock', async () => {
  const stand = await startStand(
    async (request, connection) => {
      await Bun.sleep(50)
      await json(200, { id: 'x', choices: [] })(request, connection)
    },
    { STREAM_HEADERS_TIMEOUT_MS: '2s' },
  )
  const response = await askChat(stand, {}, false)
  await response.ended()
  expect(response.status).toBe(200)
  expect(stand.app.leftovers().clocks).toBe(0)
})

describe('another target', () => {
  const clocks = { headersTimeoutMs: 100 }

  test('is asked when the clock of the first has run, and answers', async () => {
    const stand = await startTargets([silence, answering('from b')], { traits: [{ clocks }] })
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from b')])
    expect(requestCounts(stand)).toEqual([1, 1])
    const [first, second] = stand.upstreams.map(({ requests }) => requests[0]?.receivedAtMs ?? 0)
    const waitedMs = (second ?? 0) - (first ?? 0)
    expect(waitedMs).toBeGreaterThan(90)
    expect(waitedMs).toBeLessThan(100 + lateMsMax)
    expect((await stand.record(0)).attemptLog[0]?.outcome).toBe('upstream_header_timeout')
  })

  test('answers behind the heartbeats that were sent meanwhile', async () => {
    const stand = await startTargets(
      [silence, answering('from b')],
      { traits: [{ clocks: { headersTimeoutMs: 200 } }] },
      {},
      heartbeats,
    )
    const text = (await stand.chat()).text()
    expect(text).toStartWith(': ping\n')
    expect(text.replaceAll(': ping\n', '')).toBe(answerText('from b'))
  })

  test('is not asked when the total has run as well', async () => {
    const traits = [{ clocks: { headersTimeoutMs: 5000 } }]
    const stand = await startTargets([silence, answering('from b')], { traits })
    const response = await stand.chat({}, { 'x-sluice-timeout-ms': '150' })
    expect(response.status).toBe(504)
    expect(JSON.parse(response.text()).error.code).toBe('upstream_total_timeout')
    expect(requestCounts(stand)).toEqual([1, 0])
  })

  test('is asked first once the breaker of the slow one is open', async () => {
    const stand = await startTargets(
      [silence, answering('from b')],
      { traits: [{ clocks }] },
      { breakerFailures: 2 },
    )
    for (let chats = 0; chats < 3; chats += 1) await stand.chat()
    expect(requestCounts(stand)).toEqual([2, 3])
  })
})
