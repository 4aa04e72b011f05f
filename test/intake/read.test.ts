import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { RawClient } from '../kit/client.ts'
import { Edge, type Outcome, sha256 } from './edge.ts'

let edge: Edge
beforeEach(() => {
  edge = new Edge()
})
afterEach(() => edge.close())

const json = { 'content-type': 'application/json' }

/** Posts a JSON text to an endpoint. */
function postJson(endpoint: string, body: string | Uint8Array<ArrayBuffer>, headers = json) {
  return edge.post(endpoint, { body, headers })
}

/** A JSON object of about `bytes` bytes with the model at its end. */
function largeJson(bytes: number): string {
  return `{"messages":["${'é\\n'.repeat(bytes / 4)}"], "model" : "gpt" }`
}

describe('a body that is good', () => {
  test.each([
    '{"model":"gpt-4o","stream":true}',
    ' {\r\n"z" : 1.0 ,\t"model":"gpt-4o", "n":1e400, "stream": true,"t":"\\u00e9\\/é" }\n',
    '{"a":1,"a":2,"model":"gpt-4o","__proto__":{"polluted":true},"stream":true}',
    '{"big":12345678901234567890,"stream":true,"model":"gpt\\u002d4o","x":{"model":"no"}}',
  ])('arrives byte for byte: %s', async (body) => {
    const { outcome } = await postJson('chat-completions', body)
    expect(outcome).toMatchObject({ model: 'gpt-4o', stream: true, kept: 'memory' })
    expect(outcome.sha256).toBe(sha256(body))
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test.each([
    ['chat-completions', '{"model":"m"}', { model: 'm', stream: false }],
    ['embeddings', '{"model":"m","stream":null}', { model: 'm', stream: false }],
    ['other', '{"input":"x"}', { model: null, stream: false }],
    ['other', '{"model":"m","stream":true}', { model: 'm', stream: true }],
    ['other', '{"model":{"id":1},"stream":"yes"}', { model: null, stream: false }],
    ['other', '["model"]', { model: null, stream: false }],
    ['passthrough?provider=p', '{"model":"","stream":true}', { model: null, stream: true }],
  ])('%s takes %s', async (endpoint, body, found) => {
    const { outcome } = await postJson(endpoint, body)
    expect(outcome).toMatchObject({ ...found, kept: 'memory', latin1: body })
  })

  test.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/vnd.api+json'])(
    'comes as %s',
    async (type) => {
      const { status } = await postJson('responses', '{"model":"m"}', { 'content-type': type })
      expect(status).toBe(200)
    },
  )

  test('needs no content type where the endpoint is known', async () => {
    const client = await RawClient.connect(edge.url)
    const body = '{"model":"m"}'
    const answer = client.request({ method: 'POST', path: '/completions', body })
    await answer.ended()
    expect(answer.status).toBe(200)
    expect((JSON.parse(answer.text()) as Outcome).model).toBe('m')
    client.close()
  })

  test('above the memory limit goes through a file', async () => {
    const body = largeJson(300_000)
    const { outcome } = await postJson('chat-completions', body)
    expect(outcome).toMatchObject({ model: 'gpt', kept: 'spool', sha256: sha256(body) })
    expect(outcome.metrics?.totalBytes).toBe(Buffer.byteLength(body))
  })

  test('above the memory limit and without a length likewise', async () => {
    const body = Buffer.from(largeJson(300_000))
    const parts = new ReadableStream({
      start(controller) {
        for (let at = 0; at < body.length; at += 7001)
          controller.enqueue(body.subarray(at, at + 7001))
        controller.close()
      },
    })
    const { outcome } = await edge.post('chat-completions', { body: parts, headers: json })
    expect(outcome).toMatchObject({ model: 'gpt', kept: 'spool', sha256: sha256(body) })
  })
})

describe('a body that is refused', () => {
  test.each([
    ['not JSON', '{"model":', 400, 'invalid_json', undefined],
    ['a comment', '{"model":"m"} //', 400, 'invalid_json', undefined],
    ['empty', '', 400, 'invalid_json', undefined],
    ['a byte order mark', '\ufeff{"model":"m"}', 400, 'invalid_json', undefined],
    ['an array', '[]', 400, 'invalid_request', undefined],
    ['a string', '"model"', 400, 'invalid_request', undefined],
    ['no model', '{"messages":[]}', 400, 'missing_model', 'model'],
    ['an empty model', '{"model":""}', 400, 'missing_model', 'model'],
    ['a model of null', '{"model":null}', 400, 'missing_model', 'model'],
    ['a model that is a number', '{"model":4}', 400, 'invalid_request', 'model'],
    ['a model that is a list', '{"model":["a"]}', 400, 'invalid_request', 'model'],
    ['a model with a line end', '{"model":"a\\r\\nx: y"}', 400, 'invalid_request', 'model'],
    ['a model with NUL', '{"model":"a\\u0000"}', 400, 'invalid_request', 'model'],
    ['a lone surrogate', '{"model":"\\ud800"}', 400, 'invalid_request', 'model'],
    ['a long model', `{"model":"${'m'.repeat(257)}"}`, 400, 'invalid_request', 'model'],
    ['a longer model', `{"model":"${'m'.repeat(9000)}"}`, 400, 'invalid_request', 'model'],
    ['a stream that is text', '{"model":"m","stream":"true"}', 400, 'invalid_request', 'stream'],
    ['two models', '{"model":"a","model":"b"}', 400, 'duplicate_key', 'model'],
    ['two streams', '{"stream":true,"model":"m","stream":1}', 400, 'duplicate_key', 'stream'],
    ['two models, one escaped', '{"model":"a","\\u006dodel":"b"}', 400, 'duplicate_key', 'model'],
    ['nesting', `{"model":"m","x":${'['.repeat(200)}`, 400, 'json_too_deep', undefined],
    ['large and not JSON', `${largeJson(300_000)}}`, 400, 'invalid_json', undefined],
    ['large without a model', `{"a":"${'x'.repeat(200_000)}"}`, 400, 'missing_model', 'model'],
  ])('%s', async (_name, body, status, code, param) => {
    const found = await postJson('chat-completions', body)
    expect(found.status).toBe(status)
    expect(found.outcome.code).toBe(code)
    expect(found.outcome.param).toBe(param)
  })

  test('takes a model of 256 characters', async () => {
    const model = `${'é😀'.repeat(85)}x`
    const { outcome } = await postJson('chat-completions', JSON.stringify({ model }))
    expect(outcome.model).toBe(model)
  })

  test.each([20, 250_000])('invalid UTF-8 after %d bytes', async (size) => {
    const text = `{"model":"m","x":"${'x'.repeat(size)}_"}`
    const body = Buffer.from(text)
    body[body.indexOf('_')] = 0xff
    const found = await postJson('chat-completions', Uint8Array.from(body))
    expect(found).toMatchObject({ status: 400, outcome: { code: 'invalid_encoding' } })
  })

  test.each([
    ['chat-completions', 'text/plain'],
    ['responses', 'multipart/form-data; boundary=x'],
    ['embeddings', 'application/jsonl'],
    ['completions', 'application/json, text/plain'],
  ])('%s as %s', async (endpoint, type) => {
    const found = await postJson(endpoint, '{"model":"m"}', { 'content-type': type })
    expect(found).toMatchObject({ status: 415, outcome: { code: 'unsupported_media_type' } })
  })

  test.each(['chat-completions', 'other', 'passthrough?provider=p'])(
    'compressed, at %s',
    async (endpoint) => {
      const headers = { ...json, 'content-encoding': 'gzip' }
      const found = await postJson(endpoint, Bun.gzipSync('{"model":"m"}'), headers)
      expect(found).toMatchObject({ status: 415, outcome: { code: 'unsupported_media_type' } })
    },
  )

  test('malformed JSON at other endpoints too', async () => {
    expect((await postJson('other', '{"a":')).outcome.code).toBe('invalid_json')
    expect((await postJson('passthrough?provider=p', 'nope')).outcome.code).toBe('invalid_json')
  })
})

describe('a body that is too large', () => {
  test('is refused by its length, before it is read', async () => {
    const client = await RawClient.connect(edge.url)
    const answer = client.expect('POST')
    const head =
      'POST /chat-completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 400001\r\n\r\n'
    await client.send(head)
    await answer.head()
    expect(answer.status).toBe(413)
    client.reset()
  })

  test('is refused where it passes the limit, when it has no length', async () => {
    const client = await RawClient.connect(edge.url)
    const answer = client.expect('POST')
    await client.send('POST /chat-completions HTTP/1.1\r\nhost: localhost\r\n')
    await client.send('transfer-encoding: chunked\r\n\r\n12\r\n{"model":"m","x":"\r\n')
    const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`
    for (let sent = 0; sent < 7 && !client.isClosed; sent += 1) {
      client.send(piece).catch(() => {})
    }
    await answer.head()
    expect(answer.status).toBe(413)
    expect(edge.outcomes[0]?.code).toBe('body_too_large')
    client.reset()
  })

  test('fits at exactly the limit', async () => {
    const body = `{"model":"m","x":"${'x'.repeat(400_000 - 20)}"}`
    expect(body.length).toBe(400_000)
    expect((await postJson('chat-completions', body)).outcome.kept).toBe('spool')
    expect((await postJson('chat-completions', `${body} `)).status).toBe(413)
  })
})

describe('a request without a body', () => {
  test.each(['GET', 'HEAD', 'DELETE'])('%s', async (method) => {
    const response = await fetch(`${edge.url}other`, { method, headers: json })
    expect(response.status).toBe(200)
    expect(edge.outcomes).toEqual([{ model: null, stream: false, kept: 'none' }])
  })

  test('POST is taken where the endpoint needs none, as by batches/{id}/cancel', async () => {
    expect((await edge.post('other', { headers: json })).outcome.kept).toBe('none')
    expect((await edge.post('passthrough?provider=p', {})).outcome.kept).toBe('none')
    const found = await edge.post('chat-completions', { headers: json })
    expect(found).toMatchObject({ status: 400, outcome: { code: 'invalid_json' } })
  })

  test('an empty chunked body is none', async () => {
    const empty = () => new ReadableStream({ start: (controller) => controller.close() })
    const found = await edge.post('chat-completions', { body: empty(), headers: json })
    expect(found).toMatchObject({ status: 400, outcome: { code: 'invalid_json' } })
    expect((await edge.post('other', { body: empty(), headers: json })).outcome.kept).toBe('none')
  })

  test('DELETE with a body keeps it', async () => {
    const body = '{"model":"m"}'
    const response = await fetch(`${edge.url}other`, { method: 'DELETE', body, headers: json })
    expect(await response.json()).toMatchObject({ model: 'm', latin1: body })
  })
})

describe('an opaque body', () => {
  const audio = { 'content-type': 'audio/wav' }

  test.each([
    [50_000, 'memory'],
    [300_000, 'straight'],
  ])('of %d bytes', async (size, kept) => {
    const body = crypto.getRandomValues(new Uint8Array(50_000))
    const all = Buffer.concat(Array.from({ length: size / 50_000 }, () => body))
    const { outcome } = await edge.post('other', { body: Uint8Array.from(all), headers: audio })
    expect(outcome).toMatchObject({ model: null, stream: false, kept, sha256: sha256(all) })
  })
})
