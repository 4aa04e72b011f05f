/** What we write for Ollama's own API. */
import { describe, expect, test } from 'bun:test'
import type { HubRequest } from '../../../src/protocol/hub/request.ts'
import { losses } from '../../../src/protocol/ollama-chat/losses.ts'
import { writeRequest } from '../../../src/protocol/ollama-chat/request.ts'
import { call, hubRequest, image, result, says, text, thought, weather } from '../hub-request.ts'
import { type Refused, testDrops, testRefusals } from '../losses-stand.ts'

const write = (rest: Partial<HubRequest>) => writeRequest(hubRequest(rest))

test('a request with everything', () => {
  const { type, name, description, parameters } = weather
  const body = write({
    model: 'qwen3',
    stream: true,
    messages: [
      says('system', text('Be brief.')),
      says('developer', text('Be kind.')),
      says('user', text('Look:'), image('AAAA'), text('And?')),
      says('assistant', thought('Hm.'), text('I will '), text('look.')),
      says('assistant', call('t1', 'weather', '{"city":"Oslo"}'), call('t2', 'weather', '[1]')),
      says('tool', result('t1', [text('rain')]), result('t2', [text('none')], true)),
      says('user', text('Thanks')),
    ],
    tools: [weather],
    toolChoice: { type: 'auto' },
    responseFormat: {
      ...{ type: 'json-schema', name: 'x', description: null, strict: null },
      schema: { type: 'object' },
    },
    reasoning: { enabled: true, effort: 'high', budgetTokens: null, summary: null },
    outputTokensMax: 100,
    temperature: 0,
    topP: 0.9,
    topK: 40,
    stop: ['END'],
    seed: 0,
    frequencyPenalty: 0.1,
    presencePenalty: 0.2,
    logprobs: true,
    topLogprobs: 3,
  })
  expect(body).toEqual({
    model: 'qwen3',
    stream: true,
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Look:\n\nAnd?', images: ['AAAA'] },
      { role: 'assistant', content: 'I will look.', thinking: 'Hm.' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [
          { id: 't1', function: { name: 'weather', arguments: { city: 'Oslo' } } },
          { id: 't2', function: { name: 'weather', arguments: { input: [1] } } },
        ],
      },
      { role: 'tool', content: 'rain', tool_name: 'weather', tool_call_id: 't1' },
      { role: 'tool', content: 'none', tool_name: 'weather', tool_call_id: 't2' },
      { role: 'user', content: 'Thanks' },
    ],
    tools: [{ type, function: { name, description, parameters } }],
    format: { type: 'object' },
    think: true,
    logprobs: true,
    top_logprobs: 3,
    options: {
      ...{ num_predict: 100, temperature: 0, top_p: 0.9, top_k: 40, stop: ['END'], seed: 0 },
      ...{ frequency_penalty: 0.1, presence_penalty: 0.2 },
    },
  })
})

describe('what cannot be said', () => {
  const url = { kind: 'url', url: 'https://example.com/a.png', mediaType: null } as const
  const picture = { type: 'image', source: url, detail: null, cache: null } as const
  const pdf = { kind: 'base64', data: 'AAAA', mediaType: 'application/pdf' } as const
  const own: readonly Refused[] = [
    ['tool_choice', { toolChoice: { type: 'required' } }],
    ['tool_choice', { toolChoice: { type: 'tool', name: 'weather' } }],
    ['image.url', { messages: [says('user', picture)] }],
    [
      'file',
      { messages: [says('user', { type: 'file', source: pdf, filename: null, cache: null })] },
    ],
    ['audio', { messages: [says('user', { type: 'audio', data: 'AAAA', format: 'wav' })] }],
  ]
  testRefusals(losses, own, (rest) => write({ tools: [weather], ...rest }))
  testDrops({ userId: 'u', metadata: { a: 'b' }, serviceTier: 'flex' }, write)

  test('no tools are sent where none may be called', () => {
    expect(write({ tools: [weather], toolChoice: { type: 'none' } })).toEqual(write({}))
  })
})

test.each([
  ['qwen3', 'low', true],
  ['qwen3', 'none', false],
  ['gpt-oss:20b', 'xhigh', 'high'],
  ['gpt-oss:20b', 'minimal', 'low'],
  ['qwen3', null, undefined],
] as const)('%s thinks %s', (model, effort, think) => {
  const reasoning = { enabled: null, effort, budgetTokens: null, summary: null }
  expect(write({ model, reasoning }).think).toBe(think)
})
