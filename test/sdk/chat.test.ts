/** Chat completions with the official SDK: the same through the program as straight. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type OpenAI from 'openai'
import { ownFixture } from '../fixtures/read.ts'
import { json } from '../kit/answers.ts'
import { choice, completion } from './completion.ts'
import { eventsOf, Pair } from './pair.ts'

type Message = OpenAI.Chat.ChatCompletionMessageParam
type Chunk = OpenAI.Chat.ChatCompletionChunk

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
}, 60_000)
afterEach(() => pair.nothingLeft())
afterAll(() => pair.stop())

const messages: Message[] = [{ role: 'user', content: 'Grüße nach 東京 👩‍🚀 "openai/gpt-4o"' }]
const weather: OpenAI.Chat.ChatCompletionTool = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: {} } },
}

const textOf = (chunks: readonly Chunk[], index = 0): string =>
  chunks
    .flatMap((chunk) => chunk.choices.filter((each) => each.index === index))
    .map((each) => each.delta.content ?? '')
    .join('')

describe('one answer', () => {
  test('is the same', async () => {
    pair.answer(json(200, completion([choice(0, 'Grüße 👋')])))
    const answer = await pair.same((client, named) =>
      client.chat.completions.create({ model: named('gpt-4o'), messages, temperature: 0.3 }),
    )
    expect(answer.choices[0]?.message.content).toBe('Grüße 👋')
    expect(answer).toHaveProperty('a field of tomorrow')
  })

  test('is the same text, byte for byte', async () => {
    pair.answer(json(200, completion([choice(0, 'Grüße 👋')])))
    await pair.same(async (client, named) => {
      const asked = client.chat.completions.create({ model: named('gpt-4o'), messages })
      return (await asked.asResponse()).text()
    })
  })

  test('is the same with several choices', async () => {
    pair.answer(json(200, completion([choice(0, 'One'), choice(1, 'Two'), choice(2, 'Three')])))
    const answer = await pair.same((client, named) =>
      client.chat.completions.create({ model: named('gpt-4o'), messages, n: 3 }),
    )
    expect(answer.choices.map((each) => each.message.content)).toEqual(['One', 'Two', 'Three'])
  })

  test('is the same for a prompt too large for memory', async () => {
    pair.answer(json(200, completion([choice(0, 'Long.')])))
    const long: Message[] = [{ role: 'user', content: 'Zürich "model" \\ '.repeat(150_000) }]
    await pair.same((client, named) =>
      client.chat.completions.create({ messages: long, model: named('gpt-4o') }),
    )
    expect(pair.upstream.requests.at(-1)?.bodyBytes).toBeGreaterThan(2_500_000)
  })

  test('for a bare model name sends the very bytes of the client', async () => {
    pair.answer(json(200, completion([choice(0, 'Hi')])))
    await pair.same((client) => client.chat.completions.create({ model: 'gpt-4o', messages }))
  })
})

describe('a stream', () => {
  test.each(['whole', 'bytes'] as const)('has the same chunks, sent as %s', async (splits) => {
    pair.answerStream(ownFixture('chat-text.sse'), splits)
    const chunks = await pair.same(async (client, named) => {
      const body = { model: named('gpt-4o'), messages, stream: true } as const
      return eventsOf(await client.chat.completions.create(body))
    })
    expect(textOf(chunks)).toBe('Grüße aus 東京 👩‍🚀\n\n"data: [DONE]" is only text here.')
  })

  test('has the same usage at its end', async () => {
    pair.answerStream(ownFixture('chat-text.sse'))
    const chunks = await pair.same(async (client, named) => {
      const stream_options = { include_usage: true }
      const body = { model: named('gpt-4o'), messages, stream: true, stream_options } as const
      return eventsOf(await client.chat.completions.create(body))
    })
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 15 } })
  })

  test('has the same interleaved choices', async () => {
    pair.answerStream(ownFixture('chat-choices.sse'))
    const chunks = await pair.same(async (client, named) => {
      const body = { model: named('gpt-4o'), messages, stream: true, n: 2 } as const
      return eventsOf(await client.chat.completions.create(body))
    })
    expect([textOf(chunks, 0), textOf(chunks, 1)]).toEqual(['One more', 'Uno.'])
  })

  test('has the same comments skipped, names ignored and lines joined', async () => {
    for (const file of ['chat-comments.sse', 'chat-many-lines.sse']) {
      pair.answerStream(ownFixture(file))
      await pair.same(async (client, named) => {
        const body = { model: named('gpt-4o'), messages, stream: true } as const
        return eventsOf(await client.chat.completions.create(body))
      })
    }
  })

  test('has the same calls of tools, their arguments in pieces and in parallel', async () => {
    pair.answerStream(ownFixture('chat-tools.sse'), 'bytes')
    const chunks = await pair.same(async (client, named) => {
      const tools = [weather]
      const body = { model: named('gpt-4o'), messages, tools }
      return eventsOf(await client.chat.completions.create({ ...body, stream: true }))
    })
    const pieces = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? [])
    const argumentsOf = (index: number): string =>
      pieces
        .filter((piece) => piece.index === index)
        .map((piece) => piece.function?.arguments ?? '')
        .join('')
    expect(argumentsOf(0)).toBe('{"city":"Zürich"}')
    expect(argumentsOf(1)).toBe('{"zone":"Europe/Zurich"}')
  })
})
