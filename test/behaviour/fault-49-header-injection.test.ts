/**
 * Names and texts of the client that end up in headers, paths and lines of ours: what could start a
 * line of its own is refused, and what is only unusual is written so that it cannot (fault matrix,
 * row 49).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import {
  answer,
  bodyOf,
  chat,
  chatPath,
  good,
  goodText,
  host,
  jsonLines,
  type Row,
  raw,
  sendTo,
  testRefusals,
} from './request-stand.ts'

afterEach(endStands)

const ofModel = (model: string) => chat({ ...good, model })

const models: readonly Row[] = [
  ['with a line end', ofModel('openai/gpt\r\nx-evil: 1'), 400, 'invalid_request'],
  ['with a line feed', ofModel('gpt-\nx-evil: 1'), 400, 'invalid_request'],
  ['with a null', ofModel('gpt-\u0000'), 400, 'invalid_request'],
  ['with an escape', ofModel('gpt-\u001b[2J'), 400, 'invalid_request'],
  ['with a control character of Latin-1', ofModel('gpt-\u0085'), 400, 'invalid_request'],
  ['of a megabyte', ofModel(`gpt-${'x'.repeat(1_000_000)}`), 400, 'invalid_request'],
  ['of a lone surrogate', bodyOf('{"model":"gpt-\\ud800"}'), 400, 'invalid_request'],
]

describe('a model', () => {
  testRefusals('%s', models)
})

const headers: readonly Row[] = [
  [
    'a provider that is no name',
    chat(good, { 'x-sluice-provider': 'no where' }),
    400,
    'invalid_header',
  ],
  [
    'a provider that is a path',
    chat(good, { 'x-sluice-provider': '../openai' }),
    400,
    'invalid_header',
  ],
]

describe('a header or a path', () => {
  testRefusals('%s', headers)

  test.each(['gpt%0d%0ax-evil', 'gpt%0ax-evil', 'gpt%1b%5b2J', 'gpt%c2%85'])(
    'a model in the path of Gemini: %s',
    async (model) => {
      const stand = await startStand(answer)
      const path = `/v1beta/models/openai%2F${model}:generateContent`
      const { response } = await stand.ask({ ...bodyOf('{"contents":[]}'), path })
      expect(await response.ended()).toBe('complete')
      expect(response.status).toBe(400)
      expect([response.header('x-evil'), response.header('x-sluice-model')]).toEqual([null, null])
      expect(stand.upstream.connectionCount).toBe(0)
    },
  )

  test('line ends in the path of another endpoint stay encoded', async () => {
    const stand = await startStand(answer)
    const path = '/v1/files/a%0d%0ax-evil:%201?b=%0d%0ac'
    const { response } = await stand.ask({ path })
    expect([await response.ended(), response.status]).toEqual(['complete', 200])
    const request = await stand.upstream.request(0)
    expect([request.path, request.header('x-evil')]).toEqual([path, null])
  })
})

test.each([
  ['gpt-é', 'gpt-%C3%A9'],
  ['gpt-模型', 'gpt-%E6%A8%A1%E5%9E%8B'],
  ['gpt-😀 x', 'gpt-%F0%9F%98%80 x'],
  ['gpt-%0d%0a', 'gpt-%0d%0a'],
])('the model %s is told of as %s', async (model, told) => {
  const stand = await startStand(answer)
  const { response } = await stand.ask(ofModel(model))
  expect(await response.ended()).toBe('complete')
  expect([response.status, response.header('x-sluice-model')]).toEqual([200, told])
  expect(await (await stand.upstream.request(0)).json()).toEqual({ ...good, model })
})

test('texts of the body stay in the body', async () => {
  const stand = await startStand(answer)
  const nasty = 'a\r\nx-evil: 1\r\n\r\nGET / HTTP/1.1\u0000\u001b'
  const body = { ...good, user: nasty, metadata: { [nasty]: nasty }, safety_identifier: nasty }
  const { response } = await stand.ask(chat(body))
  expect([await response.ended(), response.status]).toEqual(['complete', 200])
  const request = await stand.upstream.request(0)
  expect(await request.json()).toEqual(body)
  expect([request.header('x-evil'), stand.upstream.requestCount]).toEqual([null, 1])
})

test('a forwarded value above ASCII arrives as the same bytes', async () => {
  const stand = await startStand(answer)
  const lines = [host, ...jsonLines, 'idempotency-key: a\xe9\xff b']
  const { response } = await sendTo(stand, raw(`POST ${chatPath}`, lines, goodText))
  expect([await response.ended(), response.status]).toEqual(['complete', 200])
  expect((await stand.upstream.request(0)).headerLines('idempotency-key')).toEqual(['a\xe9\xff b'])
})

test('a request id of the client is not taken for ours', async () => {
  const stand = await startStand(answer)
  const { response } = await stand.ask(chat(good, { 'x-request-id': 'req_mine" x=1' }))
  await response.ended()
  expect(response.header('x-request-id')).toMatch(/^req_[0-9a-z]{24}$/)
  expect((await stand.record(0)).id).toMatch(/^req_[0-9a-z]{24}$/)
  expect((await stand.upstream.request(0)).header('x-request-id')).toBeNull()
})
