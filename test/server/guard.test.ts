/** What is refused before routing, sent byte by byte as an attacker would. */
import { expect, test } from 'bun:test'
import { RawClient } from '../kit/client.ts'
import { errorCode, sendHead, startEdge } from './edge.ts'

/** Name, head of the request, status and code. */
const refused: [name: string, head: string[], status: number, code: string][] = [
  ['a Host with a path and a fragment', ['GET /a/b/c HTTP/1.1', 'Host: a/#'], 400, 'invalid_host'],
  ['an empty Host', ['GET /healthz HTTP/1.1', 'Host: '], 400, 'invalid_host'],
  ['a Host with a space', ['GET /healthz HTTP/1.1', 'Host: a b'], 400, 'invalid_host'],
  ['a Host with a user', ['GET /healthz HTTP/1.1', 'Host: u@a'], 400, 'invalid_host'],
  ['a Host with a port too high', ['GET /healthz HTTP/1.1', 'Host: a:65536'], 400, 'invalid_host'],
  ['a Host with two ports', ['GET /healthz HTTP/1.1', 'Host: a:1:2'], 400, 'invalid_host'],
  [
    'CONNECT with an authority',
    ['CONNECT a:443 HTTP/1.1', 'Host: a:443'],
    405,
    'method_not_allowed',
  ],
  ['CONNECT with a path', ['CONNECT /v1/x HTTP/1.1', 'Host: a'], 405, 'method_not_allowed'],
  ['TRACE', ['TRACE /v1/models HTTP/1.1', 'Host: a'], 405, 'method_not_allowed'],
  ['PROPFIND', ['PROPFIND /passthrough/a/b HTTP/1.1', 'Host: a'], 405, 'method_not_allowed'],
  [
    'an upgrade to WebSocket',
    ['GET /v1/realtime HTTP/1.1', 'Host: a', 'Upgrade: websocket'],
    426,
    'upgrade_not_supported',
  ],
  ['an empty segment', ['GET /v1//files HTTP/1.1', 'Host: a'], 400, 'invalid_url'],
  ['two slashes in front', ['GET //evil/v1/files HTTP/1.1', 'Host: a'], 400, 'invalid_url'],
  ['an encoded slash', ['GET /v1/files%2Fx HTTP/1.1', 'Host: a'], 400, 'invalid_url'],
  [
    'an encoded slash in what is forwarded',
    ['DELETE /v1/models/a%2fb HTTP/1.1', 'Host: a'],
    400,
    'invalid_url',
  ],
  ['an encoded backslash', ['GET /v1/a%5Cb HTTP/1.1', 'Host: a'], 400, 'invalid_url'],
  ['an encoded null', ['GET /v1/files%00 HTTP/1.1', 'Host: a'], 400, 'invalid_url'],
  ['an encoded letter', ['POST /v1/c%68at/completions HTTP/1.1', 'Host: a'], 400, 'invalid_url'],
  ['a stray percent sign', ['GET /v1/100% HTTP/1.1', 'Host: a'], 400, 'invalid_url'],
  ['a fragment', ['GET /v1/files#x HTTP/1.1', 'Host: a'], 400, 'invalid_url'],
  ['dot segments without a Host', ['GET /v1/../x HTTP/1.0'], 400, 'invalid_url'],
  ['encoded dot segments without a Host', ['GET /v1/%2e%2E/x HTTP/1.0'], 400, 'invalid_url'],
  ['a backslash without a Host', ['GET /v1\\x HTTP/1.0'], 400, 'invalid_url'],
  ['broken UTF-8 in a model', ['GET /v1/models/%C3%28 HTTP/1.1', 'Host: a'], 400, 'invalid_url'],
  [
    'an announced body that is too large',
    ['POST /v1/chat/completions HTTP/1.1', 'Host: a', 'Content-Length: 99999999999999'],
    413,
    'body_too_large',
  ],
  [
    'a provider that is no name',
    ['POST /v1/files HTTP/1.1', 'Host: a', 'x-sluice-provider: a/../b'],
    400,
    'invalid_header',
  ],
]

for (const [name, head, status, code] of refused) {
  test(`refuses ${name}`, async () => {
    await using edge = startEdge()
    const response = await sendHead(edge.url, ...head)
    expect(response.status).toBe(status)
    expect(errorCode(response)).toBe(code)
    expect(response.header('x-request-id')).toMatch(/^req_\w+$/)
    expect(edge.asked).toBeEmpty()
    expect(edge.reported).toBeEmpty()
  })
}

const duplicates: [name: string, first: string, second: string][] = [
  ['Host', 'a', 'b'],
  ['Host', 'a', 'a'],
  ['Authorization', 'Bearer a', 'Bearer b'],
  ['Authorization', 'Bearer a', 'Bearer a'],
  ['Content-Type', 'application/json', 'text/plain'],
  ['Content-Length', '0', '0'],
  ['Origin', 'http://a', 'http://b'],
  ['x-api-key', 'a', 'b'],
  ['x-sluice-provider', 'a', 'b'],
  ['x-sluice-timeout-ms', '1', '2'],
  ['x-sluice-first-token-timeout-ms', '1', '2'],
]

