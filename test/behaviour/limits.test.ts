/** Limits, budgets and scopes of keys, as their clients see them. */
import { afterEach, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chatEvents, eventText, inTurn, json, silence, sse } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands, type Stand, startStand } from './client-stand.ts'

afterEach(endStands)

const answer = sse(chatEvents(['Hello']), { done: true })
const secret = 'secret-of-a-client'
const adminToken = 'token-of-the-operator-0123456789'

/** A stand with one key that is made so in the file. */
function withKey(traits: object, script: UpstreamScript = answer): Promise<Stand> {
  const path = join(runDirectory(), `keys-${crypto.randomUUID()}.json`)
  const keys = [{ name: 'team-a', key: 'env:TEAM_A_KEY', ...traits }]
  const prices = { 'openai/*': { input: 1_000_000, output: 1_000_000 } }
  const routes = { smart: { targets: ['openai/m'] } }
  writeFileSync(path, JSON.stringify({ keys, prices, routes }))
  return startStand(script, { CONFIG_FILE: path, TEAM_A_KEY: secret })
}

async function ask(stand: Stand, changes: object = {}, headers: Record<string, string> = {}) {
  const body = { model: 'gpt-test', stream: true, messages: [], max_tokens: 1, ...changes }
  const { response, client } = await stand.ask(
    jsonRequest('/v1/chat/completions', body, { authorization: `Bearer ${secret}`, ...headers }),
  )
  return { response, client }
}

async function outcome(stand: Stand, changes: object = {}): Promise<[number, string | null]> {
  const { response } = await ask(stand, changes)
  await response.ended()
  const code = response.status === 200 ? null : JSON.parse(response.text()).error.code
  return [response.status, code]
}

test('requests of a minute: headers on each answer, then a 429 that says when', async () => {
  const stand = await withKey({ limits: { requestsPerMinute: 2 } })
  const { response } = await ask(stand)
  await response.ended()
  expect(response.header('x-ratelimit-limit-requests')).toBe('2')
  expect(response.header('x-ratelimit-remaining-requests')).toBe('1')
  expect(await outcome(stand)).toEqual([200, null])
  const refused = (await ask(stand)).response
  await refused.ended()
  expect([refused.status, JSON.parse(refused.text()).error.code]).toEqual([
    429,
    'rate_limit_exceeded',
  ])
  expect(Number(refused.header('retry-after'))).toBeGreaterThan(20)
  expect(refused.header('x-ratelimit-limit-requests')).toBe('2')
  expect(refused.header('x-ratelimit-remaining-requests')).toBe('0')
  expect(refused.header('x-ratelimit-reset-requests')).toMatch(/^(1m0s|5\ds)$/)
  expect(stand.upstream.requestCount).toBe(2)
  expect((await stand.record(0)).keyId).toStartWith('key_')
})

test('the refusal is in the dialect of the client', async () => {
  const stand = await withKey({ limits: { requestsPerMinute: 1 } })
  const message = { model: 'gpt-test', max_tokens: 5, messages: [{ role: 'user', content: 'x' }] }
  const request = jsonRequest('/v1/messages', message, { 'x-api-key': secret })
  await (await stand.ask(request)).response.ended()
  const { response } = await stand.ask(request)
  await response.ended()
  expect(response.status).toBe(429)
  expect(JSON.parse(response.text())).toMatchObject({
    type: 'error',
    error: { type: 'rate_limit_error' },
  })
})

describe('streams at once', () => {
  const one = { limits: { concurrentStreams: 1 } }

  test('one more is refused, and a place is free when its client leaves', async () => {
    const stand = await withKey(one, silence)
    const { client } = await ask(stand)
    await stand.upstream.request(0)
    expect(await outcome(stand)).toEqual([429, 'too_many_streams'])
    client.close()
    await stand.record(1)
    const next = await ask(stand)
    await stand.upstream.request(1)
    next.client.close()
  })

  test('a place is free after every kind of end', async () => {
    const broken: UpstreamScript = async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk('data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n')
      connection.reset()
    }
    const stand = await withKey(one, broken)
    for (let index = 0; index < 3; index += 1) await outcome(stand)
    expect(stand.upstream.requestCount).toBe(3)
    await eventually(() => stand.app.leftovers().places === 0, 'no place is left')
  })
})

