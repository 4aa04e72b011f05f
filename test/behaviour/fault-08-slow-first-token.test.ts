/**
 * Row 8: the head comes at once and then no content. Heartbeats keep the client; as long as it has
 * nothing but those, another target can still answer.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventsText, json } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, endStands, startStand } from './client-stand.ts'
import { askChat, expectLate, heartbeats, lateMsMax, repeats, sends } from './clock-stand.ts'
import {
  answerOf,
  askPair,
  expectErrorEvent,
  expectRefused,
  type Pair,
  pairRows,
  sideBySide,
} from './dialect-stand.ts'
import { apart, paced, ping } from './heartbeat-stand.ts'
import { stream } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets } from './targets-stand.ts'

afterEach(endStands)

const limitMs = 150
const limited = { STREAM_FIRST_TOKEN_TIMEOUT_MS: String(limitMs) }
const events = chatEvents(['Hello', ' there'])
const [role = ''] = events
const whole = eventsText(events, true)

const silent: UpstreamScript = async (_request, connection) => {
  await connection.closed
}

/** Sends all events before the first content, and then nothing more. */
const beginsOnly = (pair: Pair): UpstreamScript => {
  const { events, untilContent } = answerOf(pair)
  return async (_request, connection) => {
    await connection.head(200, stream)
    for (const event of events.slice(0, untilContent - 1)) await connection.chunk(event)
    await connection.closed
  }
}

describe('where nobody else can answer', () => {
  test('it is a status in the dialect of the client, at its clock', async () => {
    await sideBySide(pairRows, async (pair) => {
      const startedAtMs = performance.now()
      const environment = { ...limited, RETRIES_MAX: '2', RETRY_BASE_MS: '1' }
      const { stand, response } = await askPair(pair, beginsOnly(pair), { environment })
      const tookMs = performance.now() - startedAtMs
      expectRefused(response, pair, 'upstream_first_token_timeout')
      expect(tookMs).toBeGreaterThan(limitMs - 10)
      expect(tookMs).toBeLessThan(limitMs + lateMsMax)
      expect((await stand.record(0)).endReason).toBe('first_token_timeout')
      expect(stand.upstream.requestCount).toBe(1)
      await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
    })
  })

  test('once a heartbeat left it is an error event', async () => {
    await sideBySide(pairRows, async (pair) => {
      const environment = { ...limited, ...heartbeats }
      const { stand, response } = await askPair(pair, beginsOnly(pair), { environment })
      expect([response.status, response.ending]).toEqual([200, 'complete'])
      expectErrorEvent(response, pair, 'upstream_first_token_timeout')
      expect((await stand.record(0)).heartbeats).toBeGreaterThanOrEqual(1)
      await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
    })
  })

  test('comments of the provider are no token', async () => {
    const stand = await startStand(sends([], repeats(': thinking\n\n', 30)), limited)
    await expectLate(stand, await askChat(stand), 'upstream_first_token_timeout')
  })

  test('half of an answer that is no stream is none either', async () => {
    const script: UpstreamScript = async (_request, connection) => {
      await connection.head(200, { 'content-type': 'application/json', 'content-length': '99' })
      await connection.raw('{"id":')
      await connection.closed
    }
    for (const more of [{}, heartbeats]) {
      const stand = await startStand(script, { ...limited, ...more })
      await expectLate(stand, await askChat(stand, {}, false), 'upstream_first_token_timeout')
    }
  })
})

describe('in time', () => {
  const quick = { STREAM_HEARTBEAT_INTERVAL_MS: '50' }

  test.each([
    ['before the headers', [300]],
    ['after the headers', [0, 300]],
  ])('%s: a heartbeat opens the response with 200', async (_when, pausesMs) => {
    const stand = await startStand(paced(pausesMs, [whole]), quick)
    const response = await (await askChat(stand)).head()
    expect([response.status, response.text()]).toEqual([200, ping])
    expect(response.header('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.header('x-request-id')).toMatch(/^req_/)
    await response.ended()
    const { pings, rest } = apart(response.text())
    expect([rest, response.ending]).toEqual([whole, 'complete'])
    expect(pings).toBeGreaterThanOrEqual(2)
  })

  test('no heartbeat opens anything for a request that wants no stream', async () => {
    const answer = { id: 'chatcmpl-1', object: 'chat.completion', choices: [] }
    const late: UpstreamScript = async (request, connection) => {
      await Bun.sleep(200)
      await json(200, answer)(request, connection)
    }
    const stand = await startStand(late, quick)
    const request = jsonRequest('/v1/chat/completions', { ...chatRequest, stream: false })
    const { response } = await stand.ask(request)
    expect(await response.ended()).toBe('complete')
    expect(JSON.parse(response.text())).toEqual(answer)
  })
})

describe('another target', () => {
  const traits = [{ clocks: { firstTokenTimeoutMs: 150 } }]

  test('answers where nothing was sent', async () => {
    const stand = await startTargets([sends([role], silent), answering('from b')], { traits })
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from b')])
    expect(requestCounts(stand)).toEqual([1, 1])
    const [first, second] = stand.upstreams.map(({ requests }) => requests[0]?.receivedAtMs ?? 0)
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(140)
    expect((second ?? 0) - (first ?? 0)).toBeLessThan(150 + lateMsMax)
    const { attemptLog } = await stand.record(0)
    expect(attemptLog.map(({ outcome }) => outcome)).toEqual([
      'upstream_first_token_timeout',
      'answered',
    ])
  })

  test('answers behind the heartbeats that have opened the answer', async () => {
    const stand = await startTargets(
      [sends([role], silent), answering('from b')],
      { traits },
      {},
      heartbeats,
    )
    const response = await stand.chat()
    const { pings, rest } = apart(response.text())
    expect([response.status, rest, response.ending]).toEqual([
      200,
      answerText('from b'),
      'complete',
    ])
    expect(pings).toBeGreaterThanOrEqual(1)
  })
})
