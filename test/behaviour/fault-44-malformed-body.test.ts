/**
 * A body that is not what the endpoint takes: refused before anybody is asked, with what is wrong
 * with it, and the connection goes on (fault matrix, row 44).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import {
  answer,
  bodyOf,
  chat,
  chatPath,
  expectReusable,
  good,
  goodText,
  outcomeOf,
  type Row,
  testRefusals,
} from './request-stand.ts'

afterEach(endStands)

const rows: readonly Row[] = [
  ['no JSON', bodyOf('{"model":"gpt-test",'), 400, 'invalid_json'],
  ['JSON and more', bodyOf(`${goodText}{}`), 400, 'invalid_json'],
  ['single quotes', bodyOf("{'model':'gpt-test'}"), 400, 'invalid_json'],
  ['a comment', bodyOf(`${goodText} // end`), 400, 'invalid_json'],
  ['a mark of the byte order', bodyOf(`\ufeff${goodText}`), 400, 'invalid_json'],
  ['an empty body', bodyOf(''), 400, 'invalid_json'],
  ['no body at all', { method: 'POST', path: chatPath }, 400, 'invalid_json'],
  ['an array', chat([good]), 400, 'invalid_request'],
  ['a text', chat('gpt-test'), 400, 'invalid_request'],
  ['null', chat(null), 400, 'invalid_request'],
  ['a model that is a number', chat({ ...good, model: 7 }), 400, 'invalid_request'],
  ['a model that is an object', chat({ ...good, model: {} }), 400, 'invalid_request'],
  ['stream that is a text', chat({ ...good, stream: 'yes' }), 400, 'invalid_request'],
  ['stream that is a number', chat({ ...good, stream: 1 }), 400, 'invalid_request'],
  ['no model', chat({ messages: [] }), 400, 'missing_model'],
  ['an empty model', chat({ ...good, model: '' }), 400, 'missing_model'],
  ['a model that is null', chat({ ...good, model: null }), 400, 'missing_model'],
  ['the type of a text', bodyOf(goodText, 'text/plain'), 415, 'unsupported_media_type'],
  [
    'the type of a form',
    bodyOf('model=x', 'application/x-www-form-urlencoded'),
    415,
    'unsupported_media_type',
  ],
  ['the type of files', bodyOf(goodText, 'multipart/form-data'), 415, 'unsupported_media_type'],
]

describe('a body', () => {
  testRefusals('with or of %s', rows)
})

test('a body without a type is taken for JSON, as the providers take it', async () => {
  const stand = await startStand(answer)
  const { response } = await stand.ask({ method: 'POST', path: chatPath, body: goodText })
  expect(await response.ended()).toBe('complete')
  expect(response.status).toBe(200)
  const request = await stand.upstream.request(0)
  expect([await request.text(), stand.upstream.requestCount]).toEqual([goodText, 1])
})

test('the connection of a refused body takes the next request', async () => {
  const stand = await startStand(answer)
  const asking = await stand.ask(bodyOf('{"model":'))
  expect(await asking.response.ended()).toBe('complete')
  expect(outcomeOf(asking.response)).toEqual([400, 'invalid_json'])
  await expectReusable(asking)
  expect(stand.upstream.requestCount).toBe(1)
})

test.each([
  ['/v1/messages', ['error', 'request_id', 'type']],
  ['/v1beta/models/gemini-2.5-pro:generateContent', ['error']],
])('a refusal speaks the dialect of %s', async (path, keys) => {
  const stand = await startStand(answer)
  const { response } = await stand.ask({ ...bodyOf('{"model":'), path })
  expect(await response.ended()).toBe('complete')
  expect(response.status).toBe(400)
  expect(Object.keys(JSON.parse(response.text())).sort()).toEqual(keys)
  expect(stand.upstream.connectionCount).toBe(0)
})
