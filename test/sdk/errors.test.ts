/** What the official SDK raises through the program for an error status, beside straight. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import OpenAI from 'openai'
import { ownFixture } from '../fixtures/read.ts'
import { inTurn, json, replay } from '../kit/answers.ts'
import { eventsOf, operatorKey, Pair } from './pair.ts'
import { factsOf, messages, raisedBy, refusal } from './raised.ts'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
}, 60_000)
afterEach(() => pair.nothingLeft())
afterAll(() => pair.stop())

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
