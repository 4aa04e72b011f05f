/**
 * The Host is judged before anything is routed: one that would move the path in a router that
 * searches for it is refused, on every kind of route, and a short one moves nothing.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import { answer, goodText, jsonLines, outcomeOf, raw, sendTo } from './request-stand.ts'

afterEach(endStands)

const targets = [
  'GET /healthz',
  'GET /buffer-pool-metrics',
  'GET /docs',
  'GET /v1/models',
  'GET /passthrough/openai/x',
  'GET /nothing',
  'OPTIONS /v1/models',
]

const wrong = [
  'a/#',
  'a/../b',
  'a?b',
  'a#b',
  'u@a',
  'u:p@a',
  'a b',
  'a\tb',
  'a\\b',
  'a%2fb',
  '[::1',
  '::1',
  '[g::1]',
  'a:b',
  'a:',
  'a:-1',
  'a:65536',
  'a:1:2',
  "a'b",
  'a"b',
  '<a>',
  '\xe9',
]

describe('refused on every route', () => {
  test.each(wrong)('Host: %s', async (host) => {
    const stand = await startStand(answer, { ADMIN_TOKEN: 'secret' })
    const client = await stand.connect()
    for (const target of targets) {
      const response = client.expect('GET')
      await client.send(Buffer.from(raw(target, [`host: ${host}`]), 'latin1'))
      expect(await response.ended()).toBe('complete')
      expect([target, ...outcomeOf(response)]).toEqual([target, 400, 'invalid_host'])
    }
    expect([stand.upstream.connectionCount, stand.records.length]).toEqual([0, 0])
  })
})

describe('taken, without moving the path', () => {
  test.each([
    'a',
    'ab',
    'a.b',
    'localhost',
    'localhost:3000',
    'llm_proxy',
    '127.0.0.1',
    '[::1]:1',
    `${'a'.repeat(60)}.test`,
  ])('Host: %s', async (host) => {
    const stand = await startStand(answer, { ADMIN_TOKEN: 'secret' })
    const outcomes = []
    for (const target of [
      'GET /healthz',
      'GET /zzz/healthz',
      'GET /buffer-pool-metrics',
      'GET /zzz/buffer-pool-metrics',
      'GET /z/v1/models',
    ]) {
      const { response } = await sendTo(stand, raw(target, [`host: ${host}`]), 'GET')
      expect(await response.ended()).toBe('complete')
      outcomes.push(response.status)
    }
    expect(outcomes).toEqual([200, 404, 401, 404, 404])
    expect(stand.upstream.connectionCount).toBe(0)
    const post = raw('POST /v1/chat/completions', [`host: ${host}`, ...jsonLines], goodText)
    const { response } = await sendTo(stand, post)
    expect([await response.ended(), response.status]).toEqual(['complete', 200])
    const request = await stand.upstream.request(0)
    expect(request.path).toBe('/v1/chat/completions')
    expect(request.header('host')).toBe(`127.0.0.1:${stand.upstream.port}`)
  })
})

test('names that other proxies put beside it choose nothing', async () => {
  const stand = await startStand(answer, { ADMIN_TOKEN: 'secret' })
  const beside = [
    'x-forwarded-host: evil.test',
    'x-forwarded-prefix: /buffer-pool-metrics',
    'x-original-url: /buffer-pool-metrics',
    'x-rewrite-url: /v1/models',
    'x-http-method-override: POST',
    'forwarded: host="evil.test";for=127.0.0.1',
  ]
  for (const [target, status] of [
    ['GET /healthz', 200],
    ['GET /buffer-pool-metrics', 401],
    ['GET /nothing', 404],
  ] as const) {
    const { response } = await sendTo(stand, raw(target, ['host: localhost', ...beside]), 'GET')
    await response.ended()
    expect([target, response.status]).toEqual([target, status])
    expect(JSON.stringify(response.headers) + response.text()).not.toContain('evil')
  }
  expect(stand.upstream.connectionCount).toBe(0)
})
