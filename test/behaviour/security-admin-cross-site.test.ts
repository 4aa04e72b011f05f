/**
 * What a page of somewhere else can do to an operator's or a user's program through a browser:
 * nothing that needs a token, nothing that costs, and it reads nothing. And who sends no token at
 * all reaches only what is public.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import { answer, chatPath, goodText, outcomeOf } from './request-stand.ts'

afterEach(endStands)

const locked = { ADMIN_TOKEN: 'secret', API_KEYS: 'right-key' }

/** How a browser sends what a page of another site makes it send. */
const pages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a form': {
    origin: 'http://evil.test',
    'sec-fetch-site': 'cross-site',
    'content-type': 'application/x-www-form-urlencoded',
  },
  'plain text': {
    origin: 'http://evil.test',
    'sec-fetch-site': 'cross-site',
    'content-type': 'text/plain',
  },
  'a frame without an origin': {
    origin: 'null',
    'sec-fetch-site': 'cross-site',
    'content-type': 'application/json',
  },
  'a page with cookies': {
    origin: 'http://evil.test',
    'sec-fetch-site': 'cross-site',
    cookie: 'token=secret; authorization=Bearer%20secret',
  },
}

describe.each(Object.entries(pages))('%s', (_name, headers) => {
  test.each(['GET', 'POST', 'PUT', 'DELETE'])('%s of an operation', async (method) => {
    const stand = await startStand(answer, locked)
    const body = method === 'GET' ? {} : { body: 'token=secret' }
    const { response } = await stand.ask({ method, path: '/buffer-pool-metrics', headers, ...body })
    expect(await response.ended()).toBe('complete')
    expect([401, 403]).toContain(response.status)
    expect(response.text()).not.toContain('totalInUse')
    expect(response.header('access-control-allow-origin')).toBeNull()
    expect(response.header('access-control-allow-credentials')).toBeNull()
    expect(response.header('set-cookie')).toBeNull()
  })

  test('a request that costs, where no key is needed', async () => {
    const stand = await startStand(answer)
    for (const path of [chatPath, '/v1/messages', '/v1/files', '/passthrough/openai/x']) {
      const { response } = await stand.ask({ method: 'POST', path, headers, body: goodText })
      expect(await response.ended()).toBe('complete')
      expect(outcomeOf(response)[0]).toBe(403)
    }
    expect(stand.upstream.connectionCount).toBe(0)
  })
})

test('a preflight of another site is refused, whatever it asks for', async () => {
  const stand = await startStand(answer, { ...locked, CORS_ORIGINS: 'https://app.test' })
  const asks = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  }
  for (const path of ['/buffer-pool-metrics', chatPath, '/v1/models']) {
    for (const origin of ['http://evil.test', 'null', 'https://app.test.evil.test']) {
      const headers = { origin, ...asks }
      const { response } = await stand.ask({ method: 'OPTIONS', path, headers })
      expect(await response.ended()).toBe('complete')
      expect(response.status).toBe(403)
      expect(response.header('access-control-allow-origin')).toBeNull()
    }
  }
  expect(stand.upstream.connectionCount).toBe(0)
})

test('without a token only what is public answers', async () => {
  const stand = await startStand(answer, locked)
  const { response } = await stand.ask({ path: '/docs/json' })
  await response.ended()
  const { paths } = JSON.parse(response.text()) as { paths: Record<string, object> }
  const open: string[] = []
  for (const [template, methods] of Object.entries(paths)) {
    const path = template.replaceAll(/\{[^}]+\}/g, 'x')
    for (const method of Object.keys(methods).map((name) => name.toUpperCase())) {
      const body = method === 'GET' ? {} : { body: goodText }
      const type = { 'content-type': 'application/json' }
      const asking = await stand.ask({ method, path, headers: type, ...body })
      await asking.response.ended()
      if (asking.response.status < 300) open.push(`${method} ${template}`)
    }
  }
  expect(open.sort()).toEqual(['GET /healthz', 'GET /readyz'])
  expect(Object.keys(paths).length).toBeGreaterThan(8)
  expect(stand.upstream.connectionCount).toBe(0)
})

describe('a token', () => {
  test.each([
    ['of a client', 'Bearer right-key'],
    ['that is only the beginning', 'Bearer secre'],
    ['with more behind it', 'Bearer secretx'],
    ['in another scheme', 'Basic secret'],
    ['that is empty', 'Bearer '],
    ['without a scheme', 'secret'],
    ['of a megabyte, nearly', `Bearer ${'s'.repeat(9000)}`],
  ])('%s does not open the operations', async (_name, authorization) => {
    const stand = await startStand(answer, locked)
    const headers = { authorization }
    const { response } = await stand.ask({ path: '/buffer-pool-metrics', headers })
    expect(await response.ended()).toBe('complete')
    expect(outcomeOf(response)).toEqual([401, 'invalid_api_key'])
  })

  test('that is right opens them, and not the API', async () => {
    const stand = await startStand(answer, locked)
    const headers = { authorization: 'Bearer secret' }
    const metrics = await stand.ask({ path: '/buffer-pool-metrics', headers })
    await metrics.response.ended()
    const models = await stand.ask({ path: '/v1/models', headers })
    await models.response.ended()
    expect([metrics.response.status, models.response.status]).toEqual([200, 401])
  })
})
