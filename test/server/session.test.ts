/** The session of the dashboard: its cookie, what it opens and to whom, and who guesses. */
import { describe, expect, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LoginLimit } from '../../src/server/login-limit.ts'
import { Sessions, sessionMs } from '../../src/server/session.ts'
import { canCertify, makeCertificates } from '../kit/certificates.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { type Edge, errorCode, startEdge } from './edge.ts'

const token = 'a-token-of-the-operator'
const path = '/dashboard/session'

const logIn = (edge: Edge, sent: unknown, headers: Record<string, string> = {}) =>
  ask(edge.url, jsonRequest(path, { token: sent }, headers))

/** What a browser sends back of `set-cookie`. */
const cookieOf = (response: RawResponse): string =>
  response.header('set-cookie')?.split(';')[0] ?? ''

const stateOf = async (edge: Edge, headers: Record<string, string> = {}): Promise<unknown> =>
  JSON.parse((await ask(edge.url, { path, headers })).text())

describe('the value of a session', () => {
  const sessions = new Sessions(token)
  const now = 1_700_000_000_000
  const value = sessions.begin(now)
  const cookie = sessions.cookie(value, false)
  const [name = ''] = cookie.split('=')
  const withValue = (other: string): string => `${name}=${other}`

  test('is good until it is over, in every process with the same token', () => {
    const end = now + sessionMs
    expect(new Sessions(token).expiryOf(cookie, now)).toBe(end)
    expect(sessions.expiryOf(cookie, end - 1)).toBe(end)
    expect(sessions.expiryOf(cookie, end)).toBeNull()
    expect(new Sessions('another token').expiryOf(cookie, now)).toBeNull()
  })

  test('is good under either name, beside others and beside a bad one', () => {
    const good = now + sessionMs
    expect(sessions.expiryOf(`a=b; __Host-${withValue(value)}; c=d`, now)).toBe(good)
    const two = `${withValue('old.one')}; ${withValue(value)}`
    expect(sessions.expiryOf(two, now)).toBe(good)
  })

  test('has a name of its own for each token, because ports share their cookies', () => {
    const other = new Sessions('another token')
    const both = `${cookie}; ${other.cookie(other.begin(now), false)}`
    expect(sessions.expiryOf(both, now)).toBe(now + sessionMs)
    expect(other.expiryOf(both, now)).toBe(now + sessionMs)
    expect(other.cookie('', false).split('=')[0]).not.toBe(name)
  })

  test('cannot be made longer, or made up', () => {
    const [expiry = '', signature = ''] = value.split('.')
    const later = (Number.parseInt(expiry, 36) + 1).toString(36)
    for (const wrong of [
      `${later}.${signature}`,
      `${expiry}.${signature.slice(0, -2)}AA`,
      `${expiry}.`,
      `${expiry}`,
      `${expiry}.${signature}x`,
      ` .${signature}`,
      '',
      'x'.repeat(5000),
    ]) {
      expect(sessions.expiryOf(withValue(wrong), now)).toBeNull()
    }
    expect(sessions.expiryOf(null, now)).toBeNull()
    // A clock that runs ahead somewhere does not make a session of days.
    expect(sessions.expiryOf(withValue(sessions.begin(now + 60_000)), now)).toBeNull()
    expect(value).not.toContain(token)
  })
})

