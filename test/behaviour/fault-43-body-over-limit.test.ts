/**
 * A body over the limit is refused with 413 as soon as that is known: from its length, before any
 * of it was read, or from what arrives (fault matrix, row 43). The row wants the connection closed
 * then. It is kept instead, and the rest of the body thrown away: clients that write all of it
 * before they read would meet the reset instead of the status, and send everything again.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, type Stand, startStand } from './client-stand.ts'
import {
  answer,
  bodyOf,
  chat,
  chatPath,
  expectReusable,
  good,
  host,
  outcomeOf,
  raw,
} from './request-stand.ts'

afterEach(endStands)

const limitBytes = 64 * 1024
const limit = { MAX_REQUEST_BYTES: '64k' }
const type = 'content-type: application/json'
const tooLarge = [413, 'body_too_large']

/** A chat of exactly so many bytes. */
function chatOf(bytes: number): string {
  const empty = JSON.stringify({ ...good, user: '' })
  return JSON.stringify({ ...good, user: 'x'.repeat(bytes - empty.length) })
}

async function expectNobodyAsked(stand: Stand): Promise<void> {
  expect(stand.upstream.connectionCount).toBe(0)
}

const ofLength = (bytes: number): string =>
  raw(`POST ${chatPath}`, [host, type, `content-length: ${bytes}`])

describe('by its announced length', () => {
  test.each([
    ['one byte too many', limitBytes + 1],
    ['a gigabyte', 2 ** 30],
    ['four petabytes', 2 ** 52],
  ])('%s: before any of it was sent', async (_name, bytes) => {
    const stand = await startStand(answer, limit)
    const client = await stand.connect()
    const response = client.expect('POST')
    await client.send(ofLength(bytes))
    expect(await response.ended()).toBe('complete')
    expect(outcomeOf(response)).toEqual(tooLarge)
    await expectNobodyAsked(stand)
  })

  test('a body that is sent nevertheless goes nowhere, and the connection goes on', async () => {
    const stand = await startStand(answer, limit)
    const client = await stand.connect()
    const response = client.request(bodyOf(chatOf(1_000_000)))
    expect(await response.ended()).toBe('complete')
    expect(outcomeOf(response)).toEqual(tooLarge)
    await expectNobodyAsked(stand)
    await expectReusable({ client })
    expect(stand.upstream.requestCount).toBe(1)
  })
})

describe('by what arrives in chunks', () => {
  const part = 'x'.repeat(16 * 1024)
  const begin = raw(`POST ${chatPath}`, [host, type, 'transfer-encoding: chunked'])

  test('the answer comes while there is more to come', async () => {
    const stand = await startStand(answer, limit)
    const client = await stand.connect()
    const response = client.expect('POST')
    await client.send(`${begin}12\r\n{"model":"gpt-a","\r\n`)
    for (let sent = 0; sent < 6; sent++) await client.send(`4000\r\n${part}\r\n`)
    expect(await response.ended()).toBe('complete')
    expect(outcomeOf(response)).toEqual(tooLarge)
    expect((await stand.record(0)).errorCode).toBe('body_too_large')
    await expectNobodyAsked(stand)
  })

  test('a chunk whose size alone is too much', async () => {
    const stand = await startStand(answer, limit)
    const client = await stand.connect()
    const response = client.expect('POST')
    await client.send(`${begin}fffffff\r\n{"x":"`)
    for (let sent = 0; sent < 6; sent++) await client.send(part)
    expect(await response.ended()).toBe('complete')
    expect(outcomeOf(response)).toEqual(tooLarge)
    await expectNobodyAsked(stand)
  })

  test('one that is forwarded while it comes: the provider never sees its end', async () => {
    const stand = await startStand(answer, { ...limit, STREAM_REPLAY_MEMORY_BYTES: '16k' })
    const client = await stand.connect()
    const response = client.expect('POST')
    const lines = [host, 'content-type: audio/wav', 'transfer-encoding: chunked']
    await client.send(raw('POST /v1/files', lines))
    for (let sent = 0; sent < 3; sent++) await client.send(`4000\r\n${part}\r\n`)
    const request = await stand.upstream.request(0)
    for (let sent = 0; sent < 3; sent++) await client.send(`4000\r\n${part}\r\n`)
    await response.until((r) => r.bodyBytes > 0, 'the answer')
    expect(outcomeOf(response)).toEqual(tooLarge)
    await (await stand.upstream.connection(request.connectionId)).closed
    expect([request.isComplete, stand.upstream.requestCount]).toEqual([false, 1])
  })
})

describe('a body of exactly the limit is forwarded', () => {
  const text = chatOf(limitBytes)
  const inChunks = raw(`POST ${chatPath}`, [host, type, 'transfer-encoding: chunked'])
  test.each([
    ['with a length', ofLength(limitBytes) + text],
    ['in chunks', `${inChunks}10000\r\n${text}\r\n0\r\n\r\n`],
  ])('%s', async (_name, bytes) => {
    const stand = await startStand(answer, limit)
    const client = await stand.connect()
    const response = client.expect('POST')
    await client.send(bytes)
    expect(await response.ended()).toBe('complete')
    expect(response.status).toBe(200)
    expect((await stand.upstream.request(0)).bodyBytes).toBe(limitBytes)
  })
})

test('the dialect of Anthropic has a name for it', async () => {
  const stand = await startStand(answer, limit)
  const { response } = await stand.ask({
    ...chat(good),
    path: '/v1/messages',
    body: chatOf(70_000),
  })
  expect(await response.ended()).toBe('complete')
  expect(response.status).toBe(413)
  await expectNobodyAsked(stand)
})
