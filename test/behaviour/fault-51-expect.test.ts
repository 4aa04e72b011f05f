/**
 * `Expect`: who waits to be told gets `100 Continue`, once, and sends; anything else that is
 * expected is ignored, as the row allows (fault matrix, row 51).
 *
 * The row wants 413 instead of `100 Continue` for a body over the limit. The runtime sends the 100
 * by itself before it asks anybody; the 413 follows at once, before any of the body.
 */
import { afterEach, expect, test } from 'bun:test'
import { eventually } from '../kit/signal.ts'
import { endStands, startStand } from './client-stand.ts'
import {
  answer,
  chatPath,
  expectReusable,
  goodText,
  host,
  outcomeOf,
  raw,
  rawChat,
  sendTo,
} from './request-stand.ts'

afterEach(endStands)

const continues = 'expect: 100-continue'
const type = 'content-type: application/json'

test('the body is sent after 100, and the provider gets it without the header', async () => {
  const stand = await startStand(answer)
  const client = await stand.connect()
  const response = client.expect('POST')
  await client.send(rawChat([continues], ''))
  await eventually(() => response.informational.length > 0, '100 Continue')
  expect([stand.upstream.connectionCount, response.status]).toEqual([0, 0])
  await client.send(goodText)
  expect([await response.ended(), response.status]).toEqual(['complete', 200])
  expect(response.informational).toEqual([100])
  const request = await stand.upstream.request(0)
  expect([await request.text(), request.header('expect')]).toEqual([goodText, null])
  await expectReusable({ client })
  expect(stand.upstream.requestCount).toBe(2)
})

test('a body in chunks that comes at once is not waited for', async () => {
  const stand = await startStand(answer)
  const chunks = `${goodText.length.toString(16)}\r\n${goodText}\r\n0\r\n\r\n`
  const lines = [host, type, 'transfer-encoding: chunked', continues]
  const { response } = await sendTo(stand, raw(`POST ${chatPath}`, lines, chunks))
  expect([await response.ended(), response.status]).toEqual(['complete', 200])
  expect(await (await stand.upstream.request(0)).text()).toBe(goodText)
})

test.each([
  ['over the limit', 70_000],
  ['of four petabytes', 2 ** 52],
])('413 before any of a body %s', async (_name, bytes) => {
  const stand = await startStand(answer, { MAX_REQUEST_BYTES: '64k' })
  const lines = [host, type, `content-length: ${bytes}`, continues]
  const { response } = await sendTo(stand, raw(`POST ${chatPath}`, lines))
  expect(await response.ended()).toBe('complete')
  expect(outcomeOf(response)).toEqual([413, 'body_too_large'])
  expect(response.informational.length).toBeLessThanOrEqual(1)
  expect(stand.upstream.connectionCount).toBe(0)
})

test('a refusal that needs no body comes before it', async () => {
  const stand = await startStand(answer, { API_KEYS: 'right-key' })
  const sent = rawChat([continues, 'authorization: Bearer wrong-key'], '')
  const { client, response } = await sendTo(stand, sent)
  expect(await response.ended()).toBe('complete')
  expect(outcomeOf(response)).toEqual([401, 'invalid_api_key'])
  // Who sends the body nevertheless has not sent a request.
  await client.send(goodText)
  const next = client.request({ path: '/healthz' })
  expect([await next.ended(), next.status]).toEqual(['complete', 200])
  expect(stand.upstream.connectionCount).toBe(0)
})

test.each(['banana', '100-continue, banana', '200-ok', ''])('%p is ignored', async (value) => {
  const stand = await startStand(answer)
  const { response } = await sendTo(stand, rawChat([`expect: ${value}`]))
  expect([await response.ended(), response.status]).toEqual(['complete', 200])
  expect((await stand.upstream.request(0)).header('expect')).toBeNull()
  expect(stand.upstream.requestCount).toBe(1)
})

test('who never sends after 100 is told that it takes too long', async () => {
  const stand = await startStand(answer, { STREAM_BODY_IDLE_TIMEOUT_MS: '150' })
  const { response } = await sendTo(stand, rawChat([continues], ''))
  await response.until((r) => r.bodyBytes > 0, 'the answer')
  expect(outcomeOf(response)).toEqual([408, 'request_timeout'])
  expect(stand.upstream.connectionCount).toBe(0)
})
