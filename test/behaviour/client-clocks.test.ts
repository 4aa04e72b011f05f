/**
 * The clocks: each has a name and an error code of its own, as an HTTP status before the first
 * content and inside the stream after it (fault matrix, rows 7, 8 and 38; the others have files).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventsText, eventText, json } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { eventually } from '../kit/signal.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'

afterEach(endStands)

const events = chatEvents(['Hello', ' there'])
const [role = '', token = ''] = events
const eventStream = { 'content-type': 'text/event-stream' }
/** How late a clock may be here: the machine is shared. */
const lateMsMax = 1500

/** Sends the head and these events, then `rest`. */
function sends(data: readonly string[], rest: UpstreamScript): UpstreamScript {
  return async (request, connection) => {
    await connection.head(200, eventStream)
    for (const item of data) await connection.chunk(eventText(item))
    await rest(request, connection)
  }
}

const silent: UpstreamScript = async (_request, connection) => {
  await connection.closed
}

/** Sends `piece` every few milliseconds, without end. */
function repeats(piece: string, gapMs: number): UpstreamScript {
  return async (_request, connection) => {
    for (;;) {
      await connection.chunk(piece)
      await Bun.sleep(gapMs)
    }
  }
}

type Headers = Readonly<Record<string, string>>

async function chat(stand: Stand, headers: Headers = {}, stream = true): Promise<RawResponse> {
  const body = { ...chatRequest, stream }
  const { response } = await stand.ask(jsonRequest('/v1/chat/completions', body, headers))
  return response
}

/** Expects a refusal with this status and code, and a closed provider connection. */
async function expectRefusal(stand: Stand, response: RawResponse, code: string): Promise<void> {
  expect(await response.ended()).toBe('complete')
  const { error } = JSON.parse(response.text())
  expect([response.status, error.code, error.type]).toEqual([504, code, 'timeout_error'])
  expect(response.header('x-request-id')).toMatch(/^req_/)
  await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
}

/** Expects a stream that ends with this error, without an end marker. */
async function expectErrorEvent(stand: Stand, response: RawResponse, code: string): Promise<void> {
  expect(await response.ended()).toBe('complete')
  expect(response.status).toBe(200)
  const last = parseSse(response.body()).at(-1)
  expect(JSON.parse(last?.data ?? '').error).toMatchObject({ code, type: 'timeout_error' })
  expect(response.text()).not.toContain('[DONE]')
  await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
}

const heartbeats = { STREAM_HEARTBEAT_INTERVAL_MS: '40' }

describe('before the first content', () => {
  const cases: [string, Headers, UpstreamScript, string][] = [
    ['headers', { STREAM_HEADERS_TIMEOUT_MS: '150' }, silent, 'upstream_header_timeout'],
    [
      'first token',
      { STREAM_FIRST_TOKEN_TIMEOUT_MS: '150' },
      sends([role], silent),
      'upstream_first_token_timeout',
    ],
    [
      'first token, while comments come',
      { STREAM_FIRST_TOKEN_TIMEOUT_MS: '150' },
      sends([], repeats(': thinking\n\n', 30)),
      'upstream_first_token_timeout',
    ],
    ['total', { STREAM_TOTAL_TIMEOUT_MS: '150' }, silent, 'upstream_total_timeout'],
    [
      'total, after the headers',
      { STREAM_TOTAL_TIMEOUT_MS: '150' },
      sends([role], silent),
      'upstream_total_timeout',
    ],
  ]
  test.each(cases)('%s: a status', async (_name, environment, script, code) => {
    const stand = await startStand(script, environment)
    const startedAtMs = performance.now()
    const response = await chat(stand)
    await expectRefusal(stand, response, code)
    const tookMs = performance.now() - startedAtMs
    expect(tookMs).toBeGreaterThan(140)
    expect(tookMs).toBeLessThan(150 + lateMsMax)
  })
  test.each(cases)('%s: an error event, once a heartbeat left', async (_n, env, script, code) => {
    const stand = await startStand(script, { ...env, ...heartbeats })
    await expectErrorEvent(stand, await chat(stand), code)
  })
  test.each(cases.filter(([name]) => !/ /.test(name)))(
    '%s: a status, where no stream was asked for',
    async (_name, environment, script, code) => {
      const stand = await startStand(script, { ...environment, ...heartbeats })
      await expectRefusal(stand, await chat(stand, {}, false), code)
    },
  )

  test('the total and the first heartbeat, due at the same late look: still a status', async () => {
    const stand = await startStand(silent, { STREAM_TOTAL_TIMEOUT_MS: '150', ...heartbeats })
    const asked = chat(stand)
    await stand.upstream.request(0)
    Bun.sleepSync(250)
    await expectRefusal(stand, await asked, 'upstream_total_timeout')
  })

  test('an answer that is no stream and stops halfway is late as well', async () => {
    const script: UpstreamScript = async (_request, connection) => {
      await connection.head(200, { 'content-type': 'application/json', 'content-length': '99' })
      await connection.raw('{"id":')
      await connection.closed
    }
    const stand = await startStand(script, { STREAM_FIRST_TOKEN_TIMEOUT_MS: '150' })
    await expectRefusal(stand, await chat(stand, {}, false), 'upstream_first_token_timeout')
  })
})

