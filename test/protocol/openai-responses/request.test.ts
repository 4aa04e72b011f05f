/** Requests: what clients send, read and written again; and what cannot be said. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import type { JsonObject } from '../../../src/core/json.ts'
import type { HubRequest, Message, Part } from '../../../src/protocol/hub/request.ts'
import { foreignReasoning, request } from './arbitrary.ts'
import { emptyRequest, noPath, translation } from './stand.ts'

const seed = Number(Bun.env.FUZZ_SEED ?? 0xc0ffee)

const read = (body: JsonObject) => translation.readRequest({ model: 'm', ...body }, noPath)
const write = (rest: Partial<HubRequest>) => translation.writeRequest({ ...emptyRequest, ...rest })
const messagesOf = (...input: readonly object[]) => read({ input }).messages
const from = (dialect: HubRequest['extra']['dialect'], fields: JsonObject = {}) => ({
  extra: { dialect, fields },
})
const text = (said: string): Part => ({
  type: 'text',
  text: said,
  citations: [],
  cache: null,
  signature: null,
})
const user = (...parts: readonly Part[]): Message => ({ role: 'user', parts, name: null })
const assistant = (...parts: readonly Part[]): Message => ({ role: 'assistant', parts, name: null })

/** The parameter that a refusal names. */
function refused(act: () => unknown): unknown {
  try {
    act()
    return 'nothing was refused'
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) return thrown
    return thrown.status === 400 && thrown.message.includes(`'${thrown.detail.param}'`)
      ? thrown.detail.param
      : thrown
  }
}

describe('any request', () => {
  test('written and read again is the same', () => {
    fc.assert(
      fc.property(request, (made) => {
        const body: unknown = JSON.parse(JSON.stringify(translation.writeRequest(made)))
        expect(translation.readRequest(body as JsonObject, noPath)).toEqual(made)
      }),
      { seed, numRuns: 400 },
    )
  })

  test('says nothing of reasoning that somebody else signed', () => {
    fc.assert(
      fc.property(foreignReasoning, (part) => {
        const { input } = write({ messages: [user(text('Hi')), assistant(part, text('Yes'))] })
        expect(JSON.stringify(input)).not.toContain('reasoning')
      }),
      { seed, numRuns: 50 },
    )
  })
})

