/** What the official SDK raises through the program, beside what it raises straight. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import OpenAI, { APIError } from 'openai'
import { ownFixture } from '../fixtures/read.ts'
import { chatEvents, eventsText, inTurn, json, replay } from '../kit/answers.ts'
import { eventsOf, operatorKey, Pair } from './pair.ts'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
}, 60_000)
afterEach(() => pair.nothingLeft())
afterAll(() => pair.stop())

const messages = [{ role: 'user', content: 'Hi' } as const]

/** What is raised, and what came before it. */
interface Raised {
  readonly error: APIError
  readonly chunks: readonly unknown[]
}

/** Asks for a chat and expects it to fail. */
async function raisedBy(client: OpenAI, model: string, stream: boolean): Promise<Raised> {
  const chunks: unknown[] = []
  try {
    const answer = await client.chat.completions.create({ model, messages, stream })
    if (Symbol.asyncIterator in answer) for await (const chunk of answer) chunks.push(chunk)
  } catch (thrown) {
    if (thrown instanceof APIError) return { error: thrown, chunks }
    throw thrown
  }
  throw new Error('nothing was raised')
}

/** All that an application can read from an error. */
const factsOf = (error: APIError) => ({
  class: error.constructor.name,
  status: error.status,
  message: error.message,
  code: error.code,
  type: error.type,
  param: error.param,
  retryAfter: error.headers?.get('retry-after') ?? null,
})

const refusal = (message: string, code: string | null, param: string | null = null) => ({
  error: { message, type: 'invalid_request_error', param, code },
})

describe.each([
  ['one answer', false],
  ['a stream', true],
])('for %s', (_name, stream) => {
  const same: readonly (readonly [number, string, object, Record<string, string>])[] = [
    [400, 'BadRequestError', refusal('Too long.', 'context_length_exceeded', 'messages'), {}],
    [404, 'NotFoundError', refusal('No such model.', 'model_not_found', 'model'), {}],
    [413, 'APIError', refusal('Too much.', null), {}],
    [422, 'UnprocessableEntityError', refusal('Wrong type.', 'invalid_type', 'n'), {}],
    [
      429,
      'RateLimitError',
      {
        error: { message: 'Slow down.', type: 'tokens', param: null, code: 'rate_limit_exceeded' },
      },
      { 'retry-after': '7' },
    ],
    [
      500,
      'InternalServerError',
      { error: { message: 'We broke.', type: 'server_error', param: null, code: null } },
      {},
    ],
    [
      503,
      'InternalServerError',
      { error: { message: 'Busy.', type: 'server_error', param: null, code: 'overloaded' } },
      {},
    ],
  ]

  test.each(same)('a %d raises %s, the same as straight', async (status, name, body, headers) => {
    pair.answer(json(status, body, headers))
    const direct = await raisedBy(pair.direct, 'gpt-4o', stream)
    const through = await raisedBy(pair.through, 'openai/gpt-4o', stream)
    expect(factsOf(through.error)).toEqual(factsOf(direct.error))
    expect(through.error).toMatchObject({ status, name: 'Error' })
    expect(through.error.constructor.name).toBe(name)
    expect(through.error.requestID).toStartWith('req_')
  })

  test.each([401, 403])(
    'a %d for the operator is a 502 that the client can do nothing about',
    async (status) => {
      const message = `Incorrect API key provided: ${operatorKey}.`
      pair.answer(json(status, refusal(message, 'invalid_api_key')))
      const { error } = await raisedBy(pair.through, 'openai/gpt-4o', stream)
      expect(factsOf(error)).toMatchObject({ class: 'InternalServerError', status: 502 })
      expect(error.code).toBe('upstream_auth_failed')
      expect(error.headers?.get('x-should-retry')).toBe('false')
      expect(JSON.stringify([error.message, error.error])).not.toContain(operatorKey)
    },
  )

  test('a model that nobody has raises NotFoundError, and nothing is sent', async () => {
    const before = pair.upstream.requestCount
    const { error } = await raisedBy(pair.through, 'nobody-has-this', stream)
    expect(factsOf(error)).toMatchObject({
      class: 'NotFoundError',
      status: 404,
      code: 'model_not_found',
      param: 'model',
    })
    expect(pair.upstream.requestCount).toBe(before)
  })
})

