/** What each provider is sent in place of what OpenAI would be. */
import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/core/json.ts'
import type { EmbeddingRequest } from '../../src/protocol/embeddings/embeddings.ts'
import { buildKind } from '../contract/kinds.ts'
import { codeOf } from './stand.ts'

const amend = (kind: string, body: JsonObject): JsonObject =>
  buildKind(kind).amend?.(body, { model: 'm', stream: true }, new Headers()) ?? body

const messagesOf = (kind: string, ...messages: readonly JsonObject[]): unknown =>
  amend(kind, { messages }).messages

describe('fields', () => {
  const table: readonly [string, JsonObject, JsonObject][] = [
    ['mistral', { seed: 7, max_completion_tokens: 9 }, { random_seed: 7, max_tokens: 9 }],
    ['mistral', { stream_options: { include_usage: true }, user: 'u', top_k: 3 }, {}],
    ['mistral', { reasoning_effort: 'low' }, { reasoning_effort: 'high' }],
    ['mistral', { reasoning_effort: 'none' }, { reasoning_effort: 'none' }],
    ['groq', { reasoning_effort: 'xhigh', top_k: 3 }, { reasoning_effort: 'high' }],
    ['groq', { service_tier: 'flex', store: true }, { service_tier: 'flex' }],
    ['deepseek', { reasoning_effort: 'none' }, { thinking: { type: 'disabled' } }],
    ['deepseek', { reasoning_effort: 'xhigh' }, { reasoning_effort: 'max' }],
    ['deepseek', { max_completion_tokens: 9, seed: 1 }, { max_tokens: 9, seed: 1 }],
    ['xai', { reasoning_effort: 'minimal' }, { reasoning_effort: 'low' }],
    ['openai', { reasoning_effort: 'max', top_k: 3 }, { reasoning_effort: 'xhigh' }],
    ['openai', { max_completion_tokens: 9 }, { max_completion_tokens: 9 }],
    ['azure', { top_k: 3, seed: 1 }, { seed: 1 }],
    ['alibaba', { reasoning_effort: 'none' }, { enable_thinking: false }],
    ['alibaba', { reasoning_effort: 'high' }, { enable_thinking: true }],
    ['moonshot', { reasoning_effort: 'medium' }, { reasoning_effort: 'high' }],
    ['moonshot', { reasoning_effort: 'none' }, { thinking: { type: 'disabled' } }],
    [
      'zai',
      { reasoning_effort: 'low', user: 'u' },
      { thinking: { type: 'enabled' }, user_id: 'u' },
    ],
    ['perplexity', { tools: [], tool_choice: 'auto', top_k: 5 }, { top_k: 5 }],
    ['writer', { seed: 1, reasoning_effort: 'low' }, {}],
    [
      'snowflake',
      { model: 'claude-4', reasoning_effort: 'low' },
      { model: 'claude-4', reasoning: { effort: 'low' } },
    ],
    [
      'snowflake',
      { model: 'openai-gpt-5', reasoning_effort: 'low' },
      { model: 'openai-gpt-5', reasoning_effort: 'low' },
    ],
    ['openrouter', { top_k: 3, verbosity: 'low' }, { top_k: 3, verbosity: 'low' }],
    ['vllm', { top_k: 3, max_completion_tokens: 9 }, { top_k: 3, max_completion_tokens: 9 }],
    ['lmstudio', { top_k: 3, max_completion_tokens: 9 }, { top_k: 3, max_tokens: 9 }],
  ]
  test.each(table)('%s: %j', (kind, body, expected) => {
    expect(amend(kind, body)).toEqual(expected)
  })

  test('a tool for whoever calls none is a 400 that names it', () => {
    expect(codeOf(() => amend('perplexity', { tools: [{}] }))).toBe('invalid_request')
    expect(() => amend('perplexity', { tools: [{}] })).toThrow("'tools'")
  })
})