test('a client that stops reading is cut with a reset, and the provider is let go', async () => {
  const script = sends([role], repeats(eventText(token).repeat(400), 0))
  const stand = await startStand(script, { STREAM_CLIENT_STALL_TIMEOUT_MS: '300' })
  const { client, response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
  await response.until((r) => r.bodyBytes > 0, 'the first bytes')
  client.pause()
  const connection = await stand.upstream.connection(0)
  await eventually(() => connection.isBlocked, 'back-pressure')
  const blockedAtMs = performance.now()
  await connection.closed
  expect(performance.now() - blockedAtMs).toBeLessThan(300 + lateMsMax)
  expect((await stand.record(0)).endReason).toBe('client_stalled')
  client.resume()
  expect(await response.ended()).toBe('reset')
  expect(response.text()).not.toContain('[DONE]')
})

describe('the wishes of a request', () => {
  test('shorten the total clock', async () => {
    const stand = await startStand(silent)
    const response = await chat(stand, { 'x-sluice-timeout-ms': '150' })
    await expectRefusal(stand, response, 'upstream_total_timeout')
  })
  test('do not lengthen the total clock', async () => {
    const stand = await startStand(silent, { STREAM_TOTAL_TIMEOUT_MS: '200' })
    const startedAtMs = performance.now()
    const response = await chat(stand, { 'x-sluice-timeout-ms': '60000' })
    await expectRefusal(stand, response, 'upstream_total_timeout')
    expect(performance.now() - startedAtMs).toBeLessThan(200 + lateMsMax)
  })
  test('shorten the first-token clock', async () => {
    const stand = await startStand(sends([role], silent))
    const response = await chat(stand, { 'x-sluice-first-token-timeout-ms': '150' })
    await expectRefusal(stand, response, 'upstream_first_token_timeout')
  })
  test('lengthen the first-token clock, within the total clock', async () => {
    const stand = await startStand(
      async (_request, connection) => {
        await connection.head(200, eventStream)
        await connection.chunk(eventText(role))
        await Bun.sleep(350)
        if (connection.isClosed) return
        await connection.chunk(eventsText(events.slice(1), true))
        await connection.end()
      },
      { STREAM_FIRST_TOKEN_TIMEOUT_MS: '100' },
    )
    const patient = await chat(stand, { 'x-sluice-first-token-timeout-ms': '5000' })
    await patient.ended()
    expect(patient.text()).toBe(eventsText(events, true))
    const hurried = await chat(stand)
    await hurried.ended()
    expect(hurried.status).toBe(504)
  })

  const wrong = ['0', '-1', '1.5', '1e3', 'soon', '', '12345678901', '10, 20']
  test.each(wrong)('are refused where they are no whole number: %j', async (value) => {
    const stand = await startStand(silent)
    for (const name of ['x-sluice-timeout-ms', 'x-sluice-first-token-timeout-ms']) {
      const response = await chat(stand, { [name]: value })
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
    await connection.head(200, eventStream)
    for (const item of events) {
      await Bun.sleep(400)
      await connection.chunk(eventText(item))
    }
    await connection.chunk(eventText('[DONE]'))
    await connection.end()
  }
  const stand = await startStand(slow, off)
  const response = await chat(stand)
  await response.ended()
  expect(response.text()).toBe(eventsText(events, true))
  expect(stand.upstream.requestCount).toBe(1)
})

test('an answer in time leaves no clock behind', async () => {
  const stand = await startStand(json(200, { id: 'x', choices: [] }))
  const response = await chat(stand, {}, false)
  await response.ended()
  expect(stand.app.leftovers().clocks).toBe(0)
})
