/**
 * A client of HTTP/1.0, with a Host and without: it is answered without chunks, and the end of the
 * connection is the end of the answer (fault matrix, row 52).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventsText, eventText, sse } from '../kit/answers.ts'
import { parseSse } from '../kit/sse.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'
import { answer, chatPath, goodText, outcomeOf, raw } from './request-stand.ts'

afterEach(endStands)

const tokens = chatEvents(['Hello', ' there'])
const streamText = JSON.stringify(chatRequest)

async function ask(stand: Stand, startLine: string, lines: readonly string[], body = '') {
  const client = await stand.connect()
  const response = client.expect('POST')
  await client.send(raw(startLine, lines, body).replace('HTTP/1.1', 'HTTP/1.0'))
  return { client, response }
}

const post = (stand: Stand, body: string, lines: readonly string[] = []) => {
  const all = ['content-type: application/json', `content-length: ${body.length}`, ...lines]
  return ask(stand, `POST ${chatPath}`, all, body)
}

describe.each([
  ['without a Host', []],
  ['with a Host', ['host: localhost']],
  ['with keep-alive', ['host: localhost', 'connection: keep-alive']],
])('%s', (_name, lines) => {
  test('an answer has its length, and the connection ends', async () => {
    const stand = await startStand(answer)
    const { client, response } = await post(stand, goodText, lines)
    expect([await response.ended(), response.status]).toEqual(['complete', 200])
    expect(response.header('transfer-encoding')).toBeNull()
    await client.closed
    expect(client.ending).toBe('peer-fin')
    const request = await stand.upstream.request(0)
    expect([request.version, await request.text()]).toEqual(['HTTP/1.1', goodText])
    expect([request.path, stand.upstream.requestCount]).toEqual([chatPath, 1])
  })

  test('a stream has no chunks, and ends with the connection', async () => {
    const stand = await startStand(sse(tokens, { gapMs: 20, done: true }))
    const { client, response } = await post(stand, streamText, lines)
    expect([await response.ended(), response.status]).toEqual(['closed', 200])
    expect([response.header('transfer-encoding'), response.chunks]).toEqual([null, []])
    expect(response.text()).toBe(eventsText(tokens, true))
    expect(client.ending).toBe('peer-fin')
    expect((await stand.record(0)).endReason).toBe('completed')
  })

  test('a stream that breaks says so in an event', async () => {
    const [role = '', token = ''] = tokens
    const stand = await startStand(async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk(eventText(role) + eventText(token))
      await connection.closed
    })
    const { response } = await post(stand, streamText, lines)
    await response.until((r) => r.text().includes('Hello'), 'the first token')
    const connection = await stand.upstream.connection(0)
    connection.reset()
    expect(await response.ended()).toBe('closed')
    const last = parseSse(response.body()).at(-1)
    expect(JSON.parse(last?.data ?? '').error.code).toBe('upstream_reset')
    expect(response.text()).not.toContain('[DONE]')
    expect(stand.upstream.requestCount).toBe(1)
  })
})

test('a probe and a refusal without a Host', async () => {
  const stand = await startStand(answer)
  const health = await ask(stand, 'GET /healthz', [])
  expect([await health.response.ended(), health.response.status]).toEqual(['complete', 200])
  const unknown = await ask(stand, 'GET /nothing', [])
  expect(await unknown.response.ended()).toBe('complete')
  expect(outcomeOf(unknown.response)).toEqual([404, 'unknown_url'])
  const dots = await ask(stand, 'GET /v1/../buffer-pool-metrics', [])
  expect(await dots.response.ended()).toBe('complete')
  expect(outcomeOf(dots.response)).toEqual([400, 'invalid_url'])
  expect(stand.upstream.connectionCount).toBe(0)
})

test('a body without a length is none', async () => {
  const stand = await startStand(answer)
  const { response } = await ask(stand, `POST ${chatPath}`, [], goodText)
  await response.ended()
  expect(outcomeOf(response)).toEqual([400, 'invalid_json'])
  expect(stand.upstream.connectionCount).toBe(0)
})

test('a client that goes is noticed', async () => {
  const stand = await startStand(async (_request, connection) => {
    await connection.closed
  })
  const { client } = await post(stand, streamText)
  const request = await stand.upstream.request(0)
  client.close()
  await (await stand.upstream.connection(request.connectionId)).closed
  expect((await stand.record(0)).endReason).toBe('client_gone')
})
