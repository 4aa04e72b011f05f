/**
 * Bad input: an error in the dialect that was called, with the right status and code and a request
 * id; nothing reaches the provider, and nothing is left (fault matrix, rows 41 to 55).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { json } from '../kit/answers.ts'
import { jsonRequest, type RequestToSend } from '../kit/client.ts'
import { endStands, startStand } from './client-stand.ts'

afterEach(endStands)

const chatPath = '/v1/chat/completions'
const answer = json(200, { id: 'chatcmpl-1', object: 'chat.completion', choices: [] })

/** What is sent, as bytes of our own or as a request. */
type Sent = string | RequestToSend

/** A row: what is wrong, what is sent, and the status and code of the answer. */
type Row = readonly [name: string, sent: Sent, status: number, code: string]

const chat = (body: unknown, headers: Readonly<Record<string, string>> = {}): RequestToSend =>
  jsonRequest(chatPath, body, headers)

const bodyOf = (body: string | Uint8Array, type = 'application/json'): RequestToSend => ({
  method: 'POST',
  path: chatPath,
  headers: { 'content-type': type },
  body,
})

const good = { model: 'gpt-test', messages: [] }
const goodText = JSON.stringify(good)

/** A request in the bytes of the wire; `lines` come after the request line. */
const raw = (startLine: string, lines: readonly string[], body = ''): string =>
  `${startLine} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`

const host = 'host: localhost'
const jsonLines = ['content-type: application/json', `content-length: ${goodText.length}`]
const nested = (depth: number): string =>
  `{"model":"gpt-test","x":${'['.repeat(depth)}${']'.repeat(depth)}}`

const bodies: readonly Row[] = [
  ['no JSON', bodyOf('{"model":"gpt-test",'), 400, 'invalid_json'],
  ['JSON and more', bodyOf(`${goodText}{}`), 400, 'invalid_json'],
  ['single quotes', bodyOf("{'model':'gpt-test'}"), 400, 'invalid_json'],
  ['an empty body', bodyOf(''), 400, 'invalid_json'],
  ['no body at all', { method: 'POST', path: chatPath }, 400, 'invalid_json'],
  ['a byte that is not UTF-8', bodyOf(Buffer.from([0x7b, 0xff, 0x7d])), 400, 'invalid_encoding'],
  [
    'a surrogate in UTF-8',
    bodyOf(Buffer.from('{"model":"\xed\xa0\x80"}', 'latin1')),
    400,
    'invalid_encoding',
  ],
  ['nested too deeply', bodyOf(nested(200)), 400, 'json_too_deep'],
  ['nested absurdly deeply', bodyOf(nested(400_000)), 400, 'json_too_deep'],
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
  ['two models', bodyOf('{"model":"gpt-a","model":"gpt-b"}'), 400, 'duplicate_key'],
  ['the type of a text', bodyOf(goodText, 'text/plain'), 415, 'unsupported_media_type'],
  [
    'the type of a form',
    bodyOf('model=x', 'application/x-www-form-urlencoded'),
    415,
    'unsupported_media_type',
  ],
  ['a packed body', chat(good, { 'content-encoding': 'gzip' }), 415, 'unsupported_media_type'],
]

const models: readonly Row[] = [
  ['nobody claims', chat({ ...good, model: 'nobody-knows-this' }), 404, 'model_not_found'],
  ['of an unknown provider', chat({ ...good, model: 'nowhere/gpt-test' }), 404, 'model_not_found'],
  ['with nothing behind the slash', chat({ ...good, model: 'openai/' }), 404, 'model_not_found'],
  ['with a line end', chat({ ...good, model: 'openai/gpt\r\nx-evil: 1' }), 400, 'invalid_request'],
  ['with a null', chat({ ...good, model: 'gpt-\u0000' }), 400, 'invalid_request'],
  [
    'of a megabyte',
    chat({ ...good, model: `gpt-${'x'.repeat(1_000_000)}` }),
    400,
    'invalid_request',
  ],
  ['of a lone surrogate', bodyOf('{"model":"gpt-\\ud800"}'), 400, 'invalid_request'],
  [
    'for a provider that is not there',
    chat(good, { 'x-sluice-provider': 'nowhere' }),
    404,
    'provider_not_found',
  ],
  [
    'for a provider whose name is none',
    chat(good, { 'x-sluice-provider': 'no where' }),
    400,
    'invalid_header',
  ],
]

