/**
 * Claude on Bedrock by `InvokeModel`, through the program: what arrives there, and what a client of
 * the Messages API hears of everything that can go wrong.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { App } from '../../src/app.ts'
import { startAppWith } from '../behaviour/client-stand.ts'
import { replay, sendJson } from '../kit/answers.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import type { RawResponse } from '../kit/response.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../kit/upstream.ts'
import { awsMessage } from '../protocol/bedrock-converse/aws-frames.ts'

const model = 'anthropic.claude-sonnet-4-5-20250929-v1:0'
let upstream: Upstream
let app: App
let answer: UpstreamScript = () => {}

beforeAll(async () => {
  upstream = startUpstream(async (request, connection) => {
    await request.bytes()
    return answer(request, connection)
  })
  ;({ app } = await startAppWith({
    ...{ PORT: '0', AWS_REGION: 'us-east-1', AWS_BEARER_TOKEN_BEDROCK: 'bedrock-key' },
    ...{ BEDROCK_BASE_URL: upstream.url, BEDROCK_DIALECT: 'invoke' },
  }))
})

afterAll(async () => {
  await expectNothingLeft(app, { upstreams: () => upstream.busyConnections })
  await app.stop(0)
  upstream.stop()
})

const messages = [{ role: 'user', content: 'Hello?' }]

async function asked(rest: object = {}, headers: Record<string, string> = {}) {
  const body = { model: `bedrock/${model}`, max_tokens: 64, messages, ...rest }
  const response = await ask(app.url, jsonRequest('/v1/messages', body, headers))
  const request = upstream.requests.at(-1)
  if (request === undefined) throw new Error('nobody was asked')
  return { response, request }
}

const chunk = (event: object): Uint8Array => {
  const bytes = Buffer.from(JSON.stringify(event)).toString('base64')
  return awsMessage('event', 'chunk', { bytes, p: 'abc' })
}
const message = {
  ...{ id: 'msg_bdrk_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5' },
  ...{ stop_sequence: null, usage: { input_tokens: 5, output_tokens: 1 } },
}
const beginning = [
  chunk({ type: 'message_start', message: { ...message, content: [], stop_reason: null } }),
  chunk({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  chunk({
    ...{ type: 'content_block_delta', index: 0 },
    delta: { type: 'text_delta', text: 'Good' },
  }),
]
const finish = [
  chunk({ type: 'content_block_stop', index: 0 }),
  chunk({
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 3 },
  }),
]
const metrics = { inputTokenCount: 9, outputTokenCount: 9 }
const end = chunk({ type: 'message_stop', 'amazon-bedrock-invocationMetrics': metrics })

const streaming = (pieces: readonly Uint8Array[]): UpstreamScript =>
  replay(new Uint8Array(Buffer.concat(pieces)), 'whole', {
    headers: { 'content-type': 'application/vnd.amazon.eventstream' },
  })

/** The events of a stream, parsed. */
const eventsIn = (response: RawResponse): { type: string; error?: { type: string } }[] =>
  [...response.text().matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data))

describe('an answer', () => {
  test('that is streamed', async () => {
    answer = streaming([...beginning, ...finish, end])
    const { response, request } = await asked({ stream: true })
    expect(`${request.method} ${request.path}`).toBe(
      `POST /model/${model.replace(':', '%3A')}/invoke-with-response-stream`,
    )
    expect(request.header('accept')).toBe('application/vnd.amazon.eventstream')
    expect(await request.json()).toEqual({
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 64,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello?' }] }],
    })
    expect(response.status).toBe(200)
    expect(eventsIn(response).map(({ type }) => type)).toEqual([
      ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop'],
      ...['message_delta', 'message_stop'],
    ])
  })

  test('that comes whole', async () => {
    const content = [{ type: 'text', text: 'Good' }]
    const whole = { ...message, content, stop_reason: 'end_turn' }
    answer = (_request, connection) => sendJson(connection, 200, whole)
    const { response, request } = await asked()
    expect(request.path).toBe(`/model/${model.replace(':', '%3A')}/invoke`)
    expect(request.header('accept')).toBe('application/json')
    expect([response.status, JSON.parse(response.text())]).toEqual([200, whole])
  })

  test('with features that the client switched on', async () => {
    answer = streaming([...beginning, ...finish, end])
    const betas = 'context-1m-2025-08-07,interleaved-thinking-2025-05-14'
    const { request } = await asked({ stream: true }, { 'anthropic-beta': betas })
    expect((await request.json()) as object).toMatchObject({ anthropic_beta: betas.split(',') })
  })

  test('whose last event is lost had finished', async () => {
    answer = streaming([...beginning, ...finish])
    const { response } = await asked({ stream: true })
    expect(eventsIn(response).at(-1)?.type).toBe('message_stop')
  })
})

describe('a failure', () => {
  const exception = (type: string): Uint8Array =>
    awsMessage('exception', type, { message: 'It went wrong.' })

  test.each([
    [400, { message: 'Malformed input request' }, 400, 'invalid_request_error'],
    [403, { message: 'You are not authorized' }, 502, 'api_error'],
    [404, { message: 'The model was not found' }, 404, 'not_found_error'],
    [408, { message: 'Model timed out' }, 504, 'timeout_error'],
    [424, { message: 'Model error', originalStatusCode: 500 }, 502, 'api_error'],
    [429, { message: 'Too many requests' }, 429, 'rate_limit_error'],
  ])('with the status %d', async (status, body, expected, type) => {
    answer = (_request, connection) => sendJson(connection, status, body)
    const { response } = await asked({ stream: true })
    const told = JSON.parse(response.text())
    expect([response.status, told.type, told.error.type]).toEqual([expected, 'error', type])
  })

  test.each([
    ['validationException', 400, 'invalid_request_error'],
    ['throttlingException', 429, 'rate_limit_error'],
    ['modelTimeoutException', 504, 'timeout_error'],
  ])('%s, first in the stream, is a status', async (name, status, type) => {
    answer = streaming([exception(name)])
    const { response } = await asked({ stream: true })
    expect([response.status, JSON.parse(response.text()).error.type]).toEqual([status, type])
  })

  test.each([
    ['an exception', exception('internalServerException')],
    ['an error of Claude', chunk({ type: 'error', error: { type: 'api_error', message: 'No.' } })],
    ['the end of the stream', new Uint8Array()],
    ['half of a message', end.subarray(0, 40)],
  ])('%s in the middle is the last event', async (_, bytes) => {
    answer = streaming([...beginning, bytes])
    const { response } = await asked({ stream: true })
    expect(response.status).toBe(200)
    const types = eventsIn(response).map(({ type }) => type)
    expect(types.at(-1)).toBe('error')
    expect(types).not.toContain('message_delta')
    expect(types).not.toContain('message_stop')
  })
})

test('tokens are counted for the same body', async () => {
  answer = (_request, connection) => sendJson(connection, 200, { inputTokens: 12 })
  const body = { model: `bedrock/${model}`, messages }
  const response = await ask(app.url, jsonRequest('/v1/messages/count_tokens', body))
  expect([response.status, JSON.parse(response.text())]).toEqual([200, { input_tokens: 12 }])
  const request = upstream.requests.at(-1)
  expect(request?.path).toBe(`/model/${model.replace(':', '%3A')}/count-tokens`)
  const sent = (await request?.json()) as { input: { invokeModel: { body: string } } }
  const inner = JSON.parse(Buffer.from(sent.input.invokeModel.body, 'base64').toString())
  expect(inner).toMatchObject({ anthropic_version: 'bedrock-2023-05-31' })
})