describe('inside a stream', () => {
  test('an error after content is the same as straight', async () => {
    pair.answerStream(ownFixture('chat-own-error.sse'))
    const direct = await raisedBy(pair.direct, 'gpt-4o', true)
    const through = await raisedBy(pair.through, 'openai/gpt-4o', true)
    expect(through.chunks).toEqual(direct.chunks)
    expect(through.chunks).toHaveLength(3)
    expect(factsOf(through.error)).toEqual(factsOf(direct.error))
    expect(through.error).toMatchObject({ code: 'out_of_memory', type: 'server_error' })
  })

  test('an error that comes first is an HTTP error, which straight it is not', async () => {
    pair.answerStream(ownFixture('chat-error-first.sse'))
    const direct = await raisedBy(pair.direct, 'gpt-4o', true)
    const through = await raisedBy(pair.through, 'openai/gpt-4o', true)
    expect(factsOf(direct.error)).toMatchObject({ class: 'APIError', status: undefined })
    expect(factsOf(through.error)).toMatchObject({
      class: 'RateLimitError',
      status: 429,
      code: direct.error.code,
      type: direct.error.type,
    })
  })

  test('a response that failed, or was refused first, is as straight or an HTTP error', async () => {
    const ask = async (client: OpenAI, model: string) =>
      eventsOf(await client.responses.create({ model, input: 'Hi', stream: true }))
    pair.answerStream(ownFixture('responses-failed.sse'))
    await pair.same((client, named) => ask(client, named('gpt-4o')))
    pair.answerStream(ownFixture('responses-error-first.sse'))
    const raised = await ask(pair.through, 'openai/gpt-4o').catch((error) => error)
    expect(raised).toBeInstanceOf(OpenAI.RateLimitError)
    expect(raised).toMatchObject({ status: 429, code: 'insufficient_quota' })
  })

  test('an end that came too soon is raised, which straight it is not', async () => {
    pair.answerStream(ownFixture('chat-unfinished.sse'))
    const asked = { model: 'gpt-4o', messages, stream: true } as const
    const straight = await eventsOf(await pair.direct.chat.completions.create(asked))
    const through = await raisedBy(pair.through, 'openai/gpt-4o', true)
    expect(through.chunks).toEqual(straight)
    expect(through.error).toMatchObject({ code: 'upstream_incomplete', type: 'upstream_error' })
  })

  test('a stored response that is cut off is raised too', async () => {
    pair.answerStream(ownFixture('responses-unfinished.sse'))
    const events: unknown[] = []
    const reading = (async () => {
      const stream = await pair.through.responses.retrieve('resp_7', { stream: true })
      for await (const event of stream) events.push(event)
    })()
    const raised = await reading.then(() => null).catch((error) => error)
    expect(events).toHaveLength(6)
    expect(raised).toMatchObject({ code: 'upstream_incomplete' })
  })

  test('a connection that breaks is raised with a code', async () => {
    const read = Promise.withResolvers<void>()
    pair.answer(async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk(eventsText(chatEvents(['One']).slice(0, 2)))
      await read.promise
      connection.reset()
    })
    const asked = { model: 'openai/gpt-4o', messages, stream: true } as const
    const stream = await pair.through.chat.completions.create(asked)
    const texts: string[] = []
    const reading = (async () => {
      for await (const chunk of stream) {
        texts.push(chunk.choices[0]?.delta.content ?? '')
        if (texts.length === 2) read.resolve()
      }
    })()
    const raised = await reading.then(() => null).catch((error) => error)
    expect(texts).toEqual(['', 'One'])
    expect(raised).toBeInstanceOf(APIError)
    expect(raised).toMatchObject({ code: 'upstream_reset', type: 'upstream_error' })
  })

  test('a missing end marker is supplied, and nothing is raised', async () => {
    pair.answerStream(ownFixture('chat-no-end-marker.sse'))
    const chunks = await pair.same(async (client, named) => {
      const body = { model: named('gpt-4o'), messages, stream: true } as const
      return eventsOf(await client.chat.completions.create(body))
    })
    expect(chunks).toHaveLength(6)
  })
})

describe('the SDK tries again', () => {
  const success = replay(ownFixture('chat-text.sse'))

  test.each([
    [429, { 'retry-after-ms': '30' }],
    [500, {}],
  ])('after a %d, and gets the answer', async (status, headers) => {
    const patient = pair.client(`${pair.program.url}/v1`, 'any', 2)
    pair.answer(inTurn(json(status, refusal('Not now.', null), { ...headers }), success))
    const before = pair.upstream.requestCount
    const body = { model: 'openai/gpt-4o', messages, stream: true } as const
    expect(await eventsOf(await patient.chat.completions.create(body))).toHaveLength(6)
    expect(pair.upstream.requestCount - before).toBe(2)
  })

  test('not after a refusal of the operator', async () => {
    const patient = pair.client(`${pair.program.url}/v1`, 'any', 2)
    pair.answer(json(401, refusal('Incorrect API key.', 'invalid_api_key')))
    const before = pair.upstream.requestCount
    const { error } = await raisedBy(patient, 'openai/gpt-4o', true)
    expect([error.status, pair.upstream.requestCount - before]).toEqual([502, 1])
  })
})

describe('with API_KEYS', () => {
  let guarded: Pair
  beforeAll(async () => {
    guarded = await Pair.start({ API_KEYS: 'key-of-team-a,key-of-team-b' })
    guarded.answer(replay(ownFixture('chat-text.sse')))
  })
  afterEach(() => guarded.nothingLeft())
  afterAll(() => guarded.stop())

  const withKey = (key: string): OpenAI => guarded.client(`${guarded.program.url}/v1`, key)

  test('a wrong key raises AuthenticationError, and nothing is sent', async () => {
    for (const stream of [false, true]) {
      const { error } = await raisedBy(withKey('key-of-team-c'), 'openai/gpt-4o', stream)
      expect(error).toBeInstanceOf(OpenAI.AuthenticationError)
      expect(error).toMatchObject({ status: 401, code: 'invalid_api_key' })
    }
    const listed = await withKey('wrong')
      .models.list()
      .then(() => null)
      .catch((error) => error)
    expect(listed).toBeInstanceOf(OpenAI.AuthenticationError)
    expect(guarded.upstream.requestCount).toBe(0)
  })

  test('a right key is taken, and the upstream gets the key of the operator', async () => {
    const body = { model: 'openai/gpt-4o', messages, stream: true } as const
    const stream = await withKey('key-of-team-b').chat.completions.create(body)
    expect(await eventsOf(stream)).toHaveLength(6)
    const request = await guarded.upstream.request(0)
    expect(request.headerLines('authorization')).toEqual([`Bearer ${operatorKey}`])
  })
})
