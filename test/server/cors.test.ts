/** What pages of other origins may do. */
import { expect, test } from 'bun:test'
import { ask } from '../kit/client.ts'
import { errorCode, startEdge } from './edge.ts'

const page = 'https://app.example'
const post = { method: 'POST', path: '/v1/chat/completions', body: '{}' }
const preflight = (origin: string) => ({
  method: 'OPTIONS',
  path: '/v1/chat/completions',
  headers: {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization, content-type, x-stainless-os',
  },
})

test('without a list nothing is allowed and nothing is added', async () => {
  await using edge = startEdge()
  const response = await ask(edge.url, { ...post, headers: { origin: page } })
  expect(response.status).toBe(200)
  expect(response.header('access-control-allow-origin')).toBeNull()
  expect(response.header('vary')).toBeNull()
  const asked = await ask(edge.url, preflight(page))
  expect(asked.status).toBe(403)
  expect(errorCode(asked)).toBe('forbidden')
})

test('an origin of the list may call and read, another may not', async () => {
  await using edge = startEdge({ corsOrigins: [page, 'http://localhost:5173'] })
  const allowed = await ask(edge.url, preflight(page))
  expect(allowed.status).toBe(204)
  expect(allowed.header('access-control-allow-origin')).toBe(page)
  expect(allowed.header('access-control-allow-headers')).toBe(
    'authorization, content-type, x-stainless-os',
  )
  expect(allowed.header('access-control-allow-methods')).toContain('POST')
  expect(allowed.header('access-control-allow-credentials')).toBeNull()
  expect(allowed.header('vary')).toContain('Origin')
  expect(edge.asked).toBeEmpty()

  const response = await ask(edge.url, { ...post, headers: { origin: page } })
  expect(response.header('access-control-allow-origin')).toBe(page)
  const exposed = response.header('access-control-expose-headers')
  for (const name of ['x-request-id', 'x-sluice-provider', 'retry-after', 'x-ratelimit-']) {
    expect(exposed).toContain(name)
  }
  expect(response.text()).toBe('{"ok":true}')

  for (const foreign of ['https://evil.example', 'https://app.example.evil', 'null']) {
    expect((await ask(edge.url, preflight(foreign))).status).toBe(403)
    const read = await ask(edge.url, { ...post, headers: { origin: foreign } })
    expect(read.header('access-control-allow-origin')).toBeNull()
    expect(read.header('vary')).toBe('Origin')
  }
})

test('a star allows every origin, but no credentials', async () => {
  await using edge = startEdge({ corsOrigins: ['*'] })
  const response = await ask(edge.url, preflight('https://any.example'))
  expect(response.status).toBe(204)
  expect(response.header('access-control-allow-origin')).toBe('*')
  expect(response.header('access-control-allow-credentials')).toBeNull()
})

test('a page may read the errors as well', async () => {
  await using edge = startEdge({ corsOrigins: [page] })
  const headers = { origin: page }
  for (const path of ['/nope', '/v1//x', '/readyz']) {
    const response = await ask(edge.url, { path, headers })
    expect(response.header('access-control-allow-origin')).toBe(page)
  }
})

test('OPTIONS is no preflight without the question', async () => {
  await using edge = startEdge({ corsOrigins: ['*'] })
  const headers = { origin: page }
  const response = await ask(edge.url, { method: 'OPTIONS', path: '/healthz', headers })
  expect(response.status).toBe(405)
})

test('the list of asked headers is echoed only where it is one', async () => {
  await using edge = startEdge({ corsOrigins: ['*'] })
  const request = preflight(page)
  const headers = { ...request.headers, 'access-control-request-headers': 'a: b; <script>' }
  const response = await ask(edge.url, { ...request, headers })
  expect(response.header('access-control-allow-headers') ?? '').toBe('')
})

test('a foreign page cannot spend money with a request that needs no preflight', async () => {
  await using edge = startEdge({ corsOrigins: [page] })
  const send = (method: string, site: string, origin: string) =>
    ask(edge.url, {
      method,
      path: '/v1/files',
      headers: { origin, 'sec-fetch-site': site, 'content-type': 'text/plain' },
    })
  const forged = await send('POST', 'cross-site', 'https://evil.example')
  expect(forged.status).toBe(403)
  expect(errorCode(forged)).toBe('forbidden')
  expect(edge.asked).toBeEmpty()
  expect((await send('POST', 'cross-site', page)).status).toBe(200)
  expect((await send('POST', 'same-origin', edge.url.origin)).status).toBe(200)
  expect((await send('GET', 'cross-site', 'https://evil.example')).status).toBe(200)
})

/** What a page sends whose own name was made to point to this machine. */
const rebound = { host: 'evil.example:3000', 'sec-fetch-site': 'same-origin' }

test.each(['/v1/models', '/api/breakers', '/buffer-pool-metrics', '/healthz'])(
  'a page that was rebound to this machine gets nothing of %s',
  async (path) => {
    await using edge = startEdge()
    const response = await ask(edge.url, { path, headers: rebound })
    expect([response.status, errorCode(response)]).toEqual([403, 'forbidden'])
    const post = { method: 'POST', path, headers: { ...rebound, origin: 'http://evil.example' } }
    expect((await ask(edge.url, { ...post, body: '{}' })).status).toBe(403)
  },
)

test.each([
  ['a program by any name', { host: 'proxy.internal' }],
  ['a browser by an address', { 'sec-fetch-site': 'same-origin' }],
  ['a browser by localhost', { host: 'localhost:3000', 'sec-fetch-site': 'same-origin' }],
  ['a browser by the name of an allowed origin', { ...rebound, host: 'app.example' }],
])('%s is let in', async (_, headers) => {
  await using edge = startEdge({ corsOrigins: [page] })
  expect((await ask(edge.url, { path: '/healthz', headers })).status).toBe(200)
})

test('where others can connect, a name says nothing', async () => {
  await using edge = startEdge({ hostname: '0.0.0.0' })
  const url = new URL(edge.url)
  url.hostname = '127.0.0.1'
  expect((await ask(url, { path: '/healthz', headers: rebound })).status).toBe(200)
})
