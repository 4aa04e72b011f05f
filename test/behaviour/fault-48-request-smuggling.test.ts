/**
 * Requests whose end two readers could see in different places. The parser refuses them and closes,
 * however the bytes are cut; a request in the body of another stays a body (fault matrix, row 48).
 * The long list is in request-probes.ts.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import {
  answer,
  bodyOf,
  chatPath,
  expectParserRefusal,
  expectReusable,
  goodText,
  host,
  raw,
  rawChat,
} from './request-stand.ts'

afterEach(endStands)

const chunked = 'transfer-encoding: chunked'
const hidden = rawChat()
const size = goodText.length.toString(16)
const post = (lines: readonly string[], body: string): string =>
  raw(`POST ${chatPath}`, [host, ...lines], body)

const attempts: Readonly<Record<string, string>> = {
  'CL.TE': post(['content-length: 4', chunked], `0\r\n\r\n${hidden}`),
  'TE.CL': post([chunked, 'content-length: 4'], `${size}\r\n${goodText}\r\n0\r\n\r\n`),
  'TE.TE': post([chunked, 'transfer-encoding: x'], `0\r\n\r\n${hidden}`),
  'a folded coding': post(['transfer-encoding:', ' chunked', 'content-length: 4'], hidden),
  'a coding behind a bare LF': post(['x: y\ntransfer-encoding: chunked'], `0\r\n\r\n${hidden}`),
  'two lengths': post(['content-length: 0', 'content-length: 5'], `hello${hidden}`),
  'an extension with a bare LF': post([chunked], `${size};\n${goodText}\r\n0\r\n\r\n${hidden}`),
  'a size that is too small': post([chunked], `1\r\n${goodText}\r\n0\r\n\r\n${hidden}`),
}

describe.each(Object.entries(attempts))('%s', (_name, bytes) => {
  test('in one piece', async () => {
    const stand = await startStand(answer)
    await expectParserRefusal(stand, bytes)
    expect(stand.upstream.connectionCount).toBe(0)
  })

  test('cut at every byte of its head and its first chunk', async () => {
    const stand = await startStand(answer)
    const end = Math.min(bytes.length - 1, bytes.indexOf('\r\n\r\n') + 12)
    for (let at = 1; at < end; at++) {
      const client = await stand.connect()
      const response = client.expect('POST')
      await client.sendPieces([bytes.slice(0, at), bytes.slice(at)]).catch(() => {})
      await response.ended()
      expect([at, response.status]).toEqual([at, 400])
      await client.closed
    }
    expect(stand.upstream.connectionCount).toBe(0)
  })
})

describe('a request hidden in the body of another', () => {
  test('that is refused stays a body', async () => {
    const stand = await startStand(answer)
    const client = await stand.connect()
    const response = client.request(bodyOf(hidden))
    expect(await response.ended()).toBe('complete')
    expect([response.status, stand.upstream.connectionCount]).toEqual([400, 0])
    await expectReusable({ client })
    expect(stand.upstream.requestCount).toBe(1)
  })

  test.each([
    ['GET', '/healthz', 200],
    ['GET', '/v1/models', 200],
    ['POST', '/nothing', 404],
    ['PUT', '/v1/embeddings', 405],
    ['OPTIONS', '/v1/models', 405],
    ['POST', '/v1/%2e%2e%2fx', 400],
  ])('that nobody reads stays a body: %s %s', async (method, path, status) => {
    const stand = await startStand(answer, { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' })
    const client = await stand.connect()
    const response = client.request({ method, path, body: hidden })
    expect(await response.ended()).toBe('complete')
    expect(response.status).toBe(status)
    const next = client.request({ path: '/healthz' })
    expect([await next.ended(), next.status]).toEqual(['complete', 200])
    expect([stand.records.length, stand.upstream.connectionCount]).toEqual([0, 0])
  })

  test('in a body that is forwarded as it comes reaches the provider as a body', async () => {
    const stand = await startStand(answer)
    const client = await stand.connect()
    const response = client.request({ ...bodyOf(hidden, 'text/plain'), path: '/v1/files' })
    expect([await response.ended(), response.status]).toEqual(['complete', 200])
    expect(await (await stand.upstream.request(0)).text()).toBe(hidden)
    await expectReusable({ client })
    expect(stand.upstream.requestCount).toBe(2)
  })
})