test('a budget of one request admits one of a hundred, and is settled later', async () => {
  const stand = await withKey({ budget: { daily: 30 } })
  const all = await Promise.all(Array.from({ length: 100 }, () => outcome(stand)))
  expect(all.filter(([status]) => status === 200)).toHaveLength(1)
  expect(all.filter(([, code]) => code === 'budget_exceeded')).toHaveLength(99)
  // 3 tokens in, 1 out, a dollar each: 26 dollars are left.
  const [status] = await outcome(stand)
  expect(status).toBe(200)
  expect((await stand.record(0)).costMicroUsd).toBeNumber()
})

test('what never reached a provider costs nothing', async () => {
  const stand = await withKey({ limits: { tokensPerMinute: 40 } })
  for (let index = 0; index < 5; index += 1) {
    expect(await outcome(stand, { model: 'nobody/has-this' })).toEqual([404, 'model_not_found'])
  }
  expect(await outcome(stand)).toEqual([200, null])
})

describe('scopes', () => {
  test.each([
    ['its model', { models: ['gpt-*'] }, 'gpt-test', 200],
    ['another model', { models: ['claude-*'] }, 'gpt-test', 403],
    ['its route', { routes: ['smart'] }, 'smart', 200],
    ['a model where it has routes only', { routes: ['smart'] }, 'gpt-test', 403],
    ['a route by its name as a model', { models: ['smart'] }, 'smart', 200],
    ['its provider', { providers: ['openai'] }, 'gpt-test', 200],
    ['another provider', { providers: ['anthropic'] }, 'gpt-test', 403],
  ])('%s', async (_, traits, model, status) => {
    const stand = await withKey(traits)
    const [seen, code] = await outcome(stand, { model })
    expect(seen).toBe(status)
    if (status === 403) expect(code).toBe('forbidden')
    expect(stand.upstream.requestCount).toBe(status === 200 ? 1 : 0)
  })

  test.each([
    ['a model that is not', { models: ['gpt-test'] }, 'openai/dear', 403, 0],
    ['a model that is', { models: ['gpt-test', 'openai/m'] }, 'openai/m', 200, 2],
    ['a route that is', { models: ['gpt-test'], routes: ['smart'] }, 'smart', 200, 2],
    ['a route that is not', { models: ['gpt-test'], routes: ['other'] }, 'smart', 403, 0],
  ])('a fallback that the client names must be in scope: %s', async (...row) => {
    const [, traits, fallback, status, asked] = row
    const broken = json(500, { error: { message: 'broken' } })
    const stand = await withKey(traits, inTurn(broken, answer))
    const { response } = await ask(stand, {}, { 'x-sluice-fallbacks': fallback })
    await response.ended()
    expect([response.status, stand.upstream.requestCount]).toEqual([status, asked])
  })
})

test('a refusal tells how the key stands, in each dialect; a wrong key hears none', async () => {
  const limits = { requestsPerMinute: 9, tokensPerMinute: 9000, concurrentStreams: 1 }
  const stand = await withKey({ limits }, silence)
  await ask(stand)
  await stand.upstream.request(0)
  const message = { model: 'gpt-test', max_tokens: 1, messages: [{ role: 'user', content: 'x' }] }
  const told = async (request: Parameters<Stand['ask']>[0]) => {
    const { response } = await stand.ask(request)
    await response.ended()
    const of = (name: string) => response.header(`x-ratelimit-${name}`)
    return [response.status, of('limit-requests'), of('remaining-requests'), of('limit-tokens')]
  }
  const refused = [429, '9', '8', '9000']
  const chat = { model: 'gpt-test', messages: [] }
  const authorization = `Bearer ${secret}`
  expect(await told(jsonRequest('/v1/chat/completions', chat, { authorization }))).toEqual(refused)
  expect(await told(jsonRequest('/v1/messages', message, { 'x-api-key': secret }))).toEqual(refused)
  const gemini = jsonRequest(
    '/v1beta/models/gpt-test:generateContent',
    { contents: [{ role: 'user', parts: [{ text: 'x' }] }] },
    { 'x-goog-api-key': secret },
  )
  expect(await told(gemini)).toEqual(refused)
  const wrong = jsonRequest('/v1/messages', message, { 'x-api-key': 'wrong' })
  expect(await told(wrong)).toEqual([401, null, null, null])
})

