/** Legacy completions with the official SDK: the same through the program as straight. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { ownFixture } from '../fixtures/read.ts'
import { json } from '../kit/answers.ts'
import { eventsOf, Pair } from './pair.ts'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
}, 60_000)
afterEach(() => pair.nothingLeft())
afterAll(() => pair.stop())

const model = 'gpt-3.5-turbo-instruct'

test('one answer is the same', async () => {
  pair.answer(
    json(200, {
      id: 'cmpl-7',
      object: 'text_completion',
      created: 1_700_000_000,
      model,
      choices: [{ text: ' upon a time', index: 0, logprobs: null, finish_reason: 'length' }],
      usage: { prompt_tokens: 1, completion_tokens: 3, total_tokens: 4 },
    }),
  )
  const answer = await pair.same((client, named) =>
    client.completions.create({ model: named(model), prompt: ['Once', 'Zwölf'], max_tokens: 3 }),
  )
  expect(answer.choices[0]?.text).toBe(' upon a time')
})

test.each(['whole', 'bytes'] as const)('a stream is the same, sent as %s', async (splits) => {
  pair.answerStream(ownFixture('completions-text.sse'), splits)
  const chunks = await pair.same(async (client, named) => {
    const body = { model: named(model), prompt: 'Once', stream: true } as const
    return eventsOf(await client.completions.create(body))
  })
  expect(chunks.map((chunk) => chunk.choices[0]?.text).join('')).toBe('Once upon a time')
})