describe('logging in', () => {
  test('with the token gives a cookie that no script reads and no other site sends', async () => {
    await using edge = startEdge({ adminToken: token })
    expect(await stateOf(edge)).toEqual({ required: true, authenticated: false })
    const response = await logIn(edge, token)
    expect([response.status, JSON.parse(response.text())]).toEqual([
      200,
      { required: true, authenticated: true },
    ])
    const flags = response.header('set-cookie')?.split('; ').slice(1)
    expect(flags).toEqual(['Path=/', 'Max-Age=43200', 'HttpOnly', 'SameSite=Strict'])
    expect(response.header('cache-control')).toBe('no-store')
    const cookie = cookieOf(response)
    expect(cookie).toMatch(/^sluice-session-[0-9a-f]{8}=\w+\.[\w-]{43}$/)
    expect(await stateOf(edge, { cookie })).toEqual({ required: true, authenticated: true })
  })

  test.skipIf(!canCertify)('over TLS, here or at a proxy, it is held to this host', async () => {
    const directory = mkdtempSync(join(runDirectory(), 'session-'))
    const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
    const { cert, key } = makeCertificates().good
    writeFileSync(certFile, cert)
    writeFileSync(keyFile, key)
    await using edge = startEdge({ adminToken: token, tls: { certFile, keyFile } })
    const answer = await fetch(new URL(path, edge.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
      tls: { rejectUnauthorized: false },
    })
    await using behind = startEdge({ adminToken: token })
    const proxied = await logIn(behind, token, { origin: 'https://sluice.example' })
    expect([answer.status, proxied.status]).toEqual([200, 200])
    for (const cookie of [answer.headers.get('set-cookie'), proxied.header('set-cookie')]) {
      expect(cookie).toMatch(/^__Host-sluice-session-[0-9a-f]{8}=/)
      expect(cookie).toEndWith('; HttpOnly; SameSite=Strict; Secure')
      expect(cookie).toContain('; Path=/;')
      expect(cookie).not.toContain('Domain')
    }
  })

  test('with anything else gives nothing, and always the same answer', async () => {
    await using edge = startEdge({ adminToken: token })
    const wrong = ['', 'x', token.slice(0, -1), `${token}x`, null, 5, [token], { token }]
    const answers = await Promise.all(wrong.map((sent) => logIn(edge, sent)))
    const texts = new Set(answers.map((answer) => `${answer.status} ${answer.text()}`))
    expect([...texts]).toHaveLength(1)
    for (const answer of answers) {
      expect([answer.status, errorCode(answer)]).toEqual([401, 'invalid_api_key'])
      expect(answer.header('set-cookie')).toBeNull()
    }
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const page = await ask(edge.url, {
      method: 'POST',
      path,
      headers: form,
      body: `token=${token}`,
    })
    expect(page.status).toBe(415)
  })

  test('is refused after some wrong ones, the right one among them', async () => {
    const told: string[] = []
    const onWrongToken = (address: string) => void told.push(address)
    await using edge = startEdge({ adminToken: token, onWrongToken })
    const answers = await Promise.all(Array.from({ length: 14 }, () => logIn(edge, 'wrong')))
    expect(told).toEqual(Array(10).fill('127.0.0.1'))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([...Array(10).fill(401), ...Array(4).fill(429)])
    const refused = await logIn(edge, token)
    expect([refused.status, errorCode(refused)]).toEqual([429, 'rate_limit_exceeded'])
    expect(Number(refused.header('retry-after'))).toBeWithin(1, 8)
    // Whoever shows the token itself guesses nothing.
    const headers = { authorization: `Bearer ${token}` }
    expect((await ask(edge.url, { path: '/api/overload', headers })).status).toBe(200)
  })

  test('is not needed without a token', async () => {
    await using edge = startEdge()
    expect(await stateOf(edge)).toEqual({ required: false, authenticated: true })
    const response = await logIn(edge, 'anything')
    expect([response.status, response.header('set-cookie')]).toEqual([200, null])
  })
})

describe('a session', () => {
  const change = jsonRequest('/api/breakers', { target: 'a/b', override: 'open' })
  const put = (edge: Edge, headers: Record<string, string>) =>
    ask(edge.url, { ...change, method: 'PUT', headers: { ...change.headers, ...headers } })

  test('opens what the token opens, and nothing else', async () => {
    await using edge = startEdge({ adminToken: token })
    const cookie = cookieOf(await logIn(edge, token))
    for (const operation of ['/api/overload', '/api/keys', '/api/streams', '/api/alerts']) {
      expect((await ask(edge.url, { path: operation, headers: { cookie } })).status).toBe(200)
      expect((await ask(edge.url, { path: operation })).status).toBe(401)
    }
  })

  test('changes something only from a page of this server', async () => {
    await using edge = startEdge({ adminToken: token })
    const cookie = cookieOf(await logIn(edge, token))
    const own = edge.url.origin
    for (const headers of [
      { 'sec-fetch-site': 'same-origin' },
      { origin: own },
      { origin: own.replace('http:', 'https:') },
    ] as Record<string, string>[]) {
      expect((await put(edge, { cookie, ...headers })).status).toBe(200)
    }
    for (const headers of [
      {},
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'same-site', origin: own },
      { origin: 'http://evil.test' },
      { origin: 'null' },
      { origin: `${own}0` },
    ] as Record<string, string>[]) {
      const refused = await put(edge, { cookie, ...headers })
      expect([refused.status, errorCode(refused)]).toEqual([403, 'forbidden'])
    }
    expect((await put(edge, { authorization: `Bearer ${token}` })).status).toBe(200)
  })

  test('ends when its page says so, and no other', async () => {
    await using edge = startEdge({ adminToken: token })
    const cookie = cookieOf(await logIn(edge, token))
    const out = (headers: Record<string, string>) =>
      ask(edge.url, { method: 'DELETE', path, headers: { cookie, ...headers } })
    expect((await out({ 'sec-fetch-site': 'same-site' })).status).toBe(403)
    const left = await out({ 'sec-fetch-site': 'same-origin' })
    expect(left.header('set-cookie')).toMatch(/^sluice-session-\w{8}=; Path=\/; Max-Age=0;/)
    expect(JSON.parse(left.text())).toEqual({ required: true, authenticated: false })
  })
})

test('failures are forgiven one by one, for each address and for all', () => {
  let now = 0
  const limit = new LoginLimit(() => now)
  for (let times = 0; times < 10; times++) limit.failed('a')
  expect([limit.waitMs('a'), limit.waitMs('b')]).toEqual([6000, 0])
  now = 6000
  expect(limit.waitMs('a')).toBe(0)
  limit.failed('a')
  expect(limit.waitMs('a')).toBe(6000)
  for (let address = 0; address < 200; address++) limit.failed(`address-${address}`)
  expect(limit.waitMs('a new one')).toBeWithin(1, 1001)
  now += 1000
  expect(limit.waitMs('a new one')).toBe(0)
})
