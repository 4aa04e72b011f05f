import { afterEach, describe, expect, test } from 'bun:test'
import { RawClient } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import { Edge, sha256 } from './edge.ts'

let edge: Edge
afterEach(() => edge.close())

/** A connection that has sent the head of a request and the beginning of its body. */
async function begin(path: string, headers: string, body: string | Uint8Array) {
  const client = await RawClient.connect(edge.url)
  const answer = client.expect('POST')
  await client.send(`POST ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n\r\n`)
  await client.send(body)
  return { client, answer }
}

const long = 'content-type: application/json\r\ncontent-length: 350000'
const audio = 'content-type: audio/wav\r\ncontent-length: 350000'
const form = 'content-type: multipart/form-data; boundary=b\r\ncontent-length: 350000'
const field = '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n'
const file = '--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'

describe('a client that pauses', () => {
  test.each([
    ['in memory', 'content-type: application/json\r\ncontent-length: 100', '{"model"'],
    ['without a length', 'transfer-encoding: chunked', '8\r\n{"model"\r\n'],
    ['before the first byte', 'content-length: 100', ''],
    ['into a file', long, `{"model":"m","x":"${'x'.repeat(200_000)}`],
  ])('is answered with 408: %s', async (_name, headers, body) => {
    edge = new Edge({ bodyIdleTimeoutMs: 150 })
    const startedAtMs = performance.now()
    const { client, answer } = await begin('/chat-completions', headers, body)
    await answer.head()
    expect(answer.status).toBe(408)
    expect(edge.outcomes[0]?.code).toBe('request_timeout')
    expect(performance.now() - startedAtMs).toBeGreaterThan(140)
    client.reset()
  })

  test.each([
    ['an opaque body', audio, 'x'.repeat(200_000)],
    ['a form', form, `${field}${file}${'x'.repeat(200_000)}`],
  ])('while it goes straight through: %s', async (_name, headers, body) => {
    edge = new Edge({ bodyIdleTimeoutMs: 150 })
    const { client, answer } = await begin('/other', headers, body)
    await answer.head()
    expect(edge.outcomes[0]?.code).toBe('request_timeout')
    expect(answer.status).toBe(408)
    client.reset()
  })

  test('for less than that is served', async () => {
    edge = new Edge({ bodyIdleTimeoutMs: 1000 })
    const pieces = ['{"mod', 'el":"', 'm"', '}']
    const headers = `content-length: ${pieces.join('').length}`
    const { client, answer } = await begin('/chat-completions', headers, '')
    await client.sendPieces(pieces, 100)
    await answer.ended()
    expect(answer.status).toBe(200)
    expect(edge.outcomes[0]).toMatchObject({ model: 'm', latin1: pieces.join('') })
    client.close()
  })

  test('after every byte loses patience in the end', async () => {
    edge = new Edge({ bodyIdleTimeoutMs: 100 })
    const { client, answer } = await begin('/chat-completions', 'content-length: 5000', '')
    const startedAtMs = performance.now()
    let sent = 0
    while (answer.status === 0 && sent < 200) {
      await client.sendPieces(['x'.repeat(sent === 0 ? 0 : 1) || '"'], 20).catch(() => {})
      sent += 1
    }
    expect(answer.status).toBe(408)
    expect(edge.outcomes[0]?.code).toBe('request_timeout')
    expect(performance.now() - startedAtMs).toBeLessThan(2000)
    client.reset()
  })

  test('is not the one who is paused by the provider', async () => {
    edge = new Edge({ bodyIdleTimeoutMs: 100, requestBytesMax: 30_000_000 }, { stallMs: 600 })
    // Every part of it differs, so that a chunk that was reused or freed too early would show.
    const body = Buffer.alloc(20_000_000)
    for (let at = 0; at < body.length; at += 4)
      body.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at)
    const headers = { 'content-type': 'audio/wav' }
    const { status, outcome } = await edge.post('other', { body, headers })
    expect(status).toBe(200)
    expect(outcome).toMatchObject({ kept: 'straight', sha256: sha256(body) })
    expect(outcome.metrics?.backpressureEvents).toBeGreaterThan(0)
    expect(outcome.metrics?.backpressureTime).toBeGreaterThan(200)
  })
})

describe('a client that leaves', () => {
  const phases: [string, string, string, string][] = [
    ['in memory', '/chat-completions', long, '{"model":"m","x":"'],
    ['into a file', '/chat-completions', long, `{"model":"m","x":"${'x'.repeat(200_000)}`],
    ['straight through', '/other', audio, 'x'.repeat(200_000)],
    ['in a form, after the model', '/other', form, `${field}${file}${'x'.repeat(200_000)}`],
    ['in a form, before the model', '/other', form, `${file}${'x'.repeat(200_000)}`],
    ['without a length', '/other', 'transfer-encoding: chunked', '5\r\nhello\r\n'],
  ]

  test.each(phases)('by closing: %s', async (_name, path, headers, body) => {
    edge = new Edge()
    const { client } = await begin(path, headers, body)
    await eventually(() => edge.sweep.size === 1, 'the body is being read')
    client.close()
    await eventually(() => edge.outcomes.length === 1, 'the request ended', 1000)
    expect(edge.outcomes[0]?.code).toBe('client_gone')
  })

  test.each(phases)('by a reset: %s', async (_name, path, headers, body) => {
    edge = new Edge()
    const { client } = await begin(path, headers, body)
    await eventually(() => edge.sweep.size === 1, 'the body is being read')
    client.reset()
    await eventually(() => edge.outcomes.length === 1, 'the request ended', 1000)
    expect(edge.outcomes[0]?.code).toBe('client_gone')
  })

  test('while its file is there, takes the file with it', async () => {
    edge = new Edge()
    const { client } = await begin('/chat-completions', long, `{"x":"${'x'.repeat(200_000)}`)
    await eventually(() => edge.spool.bytesInUse >= 200_000, 'the file is written')
    expect(edge.files.length).toBe(1)
    client.reset()
    await eventually(() => edge.files.length === 0, 'the file is gone', 1000)
  })
})

test('a straight body that nobody opens is given up', async () => {
  edge = new Edge()
  const { client, answer } = await begin('/other?unread', audio, 'x'.repeat(200_000))
  await answer.head()
  expect(answer.status).toBe(200)
  expect(edge.outcomes[0]?.kept).toBe('straight')
  client.reset()
})