describe('messages', () => {
  test('the developer is the system, but for OpenAI', () => {
    const developer = { role: 'developer', content: 'Be brief.' }
    for (const kind of ['mistral', 'groq', 'deepseek', 'vllm', 'openai-compatible']) {
      expect(messagesOf(kind, developer)).toEqual([{ role: 'system', content: 'Be brief.' }])
    }
    for (const kind of ['openai', 'azure', 'openrouter']) {
      expect(messagesOf(kind, developer)).toEqual([developer])
    }
  })

  test('thinking of earlier turns goes back in the provider`s way, or not at all', () => {
    const turn = { role: 'assistant', content: 'Yes.', reasoning_content: 'Hm.' }
    const signed = { ...turn, reasoning_details: [{ type: 'reasoning.text' }] }
    const plain = { role: 'assistant', content: 'Yes.' }
    const table: readonly [string, JsonObject][] = [
      ['openai', plain],
      ['perplexity', plain],
      ['deepseek', turn],
      ['moonshot', turn],
      ['vllm', turn],
      ['groq', { ...plain, reasoning: 'Hm.' }],
      ['cerebras', { ...plain, reasoning: 'Hm.' }],
      ['openrouter', signed],
      ['snowflake', signed],
    ]
    for (const [kind, expected] of table) {
      expect([kind, messagesOf(kind, signed, { role: 'user', content: 'x' })]).toEqual([
        kind,
        [expected, { role: 'user', content: 'x' }],
      ])
    }
    expect(messagesOf('mistral', signed, { role: 'user', content: 'x' })).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
          { type: 'text', text: 'Yes.' },
        ],
      },
      { role: 'user', content: 'x' },
    ])
  })

  test('ids of calls fit Mistral, on calls as on results, and stay where they fit', () => {
    const turns = ['toolu_01ABC', 'abcdefghi'].flatMap((id) => [
      { role: 'assistant', content: null, tool_calls: [{ id, type: 'function' }] },
      { role: 'tool', tool_call_id: id, content: 'x' },
    ])
    const [call, result, kept, keptResult] = messagesOf('mistral', ...turns) as [
      { tool_calls: [{ id: string }] },
      { tool_call_id: string },
      { tool_calls: [{ id: string }] },
      { tool_call_id: string },
    ]
    expect(call.tool_calls[0].id).toMatch(/^[a-zA-Z0-9]{9}$/)
    expect(result.tool_call_id).toBe(call.tool_calls[0].id)
    expect([kept.tool_calls[0].id, keptResult.tool_call_id]).toEqual(['abcdefghi', 'abcdefghi'])
  })

  test('an answer that the client began is marked, the last one only', () => {
    const begun = { role: 'assistant', content: 'Once' }
    expect(messagesOf('mistral', begun, begun)).toEqual([begun, { ...begun, prefix: true }])
    expect(messagesOf('moonshot', begun, begun)).toEqual([begun, { ...begun, partial: true }])
    expect(messagesOf('groq', begun)).toEqual([begun])
  })

  test('cache markers stay where they are known', () => {
    const marker = { cache_control: { type: 'ephemeral' } }
    const marked = { role: 'user', content: [{ type: 'text', text: 'x', ...marker }] }
    const plain = { role: 'user', content: [{ type: 'text', text: 'x' }] }
    for (const kind of ['openrouter', 'alibaba', 'snowflake']) {
      expect(messagesOf(kind, marked)).toEqual([marked])
    }
    for (const kind of ['openai', 'mistral', 'groq', 'openai-compatible']) {
      expect(messagesOf(kind, marked)).toEqual([plain])
    }
    // A tool may have a parameter of that name.
    const parameters = { type: 'object', properties: { cache_control: { type: 'string' } } }
    const tools = [{ type: 'function', function: { name: 'x', parameters }, ...marker }]
    expect(amend('groq', { tools }).tools).toEqual([
      { type: 'function', function: { name: 'x', parameters } },
    ])
  })

  test('refusals are text, names and sources are left out, files have Mistral`s form', () => {
    const refused = { role: 'assistant', content: null, refusal: 'No.' }
    expect(messagesOf('deepseek', refused)).toEqual([{ role: 'assistant', content: 'No.' }])
    expect(messagesOf('openai', refused)).toEqual([refused])
    const named = { role: 'user', content: 'x', name: 'Ada' }
    for (const kind of ['groq', 'mistral', 'perplexity']) {
      expect(messagesOf(kind, named)).toEqual([{ role: 'user', content: 'x' }])
    }
    expect(messagesOf('vllm', named)).toEqual([named])
    const sourced = { role: 'assistant', content: 'x', annotations: [{}] }
    expect(messagesOf('xai', sourced)).toEqual([{ role: 'assistant', content: 'x' }])
    const file = { type: 'file', file: { file_data: 'data:application/pdf;base64,eA==' } }
    expect(messagesOf('mistral', { role: 'user', content: [file] })).toEqual([
      {
        role: 'user',
        content: [{ type: 'document_url', document_url: 'data:application/pdf;base64,eA==' }],
      },
    ])
  })
})

test('servers given by host and port only get the root that they have', () => {
  const at = (kind: string, baseUrl: string) => buildKind(kind, { baseUrl }).url('/models', '')
  expect(at('vllm', 'http://10.0.0.7:8000')).toBe('http://10.0.0.7:8000/v1/models')
  expect(at('vllm', 'http://10.0.0.7:8000/api')).toBe('http://10.0.0.7:8000/api/models')
  expect(at('openai-compatible', 'http://10.0.0.7:8000')).toBe('http://10.0.0.7:8000/models')
  expect(at('snowflake', 'https://acme.snowflakecomputing.com')).toBe(
    'https://acme.snowflakecomputing.com/api/v2/cortex/v1/models',
  )
})

test('Voyage and Mistral have their own words for embeddings', () => {
  const request: EmbeddingRequest = {
    model: 'm',
    inputs: ['a'],
    dimensions: 256,
    inputType: 'query',
    truncate: 'none',
    encoding: 'float',
    userId: 'u',
    extra: {},
  }
  const said = { model: 'm', input: ['a'], output_dimension: 256 }
  const own = { input_type: 'query', truncation: false }
  expect(buildKind('voyage').embeddings?.write(request)).toEqual({ ...said, ...own })
  expect(buildKind('mistral').embeddings?.write(request)).toEqual(said)
})
