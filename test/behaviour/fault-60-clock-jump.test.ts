/**
 * The wall clock jumps by an hour, either way: durations are measured on another clock, so no
 * stream ends for it, no wait grows or shrinks, and what was kept is kept (fault matrix, row 60).
 * A process that stands still is row 66.
 */
import { afterEach, describe, expect, setSystemTime, test } from 'bun:test'
import { chatEvents, eventsText, eventText, inTurn, json, sse } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'

const hourMs = 3_600_000
const realNow = Date.now()

afterEach(async () => {
  setSystemTime()
  await endStands()
})

const events = chatEvents(['Hello', ' there'])
const whole = eventsText(events, true)
const answer = sse(events, { done: true })

const ask = async (stand: Stand) =>
  (await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))).response

/** Lets the wall clock jump. Asserts that it did, and that the other one did not. */
function jump(byMs: number): void {
  const before = performance.now()
  setSystemTime(new Date(Date.now() + byMs))
  expect(Math.abs(Date.now() - realNow)).toBeGreaterThan(hourMs / 2)
  expect(performance.now() - before).toBeLessThan(hourMs / 2)
}

describe.each([
  ['forward', hourMs],
  ['back', -hourMs],
])('a jump of an hour %s', (_name, byMs) => {
  test('in the middle of a stream ends nothing, and floods nobody with heartbeats', async () => {
    const pinged = Promise.withResolvers<void>()
    const script: UpstreamScript = async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk(eventText(events[0] ?? '') + eventText(events[1] ?? ''))
      await Bun.sleep(50)
      jump(byMs)
      await Promise.all([Bun.sleep(450), pinged.promise])
      await connection.chunk(eventsText(events.slice(2), true))
      await connection.end()
    }
    const stand = await startStand(script, {
      STREAM_HEARTBEAT_INTERVAL_MS: '100',
      STREAM_IDLE_TIMEOUT_MS: '5000',
      STREAM_TOTAL_TIMEOUT_MS: '10000',
    })
    const response = await ask(stand)
    await response.until((r) => r.text().includes(': ping\n'), 'a heartbeat')
    pinged.resolve()
    expect(await response.ended()).toBe('complete')
    const pings = response.text().split(': ping\n').length - 1
    expect(response.text().replaceAll(': ping\n', '')).toBe(whole)
    expect(pings).toBeGreaterThan(0)
    expect(pings).toBeLessThan(10)
    const record = await stand.record(0)
    expect(record.endReason).toBe('completed')
    expect(record.endedAtMs - record.startedAtMs).toBeGreaterThan(400)
    expect(record.endedAtMs - record.startedAtMs).toBeLessThan(hourMs / 2)
  })

  test('while a provider is silent changes nothing about when it is given up', async () => {
    const script: UpstreamScript = async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk(eventText(events[0] ?? '') + eventText(events[1] ?? ''))
      jump(byMs)
      await connection.closed
    }
    const stand = await startStand(script, { STREAM_IDLE_TIMEOUT_MS: '400' })
    const startedAtMs = performance.now()
    const response = await ask(stand)
    expect(await response.ended()).toBe('complete')
    const last = parseSse(response.body()).at(-1)
    expect(JSON.parse(last?.data ?? '').error.code).toBe('upstream_idle_timeout')
    expect(performance.now() - startedAtMs).toBeGreaterThan(390)
    expect(performance.now() - startedAtMs).toBeLessThan(4000)
  })

  test('in the middle of a backoff lets the retry come when it should', async () => {
    const busy: UpstreamScript = async (request, connection) => {
      await json(
        503,
        { error: { message: 'busy' } },
        { 'retry-after-ms': '300' },
      )(request, connection)
      jump(byMs)
    }
    const stand = await startStand(inTurn(busy, answer), { RETRIES_MAX: '1' })
    const response = await ask(stand)
    expect(await response.ended()).toBe('complete')
    expect([response.status, response.text()]).toEqual([200, whole])
    const [first, second] = (await stand.record(0)).attemptLog
    const waitedMs = (second?.sentAtMs ?? 0) - (first?.sentAtMs ?? 0)
    expect(waitedMs).toBeGreaterThan(290)
    expect(waitedMs).toBeLessThan(3000)
  })

  test('leaves an open breaker open for its time, and no longer', async () => {
    const down = json(500, { error: { message: 'down' } })
    const stand = await startStand(inTurn(down, down, answer), {
      BREAKER_FAILURES: '2',
      BREAKER_OPEN_MS: '600',
    })
    for (let index = 0; index < 2; index++) await (await ask(stand)).ended()
    jump(byMs)
    const { response } = await stand.ask({ path: '/api/breakers' })
    await response.ended()
    const [breaker] = JSON.parse(response.text()).breakers
    expect(breaker.state).toBe('open')
    expect(breaker.openForMs).toBeGreaterThan(0)
    expect(breaker.openForMs).toBeLessThan(2000)
  })

  test('makes a date to come back at neither a negative nor an endless wait', async () => {
    const date = new Date(realNow).toUTCString()
    const dated = json(503, { error: { message: 'busy' } }, { 'retry-after': date })
    const stand = await startStand(inTurn(dated, answer), { RETRIES_MAX: '1', RETRY_BASE_MS: '1' })
    jump(byMs)
    const startedAtMs = performance.now()
    const response = await ask(stand)
    expect(await response.ended()).toBe('complete')
    expect(performance.now() - startedAtMs).toBeLessThan(4000)
    // Seen from an hour ago the date is too far away to wait for, so the client is told.
    expect(response.status).toBe(byMs > 0 ? 200 : 503)
    const retryAfter = Number(response.header('retry-after') ?? 0)
    expect(retryAfter).toBeGreaterThanOrEqual(0)
  })
})
