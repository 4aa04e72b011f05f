/**
 * Requests that are well written and still cannot be served: a model or a provider that is not
 * there, a key that is not right, a failure of our own. An error in the dialect that was called,
 * with the right status and code and a request id; nothing reaches the provider.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import { answer, chat, good, type Row, testRefusals } from './request-stand.ts'

afterEach(endStands)

const models: readonly Row[] = [
  ['nobody claims', chat({ ...good, model: 'nobody-knows-this' }), 404, 'model_not_found'],
  ['of an unknown provider', chat({ ...good, model: 'nowhere/gpt-test' }), 404, 'model_not_found'],
  ['with nothing behind the slash', chat({ ...good, model: 'openai/' }), 404, 'model_not_found'],
  [
    'for a provider that is not there',
    chat(good, { 'x-sluice-provider': 'nowhere' }),
    404,
    'provider_not_found',
  ],
]

describe('a model', () => {
  testRefusals('%s', models)
})

describe('a key', () => {
  const keys = { API_KEYS: 'right-key' }
  const rows: readonly (readonly [name: string, headers: Readonly<Record<string, string>>])[] = [
    ['missing', {}],
    ['wrong', { authorization: 'Bearer wrong-key' }],
    ['in another scheme', { authorization: 'Basic right-key' }],
    ['longer than any key', { authorization: `Bearer ${'k'.repeat(9000)}` }],
  ]
  test.each(rows)('%s: the same answer', async (_name, headers) => {
    const stand = await startStand(answer, keys)
    for (const request of [chat(good, headers), { path: '/v1/models', headers }]) {
      const { response } = await stand.ask(request)
      await response.ended()
      const { error } = JSON.parse(response.text())
      expect([response.status, error.code]).toEqual([401, 'invalid_api_key'])
      expect(response.header('www-authenticate')).toBe('Bearer')
      expect(response.header('x-request-id')).toMatch(/^req_/)
    }
    expect(stand.upstream.connectionCount).toBe(0)
  })

  test('that is right goes in, and does not go on to the provider', async () => {
    const stand = await startStand(answer, keys)
    const { response } = await stand.ask(chat(good, { authorization: 'Bearer right-key' }))
    await response.ended()
    expect(response.status).toBe(200)
    const request = await stand.upstream.request(0)
    expect(request.headerLines('authorization')).toEqual(['Bearer sk-test'])
  })
})

test('an internal failure tells nothing of itself', async () => {
  const stand = await startStand(answer, { STREAM_SPOOL_DIRECTORY: '/dev/null/nowhere' })
  const body = { ...good, padding: 'x'.repeat(1_200_000) }
  const { response } = await stand.ask(chat(body))
  await response.ended()
  const { error } = JSON.parse(response.text())
  expect([response.status, error.code]).toEqual([503, 'spool_failed'])
  expect(response.text()).not.toContain('nowhere')
  expect(stand.upstream.connectionCount).toBe(0)
})