for (const [name, first, second] of duplicates) {
  test(`refuses two ${name} headers: ${first} and ${second}`, async () => {
    await using edge = startEdge()
    const host = name === 'Host' ? [] : ['Host: a']
    const head = ['POST /v1/files HTTP/1.1', ...host, `${name}: ${first}`, `${name}: ${second}`]
    const response = await sendHead(edge.url, ...head)
    expect(response.status).toBe(400)
    expect(errorCode(response)).toBe('duplicate_header')
    expect(edge.asked).toBeEmpty()
  })
}

test('a refused method says which are known, a refused upgrade what is spoken', async () => {
  await using edge = startEdge()
  const trace = await sendHead(edge.url, 'TRACE / HTTP/1.1', 'Host: a')
  expect(trace.header('allow')).toBe('GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')
  const upgrade = await sendHead(edge.url, 'GET / HTTP/1.1', 'Host: a', 'Upgrade: websocket')
  expect(upgrade.header('upgrade')).toBe('HTTP/1.1')
})

test('a boundary may hold a comma in quotes', async () => {
  await using edge = startEdge()
  const type = 'Content-Type: multipart/form-data; boundary="a,b"'
  const response = await sendHead(edge.url, 'POST /v1/files HTTP/1.1', 'Host: a', type)
  expect(response.status).toBe(200)
  expect(edge.asked).toHaveLength(1)
})

/** Hosts that shift the path in a router that looks for its slash at a fixed place. */
const hosts = ['a', 'ab', 'abc', 'a.b', 'llm_proxy', 'localhost:3000', '127.0.0.1', '[::1]:3000']
for (const host of hosts) {
  test(`routes by the whole path for Host: ${host}`, async () => {
    await using edge = startEdge()
    const forwarded = await sendHead(edge.url, 'GET /v1/a/b/c?d=1 HTTP/1.1', `Host: ${host}`)
    expect(forwarded.status).toBe(200)
    expect(edge.asked[0]?.call).toMatchObject({ endpoint: 'other', path: '/a/b/c', search: '?d=1' })
    const unknown = await sendHead(edge.url, 'GET /zzz/v1/models HTTP/1.1', `Host: ${host}`)
    expect(errorCode(unknown)).toBe('unknown_url')
    expect(edge.asked).toHaveLength(1)
  })
}

test('HTTP/1.0 without a Host is served, and its abort is seen', async () => {
  const waiting = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<void>()
  await using edge = startEdge({
    gateway: async (request) => {
      request.signal.addEventListener('abort', () => aborted.resolve())
      waiting.resolve()
      await aborted.promise
      return new Response(await request.text())
    },
  })
  const client = await RawClient.connect(edge.url)
  await client.send('POST /v1/chat/completions?a=1 HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}')
  await waiting.promise
  expect(edge.asked[0]?.call).toMatchObject({ endpoint: 'chat-completions', search: '?a=1' })
  expect(edge.asked[0]?.connection.clientAddress).toBe('127.0.0.1')
  client.close()
  await aborted.promise
})

test('HTTP/1.0 without a Host: the body reaches the gateway', async () => {
  await using edge = startEdge({ gateway: async (request) => new Response(await request.text()) })
  const client = await RawClient.connect(edge.url)
  const response = client.expect('POST')
  await client.send('POST /v1/chat/completions HTTP/1.0\r\nContent-Length: 7\r\n\r\n{"a":1}')
  await response.ended()
  expect(response.text()).toBe('{"a":1}')
})

test('the address in an absolute target chooses nothing', async () => {
  await using edge = startEdge()
  const response = await sendHead(edge.url, 'GET http://evil.test/v1/x HTTP/1.1', 'Host: good')
  expect(response.status).toBe(200)
  expect(edge.asked[0]?.call.path).toBe('/x')
  expect(edge.asked[0]?.request.url).toBe('http://good/v1/x')
})

for (const path of ['/v1/../buffer-pool-metrics', '/v1/%2e%2e/buffer-pool-metrics', '/v1\\..\\x']) {
  test(`everybody sees ${path} as Bun resolved it`, async () => {
    await using edge = startEdge({ adminToken: 'secret' })
    const response = await sendHead(edge.url, `GET ${path} HTTP/1.1`, 'Host: a')
    expect(response.status).toBe(path.endsWith('x') ? 404 : 401)
    expect(edge.asked).toBeEmpty()
  })
}

test('an offer of cleartext HTTP/2 is ignored and nothing is tunnelled', async () => {
  await using edge = startEdge()
  const offer = ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']
  const response = await sendHead(edge.url, 'POST /v1/files HTTP/1.1', 'Host: a', ...offer)
  expect(response.status).toBe(200)
  expect(response.informational).toBeEmpty()
})
