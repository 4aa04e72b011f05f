/** The parts of the official SDK that gather a stream, or ask several times by themselves. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type OpenAI from 'openai'
import { ownFixture } from '../fixtures/read.ts'
import { inTurn, json } from '../kit/answers.ts'
import { choice, completion } from './completion.ts'
import { Pair } from './pair.ts'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
}, 60_000)
afterEach(() => pair.nothingLeft())
afterAll(() => pair.stop())

const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [
  { role: 'user', content: 'Grüße nach 東京 👩‍🚀 "openai/gpt-4o"' },
]
const weather: OpenAI.Chat.ChatCompletionTool = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: {} } },
}

const wantsWeather = {
  message: {
    role: 'assistant',
    content: null,
    tool_calls: [
      {
        id: 'call_a',
        type: 'function',
        function: { name: 'weather', arguments: '{"city":"Zürich"}' },
      },
    ],
  },
  finish_reason: 'tool_calls',
}

test('gives the same answer and the same calls', async () => {
  pair.answerStream(ownFixture('chat-tools.sse'))
  const { final, calls } = await pair.same(async (client, named) => {
    const stream = client.chat.completions.stream({
      model: named('gpt-4o'),
      messages,
      tools: [weather],
    })
    const calls: unknown[] = []
    stream.on('tool_calls.function.arguments.done', (call) => calls.push(call))
    return { final: await stream.finalChatCompletion(), calls }
  })
  expect(calls).not.toEqual([])
  const made = final.choices[0]?.message.tool_calls ?? []
  expect(made.map((call) => call.type === 'function' && call.function.arguments)).toEqual([
    '{"city":"Zürich"}',
    '{"zone":"Europe/Zurich"}',
  ])
})

test('gives the same text and the same usage', async () => {
  pair.answerStream(ownFixture('chat-text.sse'), 'bytes')
  const { usage, deltas } = await pair.same(async (client, named) => {
    const stream = client.chat.completions.stream({ model: named('gpt-4o'), messages })
    const deltas: string[] = []
    stream.on('content', (delta) => deltas.push(delta))
    await stream.done()
    return { content: await stream.finalContent(), usage: await stream.totalUsage(), deltas }
  })
  expect([deltas.length > 2, usage.total_tokens]).toEqual([true, 15])
})

test('runs tools over several requests', async () => {
  const asks = (): void =>
    pair.answer(
      inTurn(
        json(200, completion([{ ...choice(0, ''), ...wantsWeather }])),
        json(200, completion([choice(0, 'It rains in Zürich.')])),
      ),
    )
  const asked: string[] = []
  const content = await pair.same(async (client, named) => {
    asks()
    const runner = client.chat.completions.runTools({
      model: named('gpt-4o'),
      messages,
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'The weather of a city.',
            parameters: { type: 'object', properties: {} },
            parse: JSON.parse,
            function: (input: { city: string }) => {
              asked.push(input.city)
              return 'rain'
            },
          },
        },
      ],
    })
    return runner.finalContent()
  })
  expect([content, asked]).toEqual(['It rains in Zürich.', ['Zürich', 'Zürich']])
})
