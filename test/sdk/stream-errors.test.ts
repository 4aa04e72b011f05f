/** What the official SDK raises through the program inside a stream, beside straight. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import OpenAI, { APIError } from 'openai'
import { ownFixture } from '../fixtures/read.ts'
import { chatEvents, eventsText } from '../kit/answers.ts'
import { eventsOf, Pair } from './pair.ts'
import { factsOf, messages, raisedBy } from './raised.ts'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
}, 60_000)
afterEach(() => pair.nothingLeft())
afterAll(() => pair.stop())

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
