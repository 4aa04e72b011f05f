/** Row 10: the provider drips bytes that never make an event; progress is events, not bytes. */
import { afterEach, expect, test } from 'bun:test'
import { chatEvents, eventsText, sse } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands, startStand } from './client-stand.ts'
import { lateMsMax } from './clock-stand.ts'
import { begin, expectBroken, pairRows, sideBySide } from './dialect-stand.ts'
import { chat, chunked } from './provider-stand.ts'

afterEach(endStands)

const idleMs = 200
const idle = { STREAM_IDLE_TIMEOUT_MS: String(idleMs) }

/** Sends pieces a few milliseconds apart until it is cut. */
function drips(gapMs: number, pieces: () => Iterable<string>): UpstreamScript {
  return async (_request, connection) => {
    for (const piece of pieces()) {
      await connection.raw(chunked(piece))
      await Bun.sleep(gapMs)
    }
  }
}

function* repeated(piece: string): Generator<string> {
  for (;;) yield piece
}

const bytesOfAnEvent = drips(40, () => `data: {"x":"${'y'.repeat(200)}`)
const comments = drips(40, () => repeated(': busy\n\n'))
const blankLines = drips(40, () => repeated('\n'))

test('a drip of bytes within an event is a stall', async () => {
  await sideBySide(pairRows, async (pair) => {
    const begun = await begin(pair, bytesOfAnEvent, { environment: idle })
    const startedAtMs = performance.now()
    await expectBroken(begun, pair, 'upstream_idle_timeout')
    expect(performance.now() - startedAtMs).toBeGreaterThan(idleMs - 50)
    expect(performance.now() - startedAtMs).toBeLessThan(idleMs + lateMsMax)
    expect(begun.response.text()).not.toContain('yyy')
  })
})

test.each([
  ['comments', comments],
  ['blank lines', blankLines],
])('a drip of what is no event is a stall as well: %s', async (_name, script) => {
  await sideBySide(pairRows, async (pair) => {
    const begun = await begin(pair, script, { environment: idle })
    await expectBroken(begun, pair, 'upstream_idle_timeout')
  })
})

test('heartbeats stand between events, never within the one that drips', async () => {
  await sideBySide(pairRows, async (pair) => {
    const environment = { ...idle, STREAM_HEARTBEAT_INTERVAL_MS: '40' }
    const begun = await begin(pair, bytesOfAnEvent, { environment })
    await expectBroken(begun, pair, 'upstream_idle_timeout')
    const { heartbeats } = await begun.stand.record(0)
    expect(heartbeats).toBeGreaterThanOrEqual(2)
    const events = parseSse(begun.response.body()).filter(({ kind }) => kind === 'event')
    for (const { data } of events) expect(() => JSON.parse(data)).not.toThrow()
  })
})

test('a first event that drips is late by the first-token clock, with a status', async () => {
  const stand = await startStand(
    async (request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await bytesOfAnEvent(request, connection)
    },
    { STREAM_FIRST_TOKEN_TIMEOUT_MS: '200' },
  )
  const response = await chat(stand)
  expect(response.status).toBe(504)
  expect(JSON.parse(response.text()).error.code).toBe('upstream_first_token_timeout')
})

test('events that come in time go on, however long it takes', async () => {
  const events = chatEvents(['a', 'b', 'c', 'd', 'e', 'f'])
  const stand = await startStand(sse(events, { gapMs: 80, done: true }), idle)
  const response = await chat(stand)
  expect(response.text()).toBe(eventsText(events, true))
})

test('a body that is no stream of events makes progress byte by byte', async () => {
  const slowly: UpstreamScript = async (_request, connection) => {
    await connection.head(200, { 'content-type': 'audio/mpeg' })
    for (let sent = 0; sent < 10; sent++) {
      await connection.chunk('x')
      await Bun.sleep(50)
    }
    await connection.end()
  }
  const stand = await startStand(slowly, { STREAM_IDLE_TIMEOUT_MS: '250' })
  const speech = { model: 'tts-1', input: 'Hi', voice: 'alloy' }
  const { response } = await stand.ask(jsonRequest('/v1/audio/speech', speech))
  expect([await response.ended(), response.bodyBytes]).toEqual(['complete', 10])
})
