/** The Responses API with the official SDK: the same through the program as straight. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { ownFixture, ownFixtureText } from '../fixtures/read.ts'
import { json } from '../kit/answers.ts'
import { parseSse } from '../kit/sse.ts'
import { eventsOf, Pair } from './pair.ts'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
}, 60_000)
afterEach(() => pair.nothingLeft())
afterAll(() => pair.stop())

/** The response that a stream ends with, as it is answered without one. */
function finalResponse(file: string): unknown {
  const last = parseSse(ownFixture(file)).at(-1)
  return JSON.parse(last?.data ?? 'null').response
}

describe('one response', () => {
  test('is the same', async () => {
    pair.answer(json(200, finalResponse('responses-text.sse')))
    const response = await pair.same((client, named) =>
      client.responses.create({ model: named('gpt-4o'), input: 'Grüße', store: true }),
    )
    expect(response.output_text).toBe('Grüße 🌍')
  })

  test('is the same with a call of a tool', async () => {
    pair.answer(json(200, finalResponse('responses-tool.sse')))
    const response = await pair.same((client, named) =>
      client.responses.create({ model: named('gpt-4o'), input: 'Weather?', tools: [] }),
    )
    expect(response.output[0]).toMatchObject({
      type: 'function_call',
      arguments: '{"city":"Bern"}',
    })
  })

  test('that is stored is fetched, listed, cancelled and deleted the same', async () => {
    pair.answer(json(200, finalResponse('responses-text.sse')))
    const id = 'resp_7'
    await pair.same((client) => client.responses.retrieve(id, { include: ['reasoning'] as never }))
    await pair.same((client) => client.responses.cancel(id))
    pair.answer(json(200, { id, object: 'response.deleted', deleted: true }))
    await pair.same((client) => client.responses.delete(id))
    pair.answer(json(200, { object: 'list', data: [{ id: 'msg_1' }], has_more: false }))
    const items = await pair.same((client) => eventsOf(client.responses.inputItems.list(id)))
    expect(items).toHaveLength(1)
  })
})

describe('a stream', () => {
  test.each([
    ['responses-text.sse', 'whole'],
    ['responses-text.sse', 'bytes'],
    ['responses-tool.sse', 'bytes'],
  ] as const)('%s has the same events, sent as %s', async (file, splits) => {
    pair.answerStream(ownFixture(file), splits)
    const events = await pair.same(async (client, named) => {
      const body = { model: named('gpt-4o'), input: 'Hi', stream: true } as const
      return eventsOf(await client.responses.create(body))
    })
    expect(events.map((event) => event.sequence_number)).toEqual([...events.keys()])
    expect(events.at(-1)?.type).toBe('response.completed')
  })

  test('of a stored response has the same events', async () => {
    pair.answerStream(ownFixture('responses-text.sse'))
    const events = await pair.same(async (client) => {
      const stream = await client.responses.retrieve('resp_7', { stream: true })
      return eventsOf(stream)
    })
    expect(events).toHaveLength(10)
  })

  test('with a picture in its last event is the same', async () => {
    const picture = `{"type":"image_generation_call","result":"${'A'.repeat(2_000_000)}"},`
    const text = ownFixtureText('responses-text.sse').replace(
      /("type":"response.completed".*"output":\[)/,
      `$1${picture}`,
    )
    pair.answerStream(new TextEncoder().encode(text))
    const events = await pair.same(async (client, named) => {
      const body = { model: named('gpt-4o'), input: 'Draw.', stream: true } as const
      return eventsOf(await client.responses.create(body))
    })
    expect(JSON.stringify(events.at(-1)).length).toBeGreaterThan(2_000_000)
  })
})

test('the SDK that gathers a stream gives the same response', async () => {
  pair.answerStream(ownFixture('responses-text.sse'), 'bytes')
  const { final, texts } = await pair.same(async (client, named) => {
    const stream = client.responses.stream({ model: named('gpt-4o'), input: 'Hi' })
    const texts: string[] = []
    stream.on('response.output_text.delta', (event) => texts.push(event.snapshot))
    return { final: await stream.finalResponse(), texts }
  })
  expect([final.output_text, texts]).toEqual(['Grüße 🌍', ['Grüße', 'Grüße 🌍']])
})