const targets: readonly Row[] = [
  ['an unknown path', { path: '/nothing' }, 404, 'unknown_url'],
  ['the bare version', { path: '/v1/' }, 404, 'unknown_url'],
  ['a wrong method', { method: 'DELETE', path: chatPath }, 405, 'method_not_allowed'],
  ['another wrong method', { method: 'GET', path: '/v1/embeddings' }, 405, 'method_not_allowed'],
  ['TRACE', { method: 'TRACE', path: chatPath }, 405, 'method_not_allowed'],
  [
    'an upgrade',
    { path: chatPath, headers: { upgrade: 'websocket' } },
    426,
    'upgrade_not_supported',
  ],
  ['a slash too many', { path: '//evil.test/v1/models' }, 400, 'invalid_url'],
  ['an encoded slash', { path: '/passthrough/openai%2Fx/y' }, 400, 'invalid_url'],
  ['an encoded letter', { path: '/v1/%63hat/completions' }, 400, 'invalid_url'],
  ['a passthrough to nobody', { path: '/passthrough/nobody/x' }, 404, 'provider_not_found'],
]

const heads: readonly Row[] = [
  ['two Hosts', raw('GET /v1/models', [host, 'host: evil.test']), 400, 'duplicate_header'],
  ['a Host that is none', { path: chatPath, headers: { host: 'a/#' } }, 400, 'invalid_host'],
  [
    'a Host with a user',
    { path: chatPath, headers: { host: 'me@localhost' } },
    400,
    'invalid_host',
  ],
  [
    'a Host with a port of nowhere',
    { path: '/v1/models', headers: { host: 'a:99999' } },
    400,
    'invalid_host',
  ],
  [
    'two keys',
    raw(
      `POST ${chatPath}`,
      [host, 'authorization: Bearer a', 'authorization: Bearer b', ...jsonLines],
      goodText,
    ),
    400,
    'duplicate_header',
  ],
  [
    'two content types',
    raw(`POST ${chatPath}`, [host, 'content-type: text/plain', ...jsonLines], goodText),
    400,
    'duplicate_header',
  ],
]

async function expectRefusal([, sent, status, code]: Row): Promise<void> {
  const stand = await startStand(answer)
  const client = await stand.connect()
  const response = typeof sent === 'string' ? client.expect('POST') : client.request(sent)
  if (typeof sent === 'string') await client.send(sent)
  expect(await response.ended()).toBe('complete')
  const { error } = JSON.parse(response.text())
  expect([response.status, error.code]).toEqual([status, code])
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type'])
  expect(error.message).toMatch(/\w.*\.$/)
  expect(response.header('content-type')).toBe('application/json')
  expect(response.header('x-request-id')).toMatch(/^req_[0-9a-z]{24}$/)
  expect(stand.upstream.connectionCount).toBe(0)
}

const named = (rows: readonly Row[]) => rows.map((row) => [row[0], row] as const)

describe('a body', () => {
  test.each(named(bodies))('with or of %s', async (_name, row) => expectRefusal(row))
})
describe('a model', () => {
  test.each(named(models))('%s', async (_name, row) => expectRefusal(row))
})
describe('a target', () => {
  test.each(named(targets))('with %s', async (_name, row) => expectRefusal(row))
})
describe('a head', () => {
  test.each(named(heads))('with %s', async (_name, row) => expectRefusal(row))
})

