/**
 * Headers between two neighbours end at their hop, in both directions, and `connection` can end
 * others there, but none that we add ourselves (fault matrix, row 50).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { sendJson } from '../kit/answers.ts'
import { endStands, type Stand, startStand } from './client-stand.ts'
import { answer, goodText, rawChat, sendTo } from './request-stand.ts'

afterEach(endStands)

/** What the provider gets of a plain chat, sorted. */
const plain = (stand: Stand): string[] => [
  'accept-encoding: identity',
  'accept: */*',
  'authorization: Bearer sk-test',
  'connection: keep-alive',
  `content-length: ${goodText.length}`,
  'content-type: application/json',
  `host: 127.0.0.1:${stand.upstream.port}`,
  'user-agent: sluice',
]

/** The headers that the provider gets when the client sends these lines as well, sorted. */
async function forwarded(stand: Stand, lines: readonly string[]): Promise<string[]> {
  const sent = rawChat(lines)
  const { response } = await sendTo(stand, sent)
  expect([await response.ended(), response.status]).toEqual(['complete', 200])
  const request = await stand.upstream.request(stand.upstream.requestCount - 1)
  expect(await request.text()).toBe(goodText)
  return request.headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`).sort()
}

describe('of the request', () => {
  test.each([
    'TE: trailers',
    'TE: trailers;q=0.5, gzip',
    'Trailer: x-checksum',
    'Keep-Alive: timeout=5, max=1000',
    'Proxy-Connection: keep-alive',
    'Proxy-Authorization: Basic c2VjcmV0',
    'Proxy-Authenticate: Basic',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Expect: 100-continue',
    'Via: 1.1 somebody',
    'Max-Forwards: 0',
    'Connection: keep-alive',
    'Connection: upgrade, te, x-tenant',
  ])('%s', async (line) => {
    const stand = await startStand(answer)
    expect(await forwarded(stand, [line, 'X-Tenant: a'])).toEqual(plain(stand))
  })

  test('a header that Connection names is left out, in any spelling', async () => {
    const stand = await startStand(answer)
    const lines = ['Accept: a/b', 'Idempotency-Key: k', 'OpenAI-Beta: b', 'Range: bytes=0-1']
    const kept = await forwarded(stand, [...lines, 'Connection: x-other'])
    expect(kept).toContain('idempotency-key: k')
    const named = 'Connection: ACCEPT ,idempotency-key,,  OpenAI-beta'
    const left = await forwarded(stand, [...lines, named, 'Connection: range'])
    expect(left).toEqual(plain(stand))
  })

  test('what we add cannot be taken away by naming it', async () => {
    const stand = await startStand(answer)
    const ours = 'authorization, accept-encoding, user-agent, host, content-length'
    expect(await forwarded(stand, [`Connection: close, ${ours}`])).toEqual(plain(stand))
  })

  test('naming the framing changes nothing about it', async () => {
    const stand = await startStand(answer)
    const line = 'Connection: content-length, transfer-encoding, connection'
    expect(await forwarded(stand, [line])).toEqual(plain(stand))
  })
})

test('of the answer', async () => {
  const hop: Readonly<Record<string, string>> = {
    connection: 'keep-alive, x-internal, openai-version',
    'keep-alive': 'timeout=5',
    'proxy-authenticate': 'Basic',
    te: 'trailers',
    trailer: 'x-checksum',
    upgrade: 'h2c',
    'x-internal': 'secret',
    'set-cookie': 'a=b',
    server: 'cloudflare',
    'alt-svc': 'h3=":443"',
  }
  const named = { 'openai-version': '2020-10-01', 'openai-model': 'gpt-test' }
  const stand = await startStand((_request, connection) =>
    sendJson(connection, 200, { id: 'x', object: 'chat.completion' }, { ...hop, ...named }),
  )
  const sent = rawChat()
  const { response } = await sendTo(stand, sent)
  expect([await response.ended(), response.status]).toEqual(['complete', 200])
  for (const name of Object.keys(hop)) expect([name, response.header(name)]).toEqual([name, null])
  expect(response.header('openai-version')).toBeNull()
  expect(response.header('openai-model')).toBe('gpt-test')
})
