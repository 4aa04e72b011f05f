/**
 * Row 32: the provider's 4xx. What the caller did wrong is told as it came and asked of nobody
 * else. A 401 or 403 is about our own key: a 502 and an alarm, never a 401, and the next key is
 * tried.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { json } from '../kit/answers.ts'
import { runDirectory } from '../kit/run-directory.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { askPair, expectRefused, pairRows, pairs } from './dialect-stand.ts'
import { errorOf, refuses } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets } from './targets-stand.ts'

afterEach(endStands)

describe('the caller`s own error', () => {
  const body = {
    error: {
      message: 'Not like this.',
      type: 'invalid_request_error',
      param: 'top_p',
      code: 'odd',
    },
  }

  test.each([400, 404, 405, 409, 410, 413, 415, 422])('%d passes as it is', async (status) => {
    const headers = { server: 'secret/1.0', 'set-cookie': 'session=1', 'x-edge': 'edge-7' }
    for (const pair of pairs.filter(({ provider }) => provider === 'chat')) {
      const { stand, response } = await askPair(pair, json(status, body, headers))
      expect([response.status, response.ending]).toEqual([status, 'complete'])
      expect(JSON.parse(response.text()).error.message).toBe('Not like this.')
      for (const name of Object.keys(headers)) expect(response.header(name)).toBeNull()
      expect((await stand.record(0)).errorCode).toBe('upstream_error')
      if (pair.client === 'chat') {
        expect(errorOf(response)).toEqual(body.error)
        // Where an SDK would try again, only what may pass is worth it.
        expect(response.header('x-should-retry')).toBeNull()
      }
    }
  })

  const callers: readonly (readonly [string, number, string])[] = [
    ['400', 400, 'invalid_value'],
    ['a content filter', 400, 'content_filter'],
    ['413', 413, 'too_large'],
    ['422', 422, 'unprocessable'],
  ]
  test.each(callers)('%s is asked of nobody else, nor again', async (_name, status, code) => {
    const stand = await startTargets(
      [refuses(status, code), answering('from b')],
      {},
      { breakerFailures: 1 },
    )
    for (const counts of [
      [1, 0],
      [2, 0],
    ]) {
      const response = await stand.chat()
      expect([response.status, errorOf(response).code]).toEqual([status, code])
      // It says nothing against the target either: the second request begins there as well.
      expect(requestCounts(stand)).toEqual(counts)
    }
    expect(stand.lines).toEqual([])
  })

  test('409 may be a lock that is held: tried again', async () => {
    const stand = await startTargets([refuses(409)])
    expect((await stand.chat()).status).toBe(409)
    expect(requestCounts(stand)).toEqual([3])
  })

  test('a model that is not there is the operator`s mistake, where a route names it', async () => {
    const stand = await startTargets([refuses(404, 'model_not_found'), answering('from b')])
    expect((await stand.chat()).text()).toBe(answerText('from b'))
    expect(requestCounts(stand)).toEqual([1, 1])
  })
})

/** What a provider says of a key, with the key in it. */
const refusal = (status: number): UpstreamScript =>
  json(status, { error: { message: 'Incorrect API key: sk-test', type: 'auth', code: 'bad_key' } })

describe('our key is refused, with nobody else to ask', () => {
  test.each(pairRows)('a 502 in the dialect of the client: %s', async (_name, pair) => {
    for (const status of [401, 403]) {
      const environment = { RETRIES_MAX: '2' }
      const { stand, response } = await askPair(pair, refusal(status), { environment })
      expectRefused(response, pair, 'upstream_auth_failed')
      expect(response.text()).not.toMatch(/sk-test|bad_key|Incorrect/)
      expect(response.header('x-should-retry')).toBe('false')
      expect(response.header('www-authenticate')).toBeNull()
      expect([stand.upstream.requestCount, (await stand.record(0)).attempts]).toEqual([1, 1])
    }
  })

  const disguises: readonly (readonly [string, UpstreamScript])[] = [
    ['407, of a proxy on the way', refusal(407)],
    ['400 with the code of a key', refuses(400, 'invalid_api_key')],
    [
      'a 200 with the error in it',
      json(200, { error: { message: 'No.', code: 'invalid_api_key' } }),
    ],
  ]
  test.each(disguises)('%s', async (_name, script) => {
    const stand = await startTargets([script])
    const response = await stand.chat({ stream: false })
    expect([response.status, errorOf(response).code]).toEqual([502, 'upstream_auth_failed'])
    expect(requestCounts(stand)).toEqual([1])
  })
})

test('the operator is alarmed, also where another answers; once while it lasts', async () => {
  const stand = await startTargets([refusal(401), answering('from b')], {}, { breakerFailures: 1 })
  for (let chats = 0; chats < 3; chats += 1) {
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from b')])
  }
  // The key is left alone, so nobody waits for another refusal.
  expect(requestCounts(stand)).toEqual([1, 3])
  expect(stand.lines).toEqual([
    ['error', 'a provider refused our credentials', { target: 'a/m-a' }],
  ])
  expect((await stand.record(0)).attemptLog[0]?.outcome).toBe('upstream_auth_failed')
})

test.each([401, 403])('%d: the next key of the same provider is tried', async (status) => {
  const file = join(runDirectory(), `keys-${crypto.randomUUID()}.json`)
  const apiKeys = ['env:FIRST_KEY', 'env:SECOND_KEY', 'env:THIRD_KEY']
  writeFileSync(file, JSON.stringify({ providers: { a: { apiKeys } } }))
  const script: UpstreamScript = (request, connection) =>
    (request.header('authorization') === 'Bearer key-3' ? answering('from a') : refusal(status))(
      request,
      connection,
    )
  const stand = await startTargets(
    [script, answering('from b')],
    {},
    {},
    { CONFIG_FILE: file, FIRST_KEY: 'key-1', SECOND_KEY: 'key-2', THIRD_KEY: 'key-3' },
  )
  for (let chats = 0; chats < 2; chats += 1) {
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from a')])
  }
  const keys = stand.upstreams[0]?.requests.map((request) => request.header('authorization'))
  expect(keys).toEqual(['Bearer key-1', 'Bearer key-2', 'Bearer key-3', 'Bearer key-3'])
  expect(requestCounts(stand)[1]).toBe(0)
  const { attemptLog } = await stand.record(0)
  expect(attemptLog.map(({ target, outcome }) => [target, outcome])).toEqual([
    ['a/m-a', 'upstream_auth_failed'],
    ['a/m-a#2', 'upstream_auth_failed'],
    ['a/m-a#3', 'answered'],
  ])
  expect(stand.lines.map(([level, , fields]) => [level, fields?.target])).toEqual([
    ['error', 'a/m-a'],
    ['error', 'a/m-a#2'],
  ])
  expect(JSON.stringify([stand.lines, stand.records])).not.toContain('key-1')
})
