/** Everything of the API that is neither text nor a file, with the official SDK. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type OpenAI from 'openai'
import { NotFoundError } from 'openai'
import { json, sendJson } from '../kit/answers.ts'
import { eventsOf, Pair } from './pair.ts'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
}, 60_000)
afterEach(() => pair.nothingLeft())
afterAll(() => pair.stop())

describe('embeddings', () => {
  const usage = { prompt_tokens: 2, total_tokens: 2 }
  const answerWith = (embedding: unknown): void =>
    pair.answer(
      json(200, {
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding }],
        model: 'text-embedding-3-small',
        usage,
      }),
    )

  test('are asked for and decoded as base64 by default, the same', async () => {
    const numbers = new Float32Array([0.25, -1.5, 3.125e-5])
    answerWith(Buffer.from(numbers.buffer).toString('base64'))
    const answer = await pair.same((client, named) =>
      client.embeddings.create({ model: named('text-embedding-3-small'), input: 'Grüße' }),
    )
    expect(answer.data[0]?.embedding).toEqual([...numbers])
    const asked = await pair.upstream.requests.at(-1)?.text()
    expect(asked).toContain('"encoding_format":"base64"')
  })

  test('are the same as numbers', async () => {
    answerWith([0.1, -2e-7, 1])
    const answer = await pair.same((client, named) =>
      client.embeddings.create({
        model: named('text-embedding-3-small'),
        input: ['a', 'b'],
        encoding_format: 'float',
      }),
    )
    expect(answer.data[0]?.embedding).toEqual([0.1, -2e-7, 1])
  })
})

describe('models', () => {
  const list = {
    object: 'list',
    data: [
      { id: 'gpt-4o', object: 'model', created: 1_715_367_049, owned_by: 'system' },
      { id: 'dall-e-3', object: 'model', created: 1_698_785_189, owned_by: 'system' },
    ],
  }
  const named = (model: OpenAI.Model): OpenAI.Model => ({ ...model, id: `openai/${model.id}` })

  test('are those of the upstream, under the names that the program takes', async () => {
    pair.answer(json(200, list))
    const direct = await eventsOf(pair.direct.models.list())
    const through = await eventsOf(pair.through.models.list())
    const own = through.filter((model) => model.id.startsWith('openai/'))
    expect(own).toEqual(direct.map(named).sort((a, b) => a.id.localeCompare(b.id)))
    const others = through.filter((model) => !model.id.startsWith('openai/'))
    expect(others.map((model) => model.id.split('/')[0])).toEqual(others.map(() => 'demo'))
  })

  test('are found by such a name', async () => {
    const model = await pair.through.models.retrieve('openai/gpt-4o')
    expect(model).toEqual({ ...named(list.data[0] as OpenAI.Model) })
    const raised = await pair.through.models.retrieve('openai/none').catch((error) => error)
    expect(raised).toBeInstanceOf(NotFoundError)
    expect(raised).toMatchObject({ status: 404, code: 'model_not_found' })
  })
})

test('moderations are the same', async () => {
  pair.answer(
    json(200, {
      id: 'modr-7',
      model: 'omni-moderation-latest',
      results: [{ flagged: false, categories: { violence: false }, category_scores: {} }],
    }),
  )
  const answer = await pair.same((client, named) =>
    client.moderations.create({ model: named('omni-moderation-latest'), input: 'Grüße' }),
  )
  expect(answer.results[0]?.flagged).toBe(false)
})

test('moderations without a model go to the provider that has no rival', async () => {
  pair.answer(json(200, { id: 'modr-7', model: 'omni-moderation-latest', results: [] }))
  await pair.same((client) => client.moderations.create({ input: 'Grüße' }))
})

describe('images', () => {
  test('are the same, a picture of 3 MB in base64 among them', async () => {
    const b64_json = Buffer.alloc(3_000_000, 'sluice').toString('base64')
    pair.answer(json(200, { created: 1_700_000_000, data: [{ b64_json }], usage: null }))
    const answer = await pair.same((client, named) =>
      client.images.generate({ model: named('gpt-image-1'), prompt: 'A sluice' }),
    )
    expect(answer.data?.[0]?.b64_json).toBe(b64_json)
  })

  test('are changed the same, with the picture before the model', async () => {
    pair.answer(json(200, { created: 1_700_000_000, data: [{ url: 'http://127.0.0.1/x.png' }] }))
    const image = new File([new Uint8Array(70_000).fill(7)], 'käse.png', { type: 'image/png' })
    const answer = await pair.same((client, named) =>
      client.images.edit({ image, prompt: 'Brighter', model: named('gpt-image-1') }),
    )
    expect(answer.data).toHaveLength(1)
  })
})

describe('batches', () => {
  const batch = (id: string) => ({
    id,
    object: 'batch',
    endpoint: '/v1/chat/completions',
    input_file_id: 'file-7',
    completion_window: '24h',
    status: 'validating',
    created_at: 1_700_000_000,
    errors: null,
  })

  test('are made, fetched and cancelled the same', async () => {
    pair.answer(json(200, batch('batch_1')))
    const made = await pair.same((client) =>
      client.batches.create({
        input_file_id: 'file-7',
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
        metadata: { team: 'Zürich' },
      }),
    )
    expect(made.id).toBe('batch_1')
    await pair.same((client) => client.batches.retrieve('batch_1'))
    await pair.same((client) => client.batches.cancel('batch_1'))
  })

  test('are listed page by page, the same', async () => {
    pair.answer(async (request, connection) => {
      const isSecond = request.path.includes('after=batch_2')
      const data = (isSecond ? ['batch_3'] : ['batch_1', 'batch_2']).map(batch)
      await sendJson(connection, 200, { object: 'list', data, has_more: !isSecond })
    })
    const all = await pair.same((client) => eventsOf(client.batches.list({ limit: 2 })))
    expect(all.map((each) => each.id)).toEqual(['batch_1', 'batch_2', 'batch_3'])
  })
})
