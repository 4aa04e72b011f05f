/** Row 9: the provider stops writing in the middle of its answer and keeps the connection. */
import { afterEach, expect, test } from 'bun:test'
import { jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands, startStand } from './client-stand.ts'
import { lateMsMax } from './clock-stand.ts'
import {
  begin,
  begunOf,
  expectBroken,
  isPassthrough,
  type Pair,
  pairRows,
  passedRows,
  sideBySide,
  wholeOf,
} from './dialect-stand.ts'

afterEach(endStands)

const idleMs = 200
const idle = { STREAM_IDLE_TIMEOUT_MS: String(idleMs) }

const silent: UpstreamScript = async (_request, connection) => {
  await connection.closed
}

test('a provider that falls silent is given up with an error event', async () => {
  await sideBySide(pairRows, async (pair) => {
    const begun = await begin(pair, silent, { environment: idle })
    const startedAtMs = performance.now()
    await expectBroken(begun, pair, 'upstream_idle_timeout')
    expect(performance.now() - startedAtMs).toBeGreaterThan(idleMs - 50)
    expect(performance.now() - startedAtMs).toBeLessThan(idleMs + lateMsMax)
    const { endReason, events } = await begun.stand.record(0)
    expect(endReason).toBe('idle_timeout')
    if (isPassthrough(pair)) expect(events).toBe(parseSse(Buffer.from(begunOf(pair))).length)
  })
})

/** How many heartbeats a response holds; Gemini's are blank lines beside those of the events. */
function heartbeatsIn(response: RawResponse, { client }: Pair): number {
  const count = (piece: string): number => response.text().split(piece).length - 1
  if (client === 'messages') return count('event: ping\n')
  return client === 'gemini' ? count('\r\n\r\n') - count('data: ') : count(': ping\n')
}

test('the client is sent heartbeats until then', async () => {
  await sideBySide(pairRows, async (pair) => {
    const environment = { ...idle, STREAM_HEARTBEAT_INTERVAL_MS: '40' }
    const begun = await begin(pair, silent, { environment })
    await expectBroken(begun, pair, 'upstream_idle_timeout')
    const { heartbeats } = await begun.stand.record(0)
    expect(heartbeats).toBeGreaterThanOrEqual(2)
    expect(heartbeatsIn(begun.response, pair)).toBe(heartbeats)
  })
})

test('a whole answer is whole though its provider never closes', async () => {
  const environment = { STREAM_IDLE_TIMEOUT_MS: '300' }
  await sideBySide(passedRows, async (pair) => {
    const sending = { environment, begun: wholeOf(pair) }
    const { stand, response } = await begin(pair, silent, sending)
    expect(await response.ended()).toBe('complete')
    expect(response.text()).toBe(wholeOf(pair))
    expect((await stand.record(0)).endReason).toBe('completed')
    await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
  })
})

test('a download that pauses too long is reset, so that nobody takes it for whole', async () => {
  const script: UpstreamScript = async (_request, connection) => {
    await connection.head(200, { 'content-type': 'audio/mpeg' })
    await connection.chunk(new Uint8Array(500))
    await connection.closed
  }
  const stand = await startStand(script, { STREAM_IDLE_TIMEOUT_MS: '150' })
  const speech = { model: 'tts-1', input: 'Hi', voice: 'alloy' }
  const { response } = await stand.ask(jsonRequest('/v1/audio/speech', speech))
  expect(await response.ended()).toBe('reset')
  expect((await stand.record(0)).errorCode).toBe('upstream_idle_timeout')
  expect(stand.upstream.requestCount).toBe(1)
  await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
})
