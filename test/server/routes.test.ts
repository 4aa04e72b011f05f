/** Which call each route makes, and what it answers to the wrong method or address. */
import { expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import type { ProtocolName } from '../../src/protocol/names.ts'
import type { ServerStatus } from '../../src/server/options.ts'
import { ask } from '../kit/client.ts'
import {
  calm,
  edgeOptions,
  errorCode,
  gateViews,
  limitsView,
  poolMetrics,
  startEdge,
} from './edge.ts'

const calls: [
  method: string,
  target: string,
  endpoint: string,
  path: string,
  dialect: ProtocolName,
][] = [
  ['POST', '/v1/chat/completions', 'chat-completions', '/chat/completions', 'openai-chat'],
  ['POST', '/v1/completions', 'completions', '/completions', 'openai-completions'],
  ['POST', '/v1/responses', 'responses', '/responses', 'openai-responses'],
  ['POST', '/v1/embeddings', 'embeddings', '/embeddings', 'opaque'],
  ['GET', '/v1/chat/completions', 'other', '/chat/completions', 'openai-chat'],
  ['HEAD', '/v1/chat/completions', 'other', '/chat/completions', 'openai-chat'],
  ['DELETE', '/v1/chat/completions/c1', 'other', '/chat/completions/c1', 'openai-chat'],
  ['GET', '/v1/responses/r1', 'other', '/responses/r1', 'openai-responses'],
  ['POST', '/v1/responses/r1/cancel', 'other', '/responses/r1/cancel', 'openai-responses'],
  ['DELETE', '/v1/models/ft:gpt:x', 'other', '/models/ft:gpt:x', 'opaque'],
  ['POST', '/v1/audio/transcriptions', 'other', '/audio/transcriptions', 'opaque'],
  ['POST', '/v1/images/generations', 'other', '/images/generations', 'opaque'],
  ['POST', '/v1/files', 'other', '/files', 'opaque'],
  ['GET', '/v1/files/f%20%C3%A9/content', 'other', '/files/f%20%C3%A9/content', 'opaque'],
  ['PUT', '/v1/x', 'other', '/x', 'opaque'],
  ['PATCH', '/v1/x', 'other', '/x', 'opaque'],
  ['POST', '/passthrough/openai/v1/x', 'passthrough', '/v1/x', 'opaque'],
  ['GET', '/passthrough/openai/', 'passthrough', '/', 'opaque'],
  ['OPTIONS', '/passthrough/openai/x', 'passthrough', '/x', 'opaque'],
]

for (const [method, target, endpoint, path, dialect] of calls) {
  test(`${method} ${target} is forwarded as ${endpoint}`, async () => {
    await using edge = startEdge()
    const response = await ask(edge.url, { method, path: `${target}?a=%2F&b` })
    expect(response.status).toBe(200)
    const { call } = edge.asked[0] ?? {}
    expect(call).toMatchObject({ endpoint, path, search: '?a=%2F&b' })
    expect(call?.provider).toBe(target.startsWith('/passthrough') ? 'openai' : null)
    expect(call?.protocol.name).toBe(dialect)
    expect(response.header('x-request-id')).toBe('req_test')
  })
}

test('the header names a provider, on every route below /v1', async () => {
  await using edge = startEdge()
  const headers = { 'x-sluice-provider': 'my-vllm' }
  await ask(edge.url, { method: 'POST', path: '/v1/chat/completions', headers })
  await ask(edge.url, { method: 'GET', path: '/v1/files', headers })
  expect(edge.asked.map(({ call }) => call.provider)).toEqual(['my-vllm', 'my-vllm'])
})

const wrongMethods: [method: string, path: string, allow: string][] = [
  ['PUT', '/v1/chat/completions', 'GET, HEAD, POST'],
  ['GET', '/v1/completions', 'POST'],
  ['HEAD', '/v1/responses', 'POST'],
  ['DELETE', '/v1/embeddings', 'POST'],
  ['POST', '/v1/models', 'GET, HEAD'],
  ['OPTIONS', '/v1/files', 'GET, HEAD, POST, PUT, PATCH, DELETE'],
  ['POST', '/healthz', 'GET, HEAD'],
  ['POST', '/readyz', 'GET, HEAD'],
  ['PUT', '/buffer-pool-metrics', 'GET, HEAD'],
  ['POST', '/docs', 'GET, HEAD'],
  ['DELETE', '/docs/json', 'GET, HEAD'],
  ['POST', '/', 'GET, HEAD'],
]

for (const [method, path, allow] of wrongMethods) {
  test(`${method} ${path} is the wrong method`, async () => {
    await using edge = startEdge()
    const response = await ask(edge.url, { method, path })
    expect(response.status).toBe(405)
    expect(response.header('allow')).toBe(allow)
    if (method !== 'HEAD') expect(errorCode(response)).toBe('method_not_allowed')
    expect(edge.asked).toBeEmpty()
  })
}

for (const path of ['/nope', '/v1', '/v1/', '/V1/models', '/passthrough/openai', '/description']) {
  test(`${path} is unknown`, async () => {
    await using edge = startEdge()
    const response = await ask(edge.url, { path })
    expect(response.status).toBe(404)
    expect(errorCode(response)).toBe('unknown_url')
    expect(response.header('x-request-id')).toMatch(/^req_/)
    expect(edge.asked).toBeEmpty()
    expect(edge.reported).toBeEmpty()
  })
}

test('a passthrough to what is no name finds no provider', async () => {
  await using edge = startEdge()
  const response = await ask(edge.url, { path: '/passthrough/OpenAI%20x/v1' })
  expect(errorCode(response)).toBe('provider_not_found')
  expect(edge.asked).toBeEmpty()
})

test('models are looked up by their decoded id', async () => {
  const ids: string[] = []
  await using edge = startEdge({
    models: {
      ...edgeOptions().models,
      get: (id) => {
        ids.push(id)
        return Response.json({ id })
      },
    },
  })
  const list = await ask(edge.url, { path: '/v1/models' })
  expect(JSON.parse(list.text())).toEqual({ object: 'list', data: [] })
  for (const id of ['gpt-5', 'demo/stream', 'demo%2Fstream', 'a%2fb/c%3Ad%C3%A9']) {
    expect((await ask(edge.url, { path: `/v1/models/${id}` })).status).toBe(200)
  }
  expect(ids).toEqual(['gpt-5', 'demo/stream', 'demo/stream', 'a/b/c:dé'])
  expect(edge.asked).toBeEmpty()
})

test('the operations answer', async () => {
  await using edge = startEdge()
  const health = await ask(edge.url, { path: '/healthz' })
  expect(JSON.parse(health.text())).toEqual({ status: 'ok' })
  expect(health.header('cache-control')).toBe('no-store')
  expect((await ask(edge.url, { method: 'HEAD', path: '/healthz' })).status).toBe(200)
  const ready = await ask(edge.url, { path: '/readyz' })
  expect(JSON.parse(ready.text())).toEqual({ status: 'ready', configuration: '1' })
  const metrics = await ask(edge.url, { path: '/buffer-pool-metrics' })
  expect(JSON.parse(metrics.text())).toEqual({ ...poolMetrics, worker: { id: 1, total: 2 } })
})

test('a draining server is not ready, and closes connections but those of streams', async () => {
  const status: ServerStatus = { ...edgeOptions().status(), draining: true }
  await using edge = startEdge({
    status: () => status,
    gateway: async (_, { path }) =>
      path === '/files'
        ? Response.json({ ok: true })
        : new Response('data: 1\n\n', { headers: { 'content-type': 'text/event-stream' } }),
  })
  const ready = await fetch(new URL('/readyz', edge.url))
  expect(ready.status).toBe(503)
  expect((await ready.json()).error.code).toBe('not_ready')
  expect(ready.headers.get('connection')).toBe('close')
  const json = await fetch(new URL('/v1/files', edge.url))
  expect(json.headers.get('connection')).toBe('close')
  const stream = await fetch(new URL('/v1/chat/completions', edge.url), { method: 'POST' })
  expect(stream.headers.get('connection')).not.toBe('close')
  await Promise.all([json.text(), stream.text()])

  Object.assign(status, { ready: false, draining: false })
  const starting = await fetch(new URL('/readyz', edge.url))
  expect((await starting.json()).error.message).toBe('The server is starting.')
})

test('a server that refuses requests is alive but not ready, and shows why', async () => {
  const status: ServerStatus = { ...edgeOptions().status(), load: 'shedding' }
  await using edge = startEdge({ status: () => status })
  expect((await ask(edge.url, { path: '/healthz' })).status).toBe(200)
  const ready = await ask(edge.url, { path: '/readyz' })
  expect([ready.status, errorCode(ready)]).toEqual([503, 'not_ready'])
  const shown = await ask(edge.url, { path: '/api/overload' })
  expect(JSON.parse(shown.text())).toEqual({ ...calm, worker: { id: 1, total: 2 } })
  Object.assign(status, { load: 'strained' })
  expect((await ask(edge.url, { path: '/readyz' })).status).toBe(200)
})

test('what limits are counted in is shown', async () => {
  await using edge = startEdge()
  const shown = await ask(edge.url, { path: '/api/limits' })
  expect(JSON.parse(shown.text())).toEqual({ ...limitsView, worker: { id: 1, total: 2 } })
})

test('who waits for what is shown', async () => {
  await using edge = startEdge()
  const shown = await ask(edge.url, { path: '/api/queue' })
  expect(JSON.parse(shown.text())).toEqual({ gates: gateViews, worker: { id: 1, total: 2 } })
})

test('an unexpected failure is told to the operator once and to the client never', async () => {
  await using edge = startEdge({
    gateway: async () => {
      throw new Error('secret sk-123')
    },
    models: {
      ...edgeOptions().models,
      list: () => {
        throw new TypeError('secret sk-456')
      },
      get: () => {
        throw new GatewayError('model_not_found', { param: 'model' })
      },
    },
  })
  for (const request of [
    { method: 'POST', path: '/v1/chat/completions' },
    { path: '/v1/files' },
    { path: '/v1/models' },
  ]) {
    const response = await ask(edge.url, request)
    expect(response.status).toBe(500)
    expect(errorCode(response)).toBe('internal_error')
    expect(response.text()).not.toContain('secret')
    expect(response.header('x-request-id')).toBe(edge.reported.at(-1)?.requestId ?? '')
  }
  expect(edge.reported.map(({ error }) => String(error))).toEqual([
    'Error: secret sk-123',
    'Error: secret sk-123',
    'TypeError: secret sk-456',
  ])
  const missing = await ask(edge.url, { path: '/v1/models/x' })
  expect(missing.status).toBe(404)
  expect(errorCode(missing)).toBe('model_not_found')
  expect(edge.reported).toHaveLength(3)
})
