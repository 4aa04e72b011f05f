/** Requests of clients. */
import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../../src/core/json.ts'
import { readChatRequest } from '../../../src/protocol/openai-chat/request-read.ts'
import { writeChatRequest } from '../../../src/protocol/openai-chat/request-write.ts'
import { message, nowhere, part, read, refusal, text } from './requests.ts'
import { emptyRequest } from './stand.ts'

describe('a request', () => {
  test('says every setting under its name, and keeps what is not known', () => {
    const body = {
      ...{ stream: true, temperature: 0.5, top_p: 0.9, top_k: 4, n: 2, seed: 7, stop: 'END' },
      ...{ frequency_penalty: 1, presence_penalty: -1, logprobs: true, top_logprobs: 3 },
      ...{ logit_bias: { 50256: -100 }, user: 'u', service_tier: 'flex', metadata: { a: 'b' } },
      ...{ store: true, verbosity: 'low', max_tokens: 5, parallel_tool_calls: false },
      ...{ stream_options: { include_usage: true, include_obfuscation: false } },
      ...{ prompt_cache_key: 'k', modalities: ['text'], prediction: { type: 'content' } },
      ...{ reasoning_effort: 'high', web_search_options: {}, unknown: null },
    }
    expect(read(body)).toEqual(
      emptyRequest({
        ...{ model: 'm', stream: true, temperature: 0.5, topP: 0.9, topK: 4, choices: 2, seed: 7 },
        ...{ stop: ['END'], frequencyPenalty: 1, presencePenalty: -1, logprobs: true },
        ...{ topLogprobs: 3, logitBias: { 50256: -100 }, userId: 'u', serviceTier: 'flex' },
        ...{ metadata: { a: 'b' }, store: true, verbosity: 'low', outputTokensMax: 5 },
        ...{ parallelToolCalls: false, includeUsage: true },
        reasoning: { enabled: null, effort: 'high', budgetTokens: null, summary: null },
        extra: {
          dialect: 'openai-chat',
          fields: {
            ...{ prompt_cache_key: 'k', modalities: ['text'], prediction: { type: 'content' } },
            ...{ web_search_options: {}, stream_options: { include_obfuscation: false } },
          },
        },
      }),
    )
  })

  test('takes the newer of two limits, and a user before an identifier', () => {
    expect(read({ max_tokens: 5, max_completion_tokens: 6 }).outputTokensMax).toBe(6)
    expect(read({ safety_identifier: 's' }).userId).toBe('s')
    const both = read({ user: 'u', safety_identifier: 's' })
    expect([both.userId, both.extra.fields]).toEqual(['u', { safety_identifier: 's' }])
  })

  test.each([
    [{ reasoning: { effort: 'low' } }, { effort: 'low' }],
    [{ reasoning: { max_tokens: 2000, enabled: true } }, { budgetTokens: 2000, enabled: true }],
    [{ thinking: { type: 'disabled' } }, { enabled: false }],
    [{ thinking: { type: 'enabled', budget_tokens: 1024 } }, { enabled: true, budgetTokens: 1024 }],
    [{ reasoning_effort: 'none' }, { effort: 'none', enabled: false }],
  ])('reads reasoning of %p', (body, settings) => {
    const nothing = { enabled: null, effort: null, budgetTokens: null, summary: null }
    expect(read(body).reasoning).toEqual({ ...nothing, ...settings })
  })

  test('keeps forms of answers that only some servers know', () => {
    const grammar = { type: 'grammar', value: 'x' }
    const request = read({ response_format: grammar })
    expect(request.responseFormat).toBeNull()
    expect(writeChatRequest(request).response_format).toEqual(grammar)
  })

  test.each([
    [{ messages: 'x' }, 'messages'],
    [{ messages: ['x'] }, 'messages[0]'],
    [{ messages: [{ role: 'robot' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
      'messages[0].content[0].image_url.url',
    ],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [
      { messages: [{ role: 'assistant', tool_calls: [{ id: 'x' }] }] },
      'messages[0].tool_calls[0].function.name',
    ],
    [{ temperature: '1' }, 'temperature'],
    [{ n: 1.5 }, 'n'],
    [{ stop: [1] }, 'stop'],
    [{ stream: 'yes' }, 'stream'],
    [{ tools: [{ type: 'function' }] }, 'tools[0].function'],
    [{ tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
    [{ tool_choice: 'maybe' }, 'tool_choice'],
    [{ tool_choice: { type: 'function', function: {} } }, 'tool_choice.function.name'],
    [
      { response_format: { type: 'json_schema', json_schema: {} } },
      'response_format.json_schema.schema',
    ],
  ])('is refused for %j', (body, param) => {
    const error = refusal(() => read(body))
    expect(error.detail.param).toBe(param)
    expect(error.message).toContain(`'${param}'`)
  })

  test('is refused without a model or messages', () => {
    expect(refusal(() => readChatRequest({ messages: [] }, nowhere)).code).toBe('missing_model')
    expect(refusal(() => readChatRequest({ model: 'm' }, nowhere)).detail.param).toBe('messages')
  })
})

describe('a message', () => {
  test.each([
    ['text', 'hi', [text('hi')]],
    ['nothing', null, []],
    ['an empty text', '', []],
    ['a list of texts', ['a', { type: 'text', text: 'b' }], [text('a'), text('b')]],
  ])('may be %s', (_name, content, parts) => {
    expect(message({ role: 'user', content })?.parts).toEqual(parts)
  })

  test('has pictures by address and by bytes', () => {
    expect(part({ type: 'image_url', image_url: { url: 'https://a/b', detail: 'low' } })).toEqual({
      ...{ type: 'image', detail: 'low', cache: null },
      source: { kind: 'url', url: 'https://a/b', mediaType: null },
    })
    const bytes = { type: 'image_url', image_url: 'data:image/png;base64,AAAA' }
    expect(part(bytes)).toMatchObject({
      source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' },
    })
    const percent = { type: 'image_url', image_url: { url: 'data:image/svg+xml,%3Csvg%3E' } }
    expect(part(percent)).toMatchObject({ source: { data: btoa('<svg>') } })
  })

  test.each([
    [{ file_id: 'f' }, { kind: 'file', id: 'f', mediaType: null }],
    [
      { file_data: 'data:text/plain;base64,AAAA', filename: 'a.txt' },
      { kind: 'base64', data: 'AAAA', mediaType: 'text/plain' },
    ],
    [
      { file_data: 'AAAA', filename: 'a.pdf' },
      { kind: 'base64', data: 'AAAA', mediaType: 'application/pdf' },
    ],
    [{ file_data: 'https://a/b.pdf' }, { kind: 'url', url: 'https://a/b.pdf', mediaType: null }],
  ])('has the file %j', (file, source) => {
    expect(part({ type: 'file', file })).toMatchObject({ source } as object)
  })

  test('has markers of the cache on parts, on itself, and in OpenAI’s own way', () => {
    const marked = { type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } }
    expect(part(marked)).toMatchObject({ cache: { ttl: '1h' } })
    const own = { type: 'text', text: 'a', prompt_cache_breakpoint: { mode: 'explicit' } }
    expect(part(own)).toMatchObject({ cache: { ttl: null } })
    const whole = { role: 'user', content: 'a', cache_control: { type: 'ephemeral' } }
    expect(message(whole)?.parts).toMatchObject([{ text: 'a', cache: { ttl: null } }])
  })

  test('of the assistant has refusals, sources and sound', () => {
    const cited = { url: 'https://a', title: 'A', start_index: 0, end_index: 2 }
    const parts = message({
      ...{ role: 'assistant', content: 'ab', refusal: 'No', audio: { id: 'a1' } },
      annotations: [{ type: 'url_citation', url_citation: cited }],
    })?.parts
    expect(parts).toMatchObject([
      { type: 'text', text: 'ab', citations: [{ url: 'https://a', start: 0, end: 2 }] },
      { type: 'refusal', text: 'No' },
      { type: 'native', native: { value: { audio: { id: 'a1' } } } },
    ])
  })

  test('of a tool knows its call', () => {
    const { messages } = read({
      messages: [
        {
          role: 'assistant',
          tool_calls: [
            { id: 'a', type: 'function', function: { name: 'f', arguments: '' } },
            { id: 'b', type: 'custom', custom: { name: 'g', input: 'free' } },
          ],
        },
        { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'r' }] },
        { role: 'tool', tool_call_id: 'b', content: 's' },
      ],
    })
    expect(messages[0]?.parts).toMatchObject([
      { id: 'a', name: 'f', arguments: '{}', custom: false },
      { id: 'b', name: 'g', arguments: 'free', custom: true },
    ])
    expect(messages[1]?.parts).toMatchObject([{ callId: 'a', name: 'f', content: [{ text: 'r' }] }])
    expect(messages[2]?.parts).toMatchObject([{ callId: 'b', name: 'g', custom: true }])
  })

  test('in the deprecated form of functions has ids that match', () => {
    const { messages, tools, toolChoice } = read({
      functions: [{ name: 'f', parameters: {} }],
      function_call: { name: 'f' },
      messages: [
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"a":1}' } },
        { role: 'function', name: 'f', content: 'r' },
      ],
    })
    const [call] = messages[0]?.parts ?? []
    const [result] = messages[1]?.parts ?? []
    const id = call?.type === 'tool-call' ? call.id : ''
    expect(id).toMatch(/^call_/)
    expect(result).toMatchObject({ type: 'tool-result', callId: id, name: 'f' })
    expect([tools.length, toolChoice]).toEqual([1, { type: 'tool', name: 'f' }])
  })
})

describe('reasoning that comes back', () => {
  const thoughts = (rest: JsonObject) => message({ role: 'assistant', content: '', ...rest })?.parts

  test('in whole entries, or in the fragments of a stream, is the same', () => {
    const format = 'anthropic-messages'
    const fragments = [
      { type: 'reasoning.text', text: 'a', index: 0 },
      { type: 'reasoning.text', text: 'b', index: 0 },
      { type: 'reasoning.text', signature: 'S', format, index: 0 },
      { type: 'reasoning.encrypted', data: 'D', format, index: 1 },
    ]
    const whole = [
      { type: 'reasoning.text', text: 'ab', signature: 'S', format, index: 0 },
      fragments[3],
    ]
    const parts = thoughts({ reasoning_content: 'ab', reasoning_details: fragments })
    expect(parts).toMatchObject([
      { text: 'ab', signature: 'S', redacted: null, signedBy: 'anthropic-messages' },
      { text: '', signature: null, redacted: 'D', signedBy: 'anthropic-messages' },
    ])
    expect(thoughts({ reasoning_details: whole })).toEqual(parts)
  })

  test('with its text beside the signature', () => {
    const details = [
      { type: 'reasoning.text', signature: 'S', format: 'openai-responses', index: 0 },
    ]
    expect(thoughts({ reasoning_content: 'ab', reasoning_details: details })).toMatchObject([
      { text: 'ab', signature: 'S', signedBy: 'openai-responses' },
    ])
  })

  test('in the blocks of LiteLLM’s clients is Anthropic’s', () => {
    const blocks = [
      { type: 'thinking', thinking: 'a', signature: 'S' },
      { type: 'redacted_thinking', data: 'D' },
    ]
    expect(thoughts({ thinking_blocks: blocks, reasoning_content: 'a' })).toMatchObject([
      { text: 'a', signature: 'S', signedBy: 'anthropic-messages' },
      { redacted: 'D', signedBy: 'anthropic-messages' },
    ])
  })

  test('goes to providers with the signatures of this dialect only', () => {
    const details = [
      { type: 'reasoning.text', text: 'a', signature: 'S', format: 'anthropic-messages', index: 0 },
      { type: 'reasoning.encrypted', data: 'D', format: 'gemini', index: 1 },
      { type: 'reasoning.text', text: 'b', signature: 'T', format: 'google-gemini-v1', index: 2 },
    ]
    const request = read({ messages: [{ role: 'assistant', reasoning_details: details }] })
    const [written] = writeChatRequest(request).messages as JsonObject[]
    expect(written).toEqual({
      ...{ role: 'assistant', content: '', reasoning_content: 'ab' },
      reasoning_details: [
        { type: 'reasoning.text', text: 'a', index: 0 },
        { ...details[2], index: 1 },
      ],
    })
  })
})
