/** Which routes need the operator's token: all but those listed here. */
import { expect, test } from 'bun:test'
import { createRouter } from '../../src/server/router.ts'
import { ask } from '../kit/client.ts'
import { edgeOptions, errorCode, startEdge } from './edge.ts'

/**
 * Open without the token. Probes and the documentation say nothing about the traffic; the proxy
 * asks for keys of its own.
 */
const open = [
  '/',
  '/favicon.ico',
  '/healthz',
  '/readyz',
  '/docs',
  '/docs/json',
  '/docs/swagger-ui.js',
  '/docs/swagger-ui.css',
  '/docs/page.js',
  '/docs/page.css',
  '/docs/icon.svg',
  '/docs/license.txt',
  '/dashboard',
  '/dashboard/page.js',
  '/dashboard/page.css',
  '/dashboard/icon.svg',
  '/dashboard/session',
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/responses',
  '/v1/streams/:id',
  '/v1/embeddings',
  '/v1/models',
  '/v1/models/*',
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1beta/models',
  '/v1beta/models/*',
  '/v1beta/*',
  '/v1/*',
  '/passthrough/:provider/*',
]

const routes = createRouter(edgeOptions(), () => new Response()).routes

test('the open routes are these and no others', async () => {
  await using edge = startEdge({ adminToken: 'secret' })
  const answered = new Set<string>()
  for (const { method, path } of routes) {
    const target = path.replace('*', 'x').replace(':provider', 'openai').replace(':id', 'key_x')
    const verb = method === 'ALL' ? 'GET' : method
    const { status } = await ask(edge.url, { method: verb, path: target })
    if (status !== 401) answered.add(path)
  }
  expect([...answered].sort()).toEqual(open.toSorted())
})

test('every other route takes the token, and nothing but the token', async () => {
  await using edge = startEdge({ adminToken: 'secret' })
  const closed = new Set(routes.map(({ path }) => path).filter((path) => !open.includes(path)))
  const answers: Readonly<Record<string, number>> = {
    '/buffer-pool-metrics': 200,
    '/api/breakers': 200,
    '/api/overload': 200,
    '/api/limits': 200,
    '/api/queue': 200,
    '/api/ai/performance': 200,
    '/api/streams': 200,
    '/api/streams/:id': 404,
    '/metrics': 200,
    '/api/keys': 200,
    '/api/keys/:id': 404,
    '/api/keys/:id/rotate': 405,
    '/api/usage': 404,
    '/api/alerts': 200,
    '/api/alerts/:id': 405,
    '/dashboard/feed': 426,
  }
  expect([...closed].sort()).toEqual(Object.keys(answers).sort())
  for (const path of closed) {
    const get = (authorization?: string) =>
      ask(edge.url, {
        path: path.replace(':id', 'key_x'),
        headers: authorization === undefined ? {} : { authorization },
      })
    expect((await get('Bearer secret')).status).toBe(answers[path] ?? 0)
    expect((await get('bearer secret')).status).toBe(answers[path] ?? 0)
    for (const wrong of [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'Bearer secre',
      'Bearer secrett',
      'Bearer SECRET',
      'Basic secret',
      'secret',
      'Bearer secret x',
      `Bearer ${'x'.repeat(8000)}`,
    ]) {
      const refusal = await get(wrong)
      expect(refusal.status).toBe(401)
      expect(errorCode(refusal)).toBe('invalid_api_key')
      expect(refusal.header('www-authenticate')).toBe('Bearer')
      expect(refusal.text()).not.toContain('tiers')
    }
  }
})

test('another method or a slash at the end opens nothing', async () => {
  await using edge = startEdge({ adminToken: 'secret' })
  for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const response = await ask(edge.url, { method, path: '/buffer-pool-metrics' })
    expect(response.status).toBe(401)
  }
  expect((await ask(edge.url, { path: '/buffer-pool-metrics/' })).status).not.toBe(200)
})

test('without a token of the operator nobody manages keys', async () => {
  await using edge = startEdge()
  for (const [method, path] of [
    ['GET', '/api/keys'],
    ['POST', '/api/keys'],
    ['GET', '/api/keys/key_x'],
    ['PATCH', '/api/keys/key_x'],
    ['DELETE', '/api/keys/key_x'],
    ['POST', '/api/keys/key_x/rotate'],
    ['PUT', '/api/keys'],
  ] as const) {
    for (const token of ['', 'Bearer secret']) {
      const headers: Record<string, string> = token === '' ? {} : { authorization: token }
      const refusal = await ask(edge.url, { method, path, headers })
      expect(refusal.status, `${method} ${path}`).toBe(403)
      expect(errorCode(refusal)).toBe('forbidden')
      expect(refusal.text()).toContain('ADMIN_TOKEN')
    }
  }
})

test('without a token of the operator the operations are open', async () => {
  await using edge = startEdge()
  expect((await ask(edge.url, { path: '/buffer-pool-metrics' })).status).toBe(200)
})
