/** Requests of other dialects: what is said, what is lost by the list, and what is refused. */
import { describe, expect, test } from 'bun:test'
import type { HubRequest, Part } from '../../../src/protocol/hub/request.ts'
import { assistant, from, refused, text, user, write } from './words.ts'

describe('a request of another dialect', () => {
  test.each<[string, Partial<HubRequest>]>([
    ['stop', { stop: ['x'] }],
    ['n', { choices: 2 }],
    ['logit_bias', { logitBias: { 50256: -100 } }],
    ['input_audio', { messages: [user({ type: 'audio', data: 'AA', format: 'wav' })] }],
    [
      'image',
      {
        messages: [
          assistant({
            type: 'image',
            source: { kind: 'url', url: 'https://a.b', mediaType: null },
            detail: null,
            cache: null,
          }),
        ],
      },
    ],
    [
      'messages',
      { messages: [user({ type: 'native', native: { dialect: 'gemini', value: {} } })] },
    ],
    ['tools', { tools: [{ type: 'native', native: { dialect: 'gemini', value: {} } }] }],
    ['cachedContent', from('gemini', { cachedContent: 'x' })],
    ['mcp_servers', from('anthropic-messages', { mcp_servers: [] })],
  ])('that needs %s is refused', (param, rest) => {
    expect(refused(() => write(rest))).toBe(param)
  })

  test('loses what is on the list, and keeps what both say', () => {
    const written = write({
      ...from('openai-chat', { prompt_cache_key: 'k', prediction: {}, stream_options: {} }),
      seed: 1,
      topK: 3,
      frequencyPenalty: 1,
      presencePenalty: 1,
      choices: 1,
      includeUsage: true,
      serviceTier: 'standard_only',
      outputTokensMax: 1,
    })
    expect(written).toEqual({
      model: 'm',
      input: [],
      stream: false,
      max_output_tokens: 16,
      prompt_cache_key: 'k',
      store: false,
    })
  })

  test('gets reasoning that can be sent back, where it asks for reasoning', () => {
    const budget = (budgetTokens: number) => ({
      ...from('anthropic-messages'),
      reasoning: { enabled: true, effort: null, budgetTokens, summary: null },
    })
    const include = ['reasoning.encrypted_content']
    expect(write(budget(1_024))).toMatchObject({
      include,
      store: false,
      reasoning: { effort: 'low', summary: 'auto' },
    })
    expect(write(budget(8_000)).reasoning).toMatchObject({ effort: 'medium' })
    expect(write(budget(32_000)).reasoning).toMatchObject({ effort: 'high' })
    const off = { enabled: false, effort: null, budgetTokens: null, summary: null }
    const written = write({ ...from('anthropic-messages'), reasoning: off })
    expect([written.include, written.reasoning]).toEqual([undefined, { effort: 'none' }])
  })

  test('keeps the strictness that it had', () => {
    const tool = {
      type: 'function',
      name: 'f',
      description: null,
      parameters: null,
      strict: null,
      cache: null,
    } as const
    const parameters = { type: 'object', properties: {} }
    expect(write({ ...from('openai-chat'), tools: [tool] }).tools).toEqual([
      { type: 'function', name: 'f', parameters, strict: false },
    ])
    expect(write({ tools: [tool] }).tools).toEqual([{ type: 'function', name: 'f', parameters }])
  })

  test('has calls whose ids fit, and results that still match', () => {
    const id = 'x'.repeat(65)
    const call = { name: 'f', arguments: '{}', custom: false, signature: null, cache: null }
    const result = { name: null, content: [text('ok')], isError: true, custom: false, cache: null }
    const { input } = write({
      messages: [
        assistant({ type: 'tool-call', id, ...call }),
        { role: 'tool', parts: [{ type: 'tool-result', callId: id, ...result }], name: null },
      ],
    })
    const ids = (input as { call_id: string }[]).map(({ call_id }) => call_id)
    expect([ids[0] === ids[1], ids[0]?.length]).toEqual([true, 29])
  })

  test('says text files as text, and names the others', () => {
    const file = (source: Extract<Part, { type: 'file' }>['source']): Part => ({
      type: 'file',
      source,
      filename: null,
      cache: null,
    })
    const { input } = write({
      messages: [
        user(
          file({ kind: 'text', text: 'Hello', mediaType: 'text/plain' }),
          file({ kind: 'base64', data: 'QQ==', mediaType: 'application/pdf' }),
        ),
      ],
    })
    expect(input).toEqual([
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'Hello' },
          {
            type: 'input_file',
            file_data: 'data:application/pdf;base64,QQ==',
            filename: 'file.pdf',
          },
        ],
      },
    ])
  })

  test('leaves out what another server’s tools did, and keeps what was said of it', () => {
    const native = { dialect: 'anthropic-messages', value: { type: 'server_tool_use' } } as const
    const { input } = write({
      ...from('anthropic-messages'),
      messages: [assistant({ type: 'native', native }, text('Found it.'))],
    })
    expect(input).toEqual([
      {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Found it.', annotations: [] }],
      },
    ])
  })
})
