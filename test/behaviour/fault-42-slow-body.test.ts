/**
 * A body that comes too slowly: 408 after the pause or after all of the patience, and nobody else
 * has heard of the request (fault matrix, row 42).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import type { RawClient } from '../kit/client.ts'
import { endStands, type Stand, startStand } from './client-stand.ts'
import { lateMsMax } from './clock-stand.ts'
import { answer, chat, chatPath, good, goodText, host, outcomeOf, raw } from './request-stand.ts'

afterEach(endStands)

const pauseMs = 150
const environment = { STREAM_BODY_IDLE_TIMEOUT_MS: String(pauseMs) }

const type = 'content-type: application/json'
const ofLength = (bytes: number): string =>
  raw(`POST ${chatPath}`, [host, type, `content-length: ${bytes}`])
const inChunks = raw(`POST ${chatPath}`, [host, type, 'transfer-encoding: chunked'])

/** Sends a byte every few milliseconds, until it is told off. */
async function drip(client: RawClient, isOver: () => boolean, piece: string): Promise<number> {
  let sent = 0
  for (; !isOver() && sent < 300; sent++) await client.sendPieces([piece], 20).catch(() => {})
  return sent
}

async function expectTimeout(stand: Stand, begin: string, piece: string | null): Promise<number> {
  const client = await stand.connect()
  const response = client.expect('POST')
  const startedAtMs = performance.now()
  await client.send(begin)
  if (piece !== null) await drip(client, () => response.bodyBytes > 0, piece)
  await response.until((r) => r.bodyBytes > 0, 'the answer')
  expect(outcomeOf(response)).toEqual([408, 'request_timeout'])
  expect((await stand.record(0)).errorCode).toBe('request_timeout')
  expect(stand.upstream.connectionCount).toBe(0)
  return performance.now() - startedAtMs
}

describe('a body that stops coming', () => {
  test.each([
    ['before its first byte', ofLength(100)],
    ['in the middle', `${ofLength(100)}{"model":`],
    ['one byte before its end', ofLength(goodText.length) + goodText.slice(0, -1)],
    ['between two chunks', `${inChunks}8\r\n{"model"\r\n`],
    ['within a chunk', `${inChunks}80\r\n{"model"`],
    ['before the last chunk', `${inChunks}${goodText.length.toString(16)}\r\n${goodText}\r\n`],
    ['on its way into a file', `${ofLength(3_000_000)}{"model":"gpt-test","x":"${'y'.repeat(9e5)}`],
  ])('%s', async (_name, begin) => {
    const stand = await startStand(answer, environment)
    const tookMs = await expectTimeout(stand, begin, null)
    expect(tookMs).toBeGreaterThan(pauseMs - 10)
    expect(tookMs).toBeLessThan(pauseMs + lateMsMax)
  })
})

describe('a body that drips', () => {
  test.each([
    ['a byte at a time', `${ofLength(5000)}{"x":"`, 'x'],
    ['a byte a chunk', `${inChunks}6\r\n{"x":"\r\n`, '1\r\nx\r\n'],
  ])('%s', async (_name, begin, piece) => {
    const stand = await startStand(answer, environment)
    // No pause is too long; all of them together are.
    expect(await expectTimeout(stand, begin, piece)).toBeGreaterThan(pauseMs * 2)
  })
})

test('a body that is slow but comes is forwarded, once it is complete', async () => {
  const stand = await startStand(answer, { STREAM_BODY_IDLE_TIMEOUT_MS: '1000' })
  const client = await stand.connect()
  const response = client.expect('POST')
  await client.send(ofLength(goodText.length))
  for (const piece of [goodText.slice(0, 5), goodText.slice(5, 9), goodText.slice(9, -1)]) {
    await client.sendPieces([piece], 60)
    expect(stand.upstream.connectionCount).toBe(0)
  }
  await client.send(goodText.slice(-1))
  expect(await response.ended()).toBe('complete')
  expect(response.status).toBe(200)
  expect(await (await stand.upstream.request(0)).text()).toBe(goodText)
})

test('a hundred of them hold nobody up', async () => {
  const stand = await startStand(answer, { STREAM_BODY_IDLE_TIMEOUT_MS: '5000' })
  const slow = await Promise.all(Array.from({ length: 100 }, () => stand.connect()))
  await Promise.all(slow.map((client) => client.send(`${ofLength(100)}{"model":`)))
  const { response } = await stand.ask(chat(good))
  expect(await response.ended()).toBe('complete')
  expect(response.status).toBe(200)
  expect(stand.app.leftovers().requests).toBe(100)
})
