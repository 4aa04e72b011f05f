/**
 * Packed requests: nothing that a client sends is ever unpacked, so a bomb is a small body that is
 * refused before anybody hears of it.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { endStands, startStand } from './client-stand.ts'
import { answer, expectReusable, good, goodText, outcomeOf } from './request-stand.ts'

afterEach(endStands)

const megabytes = Buffer.alloc(20_000_000, 0x20)
const bombs: readonly (readonly [encoding: string, body: Uint8Array])[] = [
  ['gzip', gzipSync(megabytes)],
  ['br', brotliCompressSync(megabytes)],
  ['zstd', zstdCompressSync(megabytes)],
  ['gzip, gzip', gzipSync(gzipSync(megabytes))],
  ['x-gzip', gzipSync(megabytes)],
  ['deflate', Buffer.from('not packed at all')],
  ['GZIP', gzipSync(goodText)],
  ['identity, gzip', gzipSync(goodText)],
  ['unheard-of', Buffer.from(goodText)],
]

const paths: readonly (readonly [path: string, type: string])[] = [
  ['/v1/chat/completions', 'application/json'],
  ['/v1/messages', 'application/json'],
  ['/v1beta/models/openai%2Fgpt-test:generateContent', 'application/json'],
  ['/v1/embeddings', 'application/json'],
  ['/v1/files', 'multipart/form-data; boundary=b'],
  ['/passthrough/openai/x', 'application/octet-stream'],
]

describe.each(paths)('%s', (path, type) => {
  test.each(bombs)('%s is refused', async (encoding, body) => {
    const stand = await startStand(answer)
    const headers = { 'content-type': type, 'content-encoding': encoding }
    const { client, response } = await stand.ask({ method: 'POST', path, headers, body })
    expect(await response.ended()).toBe('complete')
    expect(response.status).toBe(415)
    expect(stand.upstream.connectionCount).toBe(0)
    await expectReusable({ client })
  })
})

test.each(['identity', 'Identity', ''])('%p is no packing', async (encoding) => {
  const stand = await startStand(answer)
  const headers = { 'content-type': 'application/json', 'content-encoding': encoding }
  const path = '/v1/chat/completions'
  const { response } = await stand.ask({ method: 'POST', path, headers, body: goodText })
  expect([await response.ended(), response.status]).toEqual(['complete', 200])
  const request = await stand.upstream.request(0)
  expect([await request.json(), request.header('content-encoding')]).toEqual([good, null])
})

test('the answer says why', async () => {
  const stand = await startStand(answer)
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
  const request = {
    method: 'POST',
    path: '/v1/chat/completions',
    headers,
    body: gzipSync(goodText),
  }
  const { response } = await stand.ask(request)
  await response.ended()
  expect(outcomeOf(response)).toEqual([415, 'unsupported_media_type'])
  expect(response.text()).toContain('content encoding')
})