describe('what an agent sends', () => {
  test('is one turn of the assistant, and one message of results', () => {
    const messages = messagesOf(
      { role: 'user', content: 'Weather?' },
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
      {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        status: 'completed',
        phase: 'commentary',
        content: [{ type: 'output_text', text: 'Looking.', annotations: [] }],
      },
      { type: 'function_call', id: 'fc_1', call_id: 'a', name: 'f', arguments: '{"x":1}' },
      { type: 'custom_tool_call', call_id: 'b', name: 'sh', input: 'ls' },
      { type: 'function_call_output', call_id: 'a', output: 'sun' },
      {
        type: 'custom_tool_call_output',
        call_id: 'b',
        output: [
          { type: 'input_text', text: 'a.png' },
          { type: 'input_image', image_url: 'data:image/jpeg;base64,AAAA', detail: 'low' },
        ],
      },
    )
    expect(messages).toMatchObject([
      { role: 'user', parts: [{ type: 'text', text: 'Weather?' }] },
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', text: '', redacted: 'gAAA', signedBy: 'openai-responses' },
          { type: 'text', text: 'Looking.' },
          { type: 'tool-call', id: 'a', name: 'f', arguments: '{"x":1}', custom: false },
          { type: 'tool-call', id: 'b', name: 'sh', arguments: 'ls', custom: true },
        ],
      },
      {
        role: 'tool',
        parts: [
          { type: 'tool-result', callId: 'a', name: 'f', content: [{ text: 'sun' }] },
          {
            type: 'tool-result',
            callId: 'b',
            name: 'sh',
            custom: true,
            content: [
              { type: 'text', text: 'a.png' },
              {
                type: 'image',
                source: { kind: 'base64', data: 'AAAA', mediaType: 'image/jpeg' },
                detail: 'low',
              },
            ],
          },
        ],
      },
    ])
  })

  test('without storing: its reasoning makes the round trip', () => {
    const item = {
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: 'Hm.' }],
      encrypted_content: 'gAAA',
    }
    const body = { store: false, include: ['reasoning.encrypted_content'], input: [item] }
    const written = translation.writeRequest(read(body))
    expect(written).toMatchObject({ model: 'm', ...body })
  })

  test('text alone is one message of the user; instructions are its system', () => {
    const { messages } = read({ input: 'Hi', instructions: 'Be brief.' })
    expect(messages).toEqual([
      { role: 'system', parts: [text('Be brief.')], name: null },
      user(text('Hi')),
    ])
    expect(write({ messages })).toMatchObject({
      instructions: 'Be brief.',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
    })
  })

  test('files come by address, data, or id; markers are kept for who can use them', () => {
    const [message] = messagesOf({
      role: 'user',
      content: [
        { type: 'input_file', file_url: 'https://a.b/c.pdf' },
        { type: 'input_file', file_data: 'data:text/csv;base64,QQ==', filename: 'a.csv' },
        { type: 'input_file', file_data: 'JVBERg==', filename: 'a.pdf' },
        { type: 'input_file', file_id: 'file-1', prompt_cache_breakpoint: { mode: 'explicit' } },
        { type: 'input_image', file_id: 'file-2' },
      ],
    })
    const sources = message?.parts.map((part) => ('source' in part ? part.source : null))
    expect(sources).toEqual([
      { kind: 'url', url: 'https://a.b/c.pdf', mediaType: null },
      { kind: 'base64', data: 'QQ==', mediaType: 'text/csv' },
      { kind: 'base64', data: 'JVBERg==', mediaType: 'application/pdf' },
      { kind: 'file', id: 'file-1', mediaType: null },
      { kind: 'file', id: 'file-2', mediaType: null },
    ])
    expect(message?.parts[3]).toMatchObject({ cache: { ttl: null } })
  })

  test('items of tools that the provider knows alone stay as they are', () => {
    const items = [
      { type: 'computer_call', call_id: 'c', id: 'cu_1', action: {} },
      { type: 'computer_call_output', call_id: 'c', output: {} },
      { type: 'item_reference', id: 'msg_1' },
      { type: 'compaction', encrypted_content: 'x' },
    ]
    const messages = messagesOf(...items)
    expect(messages.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant'])
    expect(write({ messages }).input).toEqual(items)
  })

  test('what says nothing is not kept, and what concerns state is', () => {
    const { extra } = read({
      input: 'Hi',
      background: false,
      truncation: 'disabled',
      previous_response_id: null,
      conversation: { id: 'conv_1' },
      prompt: { id: 'pmpt_1' },
      tool_choice: { type: 'web_search' },
      reasoning: { effort: 'low', context: 'auto', mode: 'pro' },
      user: 'a',
      safety_identifier: 'b',
    })
    expect(extra.fields).toEqual({
      conversation: { id: 'conv_1' },
      prompt: { id: 'pmpt_1' },
      tool_choice: { type: 'web_search' },
      'reasoning.mode': 'pro',
      user: 'a',
    })
  })
})

describe('a wrong request names its parameter', () => {
  const item = (rest: object) => ({ input: [{ type: 'function_call', ...rest }] })
  test.each<[string, JsonObject]>([
    ['input', { input: 7 }],
    ['input[1]', { input: [{ role: 'user', content: 'Hi' }, 'x'] }],
    ['input[0].type', { input: [{ id: 'x' }] }],
    ['input[0].role', { input: [{ role: 'robot', content: 'Hi' }] }],
    ['input[0].content', { input: [{ role: 'user', content: 7 }] }],
    ['input[0].content[0].type', { input: [{ role: 'user', content: [{}] }] }],
    [
      'input[0].content[0].image_url',
      { input: [{ role: 'user', content: [{ type: 'input_image' }] }] },
    ],
    ['input[0].call_id', item({ name: 'f' })],
    ['input[0].name', item({ call_id: 'a' })],
    ['temperature', { input: 'Hi', temperature: 'hot' }],
    ['stream', { input: 'Hi', stream: 'yes' }],
    ['tools', { input: 'Hi', tools: {} }],
    ['tools[0].name', { input: 'Hi', tools: [{ type: 'function' }] }],
    ['tool_choice.name', { input: 'Hi', tool_choice: { type: 'function' } }],
    ['text.format.schema', { input: 'Hi', text: { format: { type: 'json_schema' } } }],
    ['reasoning.effort', { input: 'Hi', reasoning: { effort: 3 } }],
  ])('%s', (param, body) => {
    expect(refused(() => read(body))).toBe(param)
  })
})

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
    ['content', { messages: [user({ type: 'native', native: { dialect: 'gemini', value: {} } })] }],
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