/** An answer whose end waits for the test. */
function heldAnswer() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const script: UpstreamScript = async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    const [role = '', first = '', ...rest] = chatEvents(['before', 'after'])
    await connection.chunk(eventText(role) + eventText(first))
    await promise
    for (const event of [...rest, '[DONE]']) await connection.chunk(eventText(event))
    await connection.end()
  }
  return { script, finish: resolve }
}

describe('a stream goes on, and what comes then is refused, when its key', () => {
  /** Begins a stream, lets `over` be the end of its key, and then the stream go on. */
  async function outlives(
    stand: Stand,
    own: Record<string, string>,
    finish: () => void,
    over: () => Promise<void>,
  ): Promise<void> {
    const { response } = await ask(stand, {}, own)
    await response.until(({ bodyBytes }) => bodyBytes > 0, 'the first bytes')
    await over()
    const refused = (await ask(stand, {}, own)).response
    await refused.ended()
    expect([refused.status, JSON.parse(refused.text()).error.code]).toEqual([
      401,
      'invalid_api_key',
    ])
    expect(response.text()).not.toContain('after')
    finish()
    await response.ended()
    expect(response.text()).toContain('after')
    expect(response.text()).toEndWith('data: [DONE]\n\n')
    expect((await stand.record(1)).endReason).toBe('completed')
    expect(stand.upstream.requestCount).toBe(1)
  }

  test('expires', async () => {
    const { script, finish } = heldAnswer()
    const endsAt = Date.now() + 2000
    const stand = await withKey({ expiresAt: new Date(endsAt).toISOString() }, script)
    await outlives(stand, {}, finish, () =>
      eventually(() => Date.now() > endsAt, 'the key is over'),
    )
  })

  test('is revoked', async () => {
    const { script, finish } = heldAnswer()
    const databaseUrl = join(runDirectory(), `keys-${crypto.randomUUID()}.db`)
    const stand = await startStand(script, { DATABASE_URL: databaseUrl, ADMIN_TOKEN: adminToken })
    const admin = { authorization: `Bearer ${adminToken}` }
    const made = (await stand.ask(jsonRequest('/api/keys', { name: 'a' }, admin))).response
    await made.ended()
    const { id, secret: own } = JSON.parse(made.text())
    await outlives(stand, { authorization: `Bearer ${own}` }, finish, async () => {
      const path = `/api/keys/${id}`
      const { response } = await stand.ask({ method: 'DELETE', path, headers: admin })
      await response.ended()
      expect(response.status).toBe(200)
    })
  })
})

test('a wrong key and a missing one are the same 401, and cost nobody anything', async () => {
  const stand = await withKey({ limits: { requestsPerMinute: 1 } })
  for (const authorization of ['Bearer wrong', '']) {
    const { response } = await ask(stand, {}, { authorization })
    await response.ended()
    expect([response.status, JSON.parse(response.text()).error.code]).toEqual([
      401,
      'invalid_api_key',
    ])
  }
  expect(await outcome(stand)).toEqual([200, null])
})

test('an answer that is no stream tells of the limits too', async () => {
  const whole = { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [] }
  const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 }
  const own = { 'x-ratelimit-limit-requests': '99999' }
  const stand = await withKey(
    { limits: { requestsPerMinute: 9 } },
    json(200, { ...whole, usage }, own),
  )
  const { response } = await ask(stand, { stream: false })
  await response.ended()
  expect(response.header('x-ratelimit-limit-requests')).toBe('9')
})
