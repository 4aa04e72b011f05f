/**
 * An offer to speak something else: WebSocket and all else is refused with 426, cleartext HTTP/2 is
 * ignored, nothing is ever tunnelled, and what follows is a request or nothing (fault matrix, row
 * 54).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import {
  answer,
  chatPath,
  expectReusable,
  host,
  outcomeOf,
  raw,
  rawChat,
  sendTo,
} from './request-stand.ts'

afterEach(endStands)

const webSocket = [
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version: 13',
]

describe('refused with 426', () => {
  test.each<[string, string[]]>([
    ['WebSocket', webSocket],
    ['WebSocket in capitals', ['connection: upgrade', 'upgrade: WebSocket']],
    ['WebSocket without Connection', ['upgrade: websocket']],
    ['WebSocket beside HTTP/2', ['connection: upgrade', 'upgrade: h2c, websocket']],
    ['two offers', ['connection: upgrade', 'upgrade: h2c', 'upgrade: websocket']],
    ['another protocol', ['connection: upgrade', 'upgrade: TLS/1.0']],
  ])('%s', async (_name, lines) => {
    const stand = await startStand(answer)
    for (const target of ['GET /v1/realtime', 'GET /healthz', 'GET /passthrough/openai/realtime']) {
      const asking = await sendTo(stand, raw(target, [host, ...lines]))
      expect(await asking.response.ended()).toBe('complete')
      expect(outcomeOf(asking.response)).toEqual([426, 'upgrade_not_supported'])
      expect(asking.response.header('upgrade')).toBe('HTTP/1.1')
      expect(asking.response.informational).toEqual([])
    }
    expect(stand.upstream.connectionCount).toBe(0)
  })
})

test('frames behind a refused upgrade go nowhere', async () => {
  const stand = await startStand(answer)
  const frame = '\x81\x85\x00\x00\x00\x00hello'
  const { client, response } = await sendTo(stand, raw('GET /v1/realtime', [host, ...webSocket]))
  expect(await response.ended()).toBe('complete')
  expect(response.status).toBe(426)
  const next = client.expect('GET')
  await client.send(Buffer.from(`${frame}\r\n\r\n`, 'latin1'))
  await next.ended()
  expect(next.status).toBe(400)
  await client.closed
  expect(stand.upstream.connectionCount).toBe(0)
})

test('a request behind a refused upgrade is the next request, seen by us', async () => {
  const stand = await startStand(answer)
  const asking = await sendTo(stand, raw('GET /v1/realtime', [host, ...webSocket]))
  expect(await asking.response.ended()).toBe('complete')
  expect(asking.response.status).toBe(426)
  await expectReusable(asking)
  const request = await stand.upstream.request(0)
  expect([request.method, request.path]).toEqual(['POST', chatPath])
  expect([request.header('upgrade'), stand.upstream.requestCount]).toEqual([null, 1])
})

test('HTTP/2 in cleartext is ignored: the request is answered as it is', async () => {
  const stand = await startStand(answer)
  const offer = ['connection: Upgrade, HTTP2-Settings', 'upgrade: h2c', 'http2-settings: AAMAAABk']
  const sent = rawChat(offer)
  const asking = await sendTo(stand, sent)
  expect([await asking.response.ended(), asking.response.status]).toEqual(['complete', 200])
  expect(asking.response.informational).toEqual([])
  const request = await stand.upstream.request(0)
  expect([request.header('upgrade'), request.header('http2-settings')]).toEqual([null, null])
  await expectReusable(asking)
  expect(stand.upstream.requestCount).toBe(2)
})

test('the preface of HTTP/2 is no request', async () => {
  const stand = await startStand(answer)
  const { client, response } = await sendTo(stand, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  await response.ended()
  expect(response.status).toBe(400)
  await client.closed
  expect(stand.upstream.connectionCount).toBe(0)
})
