/**
 * A worker that fills up, with real memory and a really blocked event loop: it sheds in stages,
 * ends the streams that hold most, answers its operator throughout, and recovers.
 */
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { chatEvents, eventsText, eventText, json, sse } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { eventually } from '../kit/signal.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'

setDefaultTimeout(60_000)

let ballast: Buffer[] = []
afterEach(async () => {
  ballast = []
  Bun.gc(true)
  await endStands()
})

const mebibyte = 1024 * 1024
const events = chatEvents(['Hello', ' there'])
const whole = eventsText(events, true)

/** Answers by the model: a stream that ends, one that waits, one without end, and an error. */
const script: UpstreamScript = async (request, connection) => {
  const { model } = JSON.parse(await request.text())
  if (model === 'broken') return json(503, { error: { message: 'no' } })(request, connection)
  if (model === 'whole') return sse(events, { done: true })(request, connection)
  await connection.head(200, { 'content-type': 'text/event-stream' })
  if (model === 'waiting') {
    await connection.chunk(eventText(events[0] ?? '') + eventText(events[1] ?? ''))
    await connection.closed
  }
  const block = eventText(events[1] ?? '').repeat(300)
  while (!connection.isClosed) await connection.chunk(block)
}

const request = (model: string, headers: Record<string, string> = {}) =>
  jsonRequest('/v1/chat/completions', { ...chatRequest, model: `openai/${model}` }, headers)

async function answerTo(stand: Stand, model: string, headers = {}): Promise<RawResponse> {
  const { client, response } = await stand.ask(request(model, headers))
  await response.ended()
  client.close()
  return response
}

async function get(stand: Stand, path: string): Promise<RawResponse> {
  const { client, response } = await stand.ask({ path })
  await response.ended()
  client.close()
  return response
}

const overload = async (stand: Stand) => JSON.parse((await get(stand, '/api/overload')).text())

/** Fills memory, less at a time than a stage is wide, until `isDone`. */
async function fill(limit: number, isDone: () => Promise<boolean>): Promise<void> {
  while (!(await isDone())) {
    if (process.memoryUsage.rss() > limit * 1.2) throw new Error('filled to no effect')
    ballast.push(Buffer.alloc(Math.floor(limit * 0.015), 1))
    // The worker looks four times a second.
    await Bun.sleep(260)
  }
}

const code = (response: RawResponse): string => JSON.parse(response.text()).error.code

async function expectShedding(stand: Stand): Promise<void> {
  for (const headers of [{}, { 'x-sluice-priority': 'high' }]) {
    const refused = await answerTo(stand, 'whole', headers)
    expect([refused.status, code(refused)]).toEqual([503, 'overloaded'])
    expect(Number(refused.header('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(Number(refused.header('retry-after'))).toBeLessThanOrEqual(5)
  }
  expect((await get(stand, '/v1/models')).status).toBe(503)
  expect((await get(stand, '/readyz')).status).toBe(503)
  for (const path of ['/healthz', '/buffer-pool-metrics', '/api/breakers', '/docs/json']) {
    expect((await get(stand, path)).status, path).toBe(200)
  }
}

test('memory fills up: stage by stage, and back', async () => {
  const limit = process.memoryUsage.rss() + 700 * mebibyte
  const stand = await startStand(script, {
    MEMORY_LIMIT_BYTES: String(limit),
    RETRIES_MAX: '1',
    RETRY_BASE_MS: '1',
  })
  const waiting = (await stand.ask(request('waiting'))).response
  await waiting.until((response) => response.bodyBytes > 0, 'the first token')
  const stalled = await stand.ask(request('endless'))
  await stalled.response.head()
  stalled.client.pause()
  await stand.upstream.until((u) => u.connections.some((c) => c.isBlocked), 'back-pressure')

  const sent = stand.upstream.requestCount
  expect((await answerTo(stand, 'broken')).status).toBe(503)
  expect(stand.upstream.requestCount).toBe(sent + 2)

  ballast.push(Buffer.alloc(Math.floor(limit * 0.8 - process.memoryUsage.rss()), 1))
  const isIn = (stage: string) => async () => (await overload(stand)).stage === stage
  await fill(limit, isIn('strained'))
  expect((await answerTo(stand, 'broken')).status).toBe(503)
  // What would have been retried is not.
  expect(stand.upstream.requestCount).toBe(sent + 3)
  expect((await get(stand, '/readyz')).status).toBe(200)

  await fill(limit, isIn('shed-low'))
  const low = await answerTo(stand, 'whole', { 'x-sluice-priority': 'low' })
  expect([low.status, code(low)]).toEqual([503, 'overloaded'])
  expect((await answerTo(stand, 'whole')).text()).toBe(whole)

  await fill(limit, isIn('shed-all'))
  await expectShedding(stand)
  expect([waiting.ending, stalled.response.ending]).toEqual([null, null])
  expect((await overload(stand)).cause).toBe('memory')

  const isEvicted = (response: RawResponse) => async () => response.ending !== null
  const finished = stand.records.length
  await fill(limit, async () =>
    stand.records.slice(finished).some((r) => r.endReason === 'evicted'),
  )
  await fill(limit, isEvicted(waiting))
  const evicted = stand.records.filter(({ endReason }) => endReason === 'evicted')
  // The one whose client does not read holds most, so it goes first.
  expect(evicted.map(({ upstreamModel }) => upstreamModel)).toEqual(['endless', 'waiting'])
  const last = parseSse(waiting.body()).at(-1)
  expect(JSON.parse(last?.data ?? '').error.code).toBe('evicted')
  expect(waiting.text()).not.toContain('[DONE]')
  await expectShedding(stand)
  const { shed, evicted: count } = await overload(stand)
  expect([shed.lowPriority, count]).toEqual([1, 2])
  expect(shed.pressure).toBeGreaterThanOrEqual(6)

  ballast = []
  Bun.gc(true)
  await eventually(isIn('normal'), 'the recovery', 15_000)
  expect((await answerTo(stand, 'whole')).text()).toBe(whole)
  expect((await get(stand, '/readyz')).status).toBe(200)
})

test('the event loop is blocked again and again: shedding, but no stream is ended', async () => {
  const stand = await startStand(script, { EVENT_LOOP_LAG_MAX_MS: '100' })
  const waiting = (await stand.ask(request('waiting'))).response
  await waiting.until((response) => response.bodyBytes > 0, 'the first token')
  for (let round = 0; round < 4; round++) {
    const untilMs = performance.now() + 500
    while (performance.now() < untilMs);
    await Bun.sleep(1)
  }
  expect(await overload(stand)).toMatchObject({ stage: 'evict', cause: 'event-loop', evicted: 0 })
  await expectShedding(stand)
  expect(waiting.ending).toBeNull()
})
