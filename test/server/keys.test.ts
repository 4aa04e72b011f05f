/** The routes of managed keys, over real sockets and a real database. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createKeyAdmin, type KeyAdmin } from '../../src/admission/key-admin.ts'
import { schemas } from '../../src/server/schemas.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { KeysTable } from '../../src/store/keys-table.ts'
import { ask } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { newFile } from '../store/engines.ts'
import { type Edge, errorCode, startEdge } from './edge.ts'

const authorization = 'Bearer secret'
const changes: string[] = []
let database: Database
let table: KeysTable
let edge: Edge

beforeAll(() => {
  database = openDatabase(newFile())
  table = new KeysTable(database, [])
  const keys = createKeyAdmin(table, (id, action) => changes.push(`${action} ${id}`))
  edge = startEdge({ adminToken: 'secret', keys })
})

afterAll(async () => {
  await edge[Symbol.asyncDispose]()
  await database.close()
})

function call(method: string, path: string, body?: unknown, more: Record<string, string> = {}) {
  const headers = { authorization, 'content-type': 'application/json', ...more }
  const sent = typeof body === 'string' ? body : JSON.stringify(body)
  return ask(edge.url, { method, path, headers, ...(body !== undefined && { body: sent }) })
}

const jsonOf = (response: RawResponse) => JSON.parse(response.text())

async function made(body: object = {}) {
  const response = await call('POST', '/api/keys', { name: 'made', ...body })
  expect(response.status, response.text()).toBe(201)
  return schemas.KeyWithSecret.parse(jsonOf(response))
}

test('a key is made, shown, changed, rotated and revoked', async () => {
  const created = await call('POST', '/api/keys', {
    name: 'team-a',
    ...{ owner: 'Ann', tags: ['x', 'x'], models: ['gpt-*'], priority: 'high' },
    limits: { requestsPerMinute: 600 },
    budget: { daily: 25 },
    expiresAt: '2099-01-31T12:00:00+01:00',
  })
  expect(created.status).toBe(201)
  expect(created.header('cache-control')).toBe('no-store')
  const { secret, ...key } = schemas.KeyWithSecret.parse(jsonOf(created))
  expect(key).toMatchObject({
    ...{ name: 'team-a', owner: 'Ann', tags: ['x'], models: ['gpt-*'], routes: null },
    limits: { requestsPerMinute: 600, tokensPerMinute: null, concurrentStreams: null },
    budget: { daily: 25, monthly: null },
    ...{ state: 'active', expiresAt: '2099-01-31T11:00:00.000Z', revokedAt: null },
  })
  const path = `/api/keys/${key.id}`
  expect(jsonOf(await call('GET', path))).toEqual(key)
  expect((await table.find(secret))?.key.id).toBe(key.id)

  const change = { priority: 'low', limits: { requestsPerMinute: null }, expiresAt: null }
  const changed = schemas.Key.parse(jsonOf(await call('PATCH', path, change)))
  expect(changed).toMatchObject({ name: 'team-a', priority: 'low', expiresAt: null })
  expect(changed.limits.requestsPerMinute).toBeNull()

  const rotated = jsonOf(await call('POST', `${path}/rotate`, { overlapSecs: 60 }))
  expect(rotated.secrets).toHaveLength(2)
  const found = await Promise.all([secret, rotated.secret].map((each) => table.find(each)))
  expect(found.map((each) => each?.key.id)).toEqual([key.id, key.id])
  const again = jsonOf(await call('POST', `${path}/rotate`))
  expect(again.secrets).toHaveLength(1)
  expect(await table.find(rotated.secret)).toBeNull()

  const revoked = jsonOf(await call('DELETE', path))
  expect(revoked).toMatchObject({ state: 'revoked', secrets: [] })
  expect(await table.find(again.secret)).toBeNull()
  expect((await call('PATCH', path, { name: 'x' })).status).toBe(400)
  const actions = ['created', 'changed', 'rotated', 'rotated', 'revoked']
  expect(changes).toEqual(actions.map((action) => `${action} ${key.id}`))
})

test('a secret is in the answer that makes it and in no other', async () => {
  const { id, secret } = await made()
  const { secret: second } = jsonOf(await call('POST', `/api/keys/${id}/rotate`, {}))
  const hashes = (await database.run('select hash from managed_key_secrets')).map(({ hash }) =>
    String(hash),
  )
  expect(hashes.length).toBeGreaterThan(0)
  for (const path of ['/api/keys', `/api/keys/${id}`, '/api/keys?limit=200', '/docs/json']) {
    const text = (await call('GET', path)).text()
    for (const hidden of [secret, second, ...hashes]) expect(text).not.toContain(hidden.slice(-16))
  }
})

test('lists filter and page', async () => {
  const owner = 'pages'
  const ids = []
  for (let index = 0; index < 5; index++) ids.push((await made({ owner, tags: [`t${index}`] })).id)
  const page = async (query: string) =>
    schemas.KeyList.parse(jsonOf(await call('GET', `/api/keys?owner=${owner}${query}`)))
  const first = await page('&limit=2')
  const second = await page(`&limit=2&after=${first.next}`)
  const third = await page(`&limit=2&after=${second.next}`)
  expect(third.next).toBeNull()
  const found = [first, second, third].flatMap(({ keys }) => keys.map(({ id }) => id))
  expect(found.toSorted()).toEqual(ids.toSorted())
  expect((await page('&tag=t3')).keys.map(({ id }) => id)).toEqual([ids[3] ?? ''])
  expect((await page('&state=revoked')).keys).toEqual([])
  expect((await page('&name=nobody')).keys).toEqual([])
})

test.each([
  ['POST', '/api/keys', {}, 'name'],
  ['POST', '/api/keys', { name: 'a b' }, 'name'],
  ['POST', '/api/keys', { name: 'a', key: 'canary' }, 'key'],
  ['POST', '/api/keys', { name: 'a', models: ['*x'] }, 'models.0'],
  ['POST', '/api/keys', { name: 'a', tags: Array(33).fill('x') }, 'tags'],
  [
    'POST',
    '/api/keys',
    { name: 'a', limits: { requestsPerMinute: 0 } },
    'limits.requestsPerMinute',
  ],
  ['POST', '/api/keys', { name: 'a', limits: { tokens: 1 } }, 'limits.tokens'],
  ['POST', '/api/keys', { name: 'a', budget: { daily: -1 } }, 'budget.daily'],
  ['POST', '/api/keys', { name: 'a', budget: { daily: '25' } }, 'budget.daily'],
  ['POST', '/api/keys', { name: 'a', priority: 'canary' }, 'priority'],
  ['POST', '/api/keys', { name: 'a', expiresAt: 'tomorrow' }, 'expiresAt'],
  ['POST', '/api/keys', { name: 'a', owner: 'a\u0000b' }, 'owner'],
  ['POST', '/api/keys', '{"name":"a","__proto__":{"priority":"high"}}', '__proto__'],
  ['POST', '/api/keys', '{"name":"a","constructor":{}}', 'constructor'],
  ['POST', '/api/keys', [], 'body'],
  ['POST', '/api/keys', null, 'body'],
  ['PATCH', '/api/keys/key_x', { name: null }, 'name'],
  ['POST', '/api/keys/key_x/rotate', { overlapSecs: -1 }, 'overlapSecs'],
  ['GET', '/api/keys?limit=0', undefined, 'limit'],
  ['GET', '/api/keys?limit=201', undefined, 'limit'],
  ['GET', '/api/keys?state=canary', undefined, 'state'],
  ['GET', '/api/keys?sort=canary', undefined, 'sort'],
  ['GET', "/api/keys?after=key_'", undefined, 'after'],
  ['GET', '/api/keys?owner=a&owner=b', undefined, 'owner'],
  ['GET', '/api/keys?__proto__=a', undefined, '__proto__'],
])('%s %s %j is 400 and names %s', async (method, path, body, param) => {
  const before = (await table.list({}, 200)).length
  const response = await call(method, path, body)
  expect(response.status, response.text()).toBe(400)
  expect(jsonOf(response).error).toMatchObject({ code: 'invalid_request', param })
  expect(response.text()).not.toContain('canary')
  expect((await table.list({}, 200)).length).toBe(before)
})

test.each([
  ['POST', '/api/keys', '{', {}, 400, 'invalid_json'],
  ['POST', '/api/keys', '{}', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
  ['POST', '/api/keys', `{"name":"${'a'.repeat(140_000)}"}`, {}, 413, 'body_too_large'],
  ['GET', '/api/keys/key_x', undefined, {}, 404, 'key_not_found'],
  ['GET', "/api/keys/'%20or%201=1", undefined, {}, 404, 'key_not_found'],
  ['PATCH', '/api/keys/key_x', '{"name":"a"}', {}, 404, 'key_not_found'],
  ['DELETE', '/api/keys/key_x', undefined, {}, 404, 'key_not_found'],
  ['POST', '/api/keys/key_x/rotate', '{}', {}, 404, 'key_not_found'],
  ['PUT', '/api/keys', '{}', {}, 405, 'method_not_allowed'],
  ['POST', '/api/keys/key_x', '{}', {}, 405, 'method_not_allowed'],
  ['DELETE', '/api/keys/key_x/rotate', undefined, {}, 405, 'method_not_allowed'],
] as const)('%s %s %.20p is refused', async (method, path, body, headers, status, code) => {
  const response = await call(method, path, body, headers)
  expect([response.status, errorCode(response)]).toEqual([status, code])
})

test.each(['', 'Bearer wrong', 'Bearer sk-sluice-x', 'Basic secret'])(
  'with %p nothing is done and nothing is told',
  async (wrong) => {
    const { id } = await made({ name: 'canary-name' })
    const before = changes.length
    for (const [method, path, body] of [
      ['GET', '/api/keys', undefined],
      ['POST', '/api/keys', '{"name":"a"}'],
      ['GET', `/api/keys/${id}`, undefined],
      ['PATCH', `/api/keys/${id}`, '{"name":"b"}'],
      ['DELETE', `/api/keys/${id}`, undefined],
      ['POST', `/api/keys/${id}/rotate`, '{}'],
    ] as const) {
      const response = await call(method, path, body, { authorization: wrong })
      expect([response.status, errorCode(response)]).toEqual([401, 'invalid_api_key'])
      expect(response.text()).not.toContain('canary')
    }
    expect(changes.length).toBe(before)
  },
)

test('a key of a client is not the token of the operator', async () => {
  const { secret } = await made()
  const response = await call('GET', '/api/keys', undefined, { authorization: `Bearer ${secret}` })
  expect(response.status).toBe(401)
  expect(response.text()).not.toContain(secret.slice(-16))
})

test('a database that is away is 503 and never anything else', async () => {
  const away: KeyAdmin = createKeyAdmin(
    new KeysTable(openDatabase('postgres://u:canary@127.0.0.1:1/x'), []),
    () => {},
  )
  await using closed = startEdge({ adminToken: 'secret', keys: away })
  for (const [method, path, body] of [
    ['GET', '/api/keys', undefined],
    ['POST', '/api/keys', '{"name":"a"}'],
    ['DELETE', '/api/keys/key_x', undefined],
  ] as const) {
    const headers = { authorization, 'content-type': 'application/json' }
    const sent = { method, path, headers, ...(body !== undefined && { body }) }
    const response = await ask(closed.url, sent)
    expect([response.status, errorCode(response)]).toEqual([503, 'store_unavailable'])
    expect(Number(response.header('retry-after'))).toBeGreaterThan(0)
    expect(response.text()).not.toContain('canary')
  }
})
