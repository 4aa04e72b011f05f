/** The official SDK, over real sockets: what we write is what makes it raise, go on, or end. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import OpenAI, { APIError } from 'openai'
import { GatewayError } from '../../src/core/errors.ts'
import { openaiChat } from '../../src/protocol/openai-chat.ts'
import { openaiCompletions } from '../../src/protocol/openai-completions.ts'
import { openaiResponses } from '../../src/protocol/openai-responses.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import { stopServer } from '../kit/stop-server.ts'

const error = new GatewayError('upstream_idle_timeout', { param: 'model' })

const chatChunk = {
  id: 'c',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }],
}
const textChunk = { id: 'c', choices: [{ index: 0, text: 'Hi', finish_reason: 'stop' }] }
const textDelta = { type: 'response.output_text.delta', sequence_number: 4, delta: 'Hi' }

/** One dialect as its route serves it: a first event, and how the SDK asks for the stream. */
interface Dialect {
  readonly protocol: Protocol
  readonly opening: object
  stream(client: OpenAI): PromiseLike<AsyncIterable<unknown>>
}

const model = 'm'
const dialects: Readonly<Record<string, Dialect>> = {
  '/v1/chat/completions': {
    protocol: openaiChat,
    opening: chatChunk,
    stream: (client) => client.chat.completions.create({ model, messages: [], stream: true }),
  },
  '/v1/completions': {
    protocol: openaiCompletions,
    opening: textChunk,
    stream: (client) => client.completions.create({ model, prompt: '', stream: true }),
  },
  '/v1/responses': {
    protocol: openaiResponses,
    opening: textDelta,
    stream: (client) => client.responses.create({ model, input: '', stream: true }),
  },
}

/** How the scripted server goes on after the opening event. */
let scene: 'error' | 'missing end' | 'refused' | 'error first' = 'error'
let server: ReturnType<typeof Bun.serve>
let client: OpenAI

function answer(dialect: Dialect): Response {
  const { protocol, opening } = dialect
  if (scene === 'refused') {
    const { status, body } = protocol.writeError(protocol.readError(429, null, null), 'req_1')
    return Response.json(body, { status })
  }
  const watch = protocol.watch()
  const data = JSON.stringify(opening)
  const open = `${protocol.heartbeat}data: ${data}\n\n${protocol.heartbeat}`
  if (scene !== 'error first') watch.look(data)
  const rest = scene === 'missing end' ? watch.missingEnd : watch.errorEvent(error, 'req_1')
  return new Response(`${scene === 'error first' ? protocol.heartbeat : open}${rest ?? ''}`, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8' },
  })
}

beforeAll(() => {
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const dialect = dialects[new URL(request.url).pathname]
      return dialect === undefined ? new Response(null, { status: 404 }) : answer(dialect)
    },
  })
  client = new OpenAI({ baseURL: `${server.url}v1`, apiKey: 'any', maxRetries: 0, timeout: 10_000 })
})

afterAll(() => stopServer(server))

/** Reads a stream to its end, keeping what came and what was raised. */
async function readAll(dialect: Dialect): Promise<{ events: unknown[]; raised: unknown }> {
  const events: unknown[] = []
  try {
    for await (const event of await dialect.stream(client)) events.push(event)
    return { events, raised: null }
  } catch (thrown) {
    return { events, raised: thrown }
  }
}

describe.each(Object.entries(dialects))('the SDK at %s', (_path, dialect) => {
  test('raises on an error after content, with every field', async () => {
    scene = 'error'
    const { events, raised } = await readAll(dialect)
    expect(events).toEqual([dialect.opening])
    expect(raised).toBeInstanceOf(APIError)
    expect(raised).toMatchObject({
      message: 'The provider stopped sending.',
      code: 'upstream_idle_timeout',
      type: 'timeout_error',
      param: 'model',
    })
  })

  test('raises on an error that is the first event', async () => {
    scene = 'error first'
    const { events, raised } = await readAll(dialect)
    expect([events, raised instanceof APIError]).toEqual([[], true])
  })

  test('ends where the end was supplied, and sees no heartbeat', async () => {
    scene = 'missing end'
    const { events, raised } = await readAll(dialect)
    expect([events, raised]).toEqual([[dialect.opening], null])
  })

  test('raises on an answer with an error status', async () => {
    scene = 'refused'
    const { raised } = await readAll(dialect)
    expect(raised).toBeInstanceOf(OpenAI.RateLimitError)
    expect(raised).toMatchObject({ status: 429, type: 'upstream_error', code: 'upstream_error' })
  })
})

test('the helper that collects a response raises as well', async () => {
  scene = 'error'
  const raised = await client.responses
    .stream({ model, input: '' })
    .finalResponse()
    .catch((thrown: unknown) => thrown)
  expect(raised).toBeInstanceOf(Error)
  scene = 'error first'
  const first = await client.responses
    .stream({ model, input: '' })
    .finalResponse()
    .catch((thrown: unknown) => thrown)
  expect(first).toBeInstanceOf(APIError)
})