describe('a body that is too large', () => {
  const limit = { MAX_REQUEST_BYTES: '64k' }
  const part = 'x'.repeat(16 * 1024)

  test('by its announced length, before it was sent', async () => {
    const stand = await startStand(answer, limit)
    const client = await stand.connect()
    const response = client.expect('POST')
    await client.send(raw(`POST ${chatPath}`, [host, 'content-length: 70000'], '{"model":"g'))
    await response.head()
    expect([response.status, JSON.parse(response.text()).error.code]).toEqual([
      413,
      'body_too_large',
    ])
    expect(stand.upstream.connectionCount).toBe(0)
  })

  test('by what arrives, in chunks', async () => {
    const stand = await startStand(answer, limit)
    const client = await stand.connect()
    const response = client.expect('POST')
    const lines = [host, 'content-type: application/json', 'transfer-encoding: chunked']
    await client.send(raw(`POST ${chatPath}`, lines, '10\r\n{"model":"gpt","\r\n'))
    for (let sent = 0; sent < 6; sent++) await client.send(`4000\r\n${part}\r\n`)
    await response.until((r) => r.bodyBytes > 0, 'the answer')
    expect([response.status, JSON.parse(response.text()).error.code]).toEqual([
      413,
      'body_too_large',
    ])
    expect(stand.upstream.connectionCount).toBe(0)
  })
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

/** What Bun's own parser refuses: it answers itself, without a body, and closes. */
describe('bytes that are not a request', () => {
  const cases: readonly (readonly [name: string, bytes: string, status: number])[] = [
    ['a header block of 64 KiB', raw('GET /v1/models', [host, `x: ${'y'.repeat(65_536)}`]), 431],
    ['a thousand headers', raw('GET /v1/models', [host, ...Array(1000).fill('x: y')]), 431],
    ['no Host', raw('GET /v1/models', ['x: y']), 400],
    [
      'a length and chunks',
      raw(
        `POST ${chatPath}`,
        [host, 'content-length: 5', 'transfer-encoding: chunked'],
        '0\r\n\r\n',
      ),
      400,
    ],
    [
      'two lengths',
      raw(`POST ${chatPath}`, [host, 'content-length: 5', 'content-length: 6'], 'hello'),
      400,
    ],
    ['a folded header', raw('GET /v1/models', [host, 'x: y', ' z']), 400],
    [
      'a chunk size that is none',
      raw(`POST ${chatPath}`, [host, 'transfer-encoding: chunked'], 'zz\r\n'),
      400,
    ],
  ]
  test.each(cases)('%s', async (_name, bytes, status) => {
    const stand = await startStand(answer)
    const client = await stand.connect()
    const response = client.expect('POST')
    await client.send(bytes)
    await response.ended()
    expect(response.status).toBe(status)
    expect(stand.upstream.connectionCount).toBe(0)
  })

  test('a request hidden in the body of another stays a body', async () => {
    const stand = await startStand(answer)
    const client = await stand.connect()
    const hidden = raw(`POST ${chatPath}`, [host, ...jsonLines], goodText)
    const response = client.request(bodyOf(hidden))
    expect(await response.ended()).toBe('complete')
    expect([response.status, stand.upstream.connectionCount]).toEqual([400, 0])
    const next = client.request(chat(good))
    await next.ended()
    expect([next.status, stand.upstream.requestCount]).toEqual([200, 1])
  })
})

test('a body that stops coming is answered with 408', async () => {
  const stand = await startStand(answer, { STREAM_BODY_IDLE_TIMEOUT_MS: '150' })
  const client = await stand.connect()
  const response = client.expect('POST')
  const lines = [host, 'content-type: application/json', 'content-length: 100']
  await client.send(raw(`POST ${chatPath}`, lines, '{"model":'))
  await response.until((r) => r.bodyBytes > 0, 'the answer')
  expect([response.status, JSON.parse(response.text()).error.code]).toEqual([
    408,
    'request_timeout',
  ])
  expect(stand.upstream.connectionCount).toBe(0)
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
