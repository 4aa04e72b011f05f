import { expect, test } from 'bun:test'
import { mergeModels } from '../../src/provider/models.ts'
import { buildOne } from './stand.ts'

const openai = buildOne('openai')
const vllm = buildOne('vllm')

test('lists become one, prefixed, sorted, each id once, other fields kept', () => {
  const merged = mergeModels([
    {
      provider: vllm,
      body: { object: 'list', data: [{ id: 'meta/llama', max_model_len: 8192, created: 5 }] },
    },
    {
      provider: openai,
      body: {
        data: [
          { id: 'o3', object: 'model', created: 7, owned_by: 'system' },
          { id: 'gpt-5', object: 'model', created: 6, owned_by: 'openai' },
          { id: 'o3', object: 'model', created: 9, owned_by: 'twice' },
        ],
      },
    },
  ])
  expect(merged).toEqual({
    object: 'list',
    data: [
      { id: 'openai/gpt-5', object: 'model', created: 6, owned_by: 'openai' },
      { id: 'openai/o3', object: 'model', created: 7, owned_by: 'system' },
      {
        id: 'vllm/meta/llama',
        object: 'model',
        created: 5,
        owned_by: 'vllm',
        max_model_len: 8192,
      },
    ],
  })
})

test('a bare array counts as a list', () => {
  const { data } = mergeModels([{ provider: vllm, body: [{ id: 'a', created: 'soon' }] }])
  expect(data).toEqual([{ id: 'vllm/a', object: 'model', created: 0, owned_by: 'vllm' }])
})

test('what is malformed is left out and hides nothing else', () => {
  const bodies = [null, 7, 'x', {}, { data: null }, { data: { id: 'x' } }, { error: {} }]
  const broken = bodies.map((body) => ({ provider: openai, body }))
  const entries = [null, 1, 'gpt', [], {}, { id: '' }, { id: 3 }, { id: 'whole' }]
  const { data } = mergeModels([...broken, { provider: vllm, body: { data: entries } }])
  expect(data).toEqual([{ id: 'vllm/whole', object: 'model', created: 0, owned_by: 'vllm' }])
})

test('nothing gives an empty list', () => {
  expect(mergeModels([])).toEqual({ object: 'list', data: [] })
})
