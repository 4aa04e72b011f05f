/** Requests of this dialect: there and back, and what is refused on the way in. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import type { JsonObject } from '../../../src/core/json.ts'
import {
  readCount,
  readCountRequest,
  writeCount,
  writeCountRequest,
} from '../../../src/protocol/anthropic-messages/count-tokens.ts'
import {
  hasForeignThinking,
  lacksThinking,
} from '../../../src/protocol/anthropic-messages/foreign-thinking.ts'
import { request } from './arbitrary.ts'
import { translation } from './stand.ts'

const nowhere = { model: null, stream: null }
const read = (body: JsonObject) => translation.readRequest(body, nowhere)
const wire = (body: JsonObject): JsonObject => JSON.parse(JSON.stringify(body))

test('what was written is read as it was', () => {
  const seed = Number(Bun.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
  fc.assert(
    fc.property(request, (made) => {
      const body = wire(translation.writeRequest(made))
      // A turn that another provider began cannot be thought on: the one listed loss that is met.
      const isLost = made.reasoning?.budgetTokens != null && body.thinking === undefined
      if (isLost) expect(lacksThinking(body.messages as JsonObject[])).toBe(true)
      else expect(read(body)).toEqual(made)
      expect(wire(translation.writeRequest(read(body)))).toEqual(body)
    }),
    { numRuns: 400, seed, verbose: 0 },
  )
})

const minimal = { model: 'claude-x', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] }

describe('a whole request', () => {
  const body = {
    ...minimal,
    stream: true,
    system: [{ type: 'text', text: 'S', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image', source: { type: 'url', url: 'https://a.example/x.png' } },
          {
            type: 'document',
            title: 'D',
            source: { type: 'text', media_type: 'text/plain', data: 'x' },
          },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm', signature: 'sig' },
          { type: 'redacted_thinking', data: 'xyz' },
          { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_1', is_error: true, content: 'no' },
          { type: 'text', text: 'Go on' },
        ],
      },
    ],
    tools: [{ name: 'f', input_schema: { type: 'object' } }],
    tool_choice: { type: 'any', disable_parallel_tool_use: true },
    thinking: { type: 'enabled', budget_tokens: 2_000, display: 'omitted' },
    output_config: { effort: 'high', format: { type: 'json_schema', schema: { type: 'object' } } },
    metadata: { user_id: 'u', other: 1 },
    stop_sequences: ['X'],
    service_tier: 'standard_only',
    mcp_servers: [{ name: 'm' }],
    temperature: 1,
    top_k: 5,
  }

  test('is understood', () => {
    const made = read(body)
    expect(made.messages.map(({ role }) => role)).toEqual([
      ...(['system', 'user', 'assistant', 'tool', 'user'] as const),
    ])
    expect(made.messages[0]?.parts).toMatchObject([{ text: 'S', cache: { ttl: '1h' } }])
    expect(made.messages[3]?.parts).toMatchObject([
      { callId: 'toolu_1', name: 'f', isError: true, content: [{ text: 'no' }] },
    ])
    expect(made).toMatchObject({
      stream: true,
      toolChoice: { type: 'required' },
      parallelToolCalls: false,
      reasoning: { enabled: true, effort: 'high', budgetTokens: 2_000, summary: null },
      responseFormat: { type: 'json-schema', schema: { type: 'object' } },
      userId: 'u',
      serviceTier: 'default',
      stop: ['X'],
      topK: 5,
      extra: {
        dialect: 'anthropic-messages',
        fields: {
          mcp_servers: [{ name: 'm' }],
          metadata: { other: 1 },
          thinking: { display: 'omitted' },
        },
      },
    })
  })

  test('is the same again, up to the spelling of texts', () => {
    const again = translation.writeRequest(read(body))
    const results = again.messages as { content: object[] }[]
    expect(results[2]?.content[0]).toEqual({
      type: 'tool_result',
      tool_use_id: 'toolu_1',
      is_error: true,
      content: [{ type: 'text', text: 'no' }],
    })
    expect({ ...again, messages: [] }).toEqual({ ...body, messages: [] })
  })
})

describe('content of its own', () => {
  const parts = (content: unknown, role = 'user') =>
    read({ ...minimal, messages: [{ role, content }] }).messages[0]?.parts
  const again = (content: unknown) =>
    translation.writeRequest(read({ ...minimal, messages: [{ role: 'user', content }] })).messages

  test('a search result is a text for others, and itself again', () => {
    const content = [
      {
        type: 'search_result',
        source: 'https://a.example/',
        title: 'T',
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two' },
        ],
        citations: { enabled: true },
      },
    ]
    expect(parts(content)).toMatchObject([
      { type: 'file', filename: 'T', source: { kind: 'text', text: 'one\ntwo' } },
    ])
    expect(again(content)).toEqual([{ role: 'user', content }])
  })

  test('a document of blocks is a text for others, and itself again', () => {
    const source = { type: 'content', content: [{ type: 'text', text: 'one' }] }
    const content = [{ type: 'document', source, citations: { enabled: true } }]
    expect(parts(content)).toMatchObject([{ type: 'file', source: { kind: 'text', text: 'one' } }])
    expect(again(content)).toEqual([{ role: 'user', content }])
  })

  test('unsigned thinking is read, and not sent back', () => {
    const content = [{ type: 'thinking', thinking: 'Hm', signature: '' }]
    expect(parts(content, 'assistant')).toMatchObject([{ text: 'Hm', signedBy: null }])
    expect(again(content)).toEqual([])
  })

  test('later system messages stay where they are', () => {
    const messages = [
      { role: 'user', content: [{ type: 'text', text: 'a' }] },
      { role: 'system', content: [{ type: 'text', text: 'b' }] },
    ]
    expect(translation.writeRequest(read({ ...minimal, messages })).messages).toEqual(messages)
  })

  test('thinking between tools keeps its name', () => {
    const thinking = { type: 'between_tools' }
    expect(translation.writeRequest(read({ ...minimal, thinking })).thinking).toEqual(thinking)
  })

  test('the older name of the format is understood', () => {
    const output_format = { type: 'json_schema', schema: { type: 'object' } }
    expect(read({ ...minimal, output_format }).responseFormat).toMatchObject({
      type: 'json-schema',
      schema: { type: 'object' },
    })
  })
})

describe('a request that is wrong is refused, by name', () => {
  const user = (content: unknown) => ({ messages: [{ role: 'user', content }] })
  test.each<[string, JsonObject]>([
    ['max_tokens', { max_tokens: undefined }],
    ['max_tokens', { max_tokens: '5' }],
    ['max_tokens', { max_tokens: -1 }],
    ['messages', { messages: null }],
    ['messages', { messages: 'Hi' }],
    ['messages.0', { messages: ['Hi'] }],
    ['messages.0.role', { messages: [{ role: 'tool', content: '' }] }],
    ['messages.0.role', { messages: [{ content: '' }] }],
    ['messages.0.content', user(5)],
    ['messages.0.content', user(null)],
    ['messages.0.content.0', user(['Hi'])],
    ['messages.0.content.0.type', user([{ text: 'Hi' }])],
    ['messages.0.content.0.text', user([{ type: 'text' }])],
    ['messages.0.content.0.source', user([{ type: 'image' }])],
    ['messages.0.content.0.source.type', user([{ type: 'image', source: { type: 'x' } }])],
    ['messages.0.content.0.source.data', user([{ type: 'image', source: { type: 'base64' } }])],
    ['messages.0.content.0.tool_use_id', user([{ type: 'tool_result' }])],
    ['messages.0.content.0.cache_control', user([{ type: 'text', text: 'a', cache_control: 1 }])],
    ['system', { system: [{ type: 'image', source: { type: 'url', url: 'x' } }] }],
    ['system', { system: 5 }],
    ['stream', { stream: 'yes' }],
    ['temperature', { temperature: 'hot' }],
    ['top_k', { top_k: 1.5 }],
    ['stop_sequences.1', { stop_sequences: ['a', 1] }],
    ['tools.0.name', { tools: [{ input_schema: {} }] }],
    ['tools.0.input_schema', { tools: [{ name: 'f' }] }],
    ['tool_choice.type', { tool_choice: { type: 'x' } }],
    ['tool_choice.name', { tool_choice: { type: 'tool' } }],
    ['thinking.type', { thinking: {} }],
    ['thinking.budget_tokens', { thinking: { type: 'enabled' } }],
    ['output_config.format.type', { output_config: { format: { type: 'xml' } } }],
    ['output_config.format.schema', { output_config: { format: { type: 'json_schema' } } }],
    ['metadata', { metadata: 'x' }],
  ])('%s in %j', (param, wrong) => {
    const refuse = () => read({ ...minimal, ...wrong })
    expect(refuse).toThrow(GatewayError)
    try {
      refuse()
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'invalid_request', status: 400, detail: { param } })
      expect((thrown as GatewayError).message).toStartWith(`${param}: `)
    }
  })

  test('without a model', () => {
    expect(() => read({ ...minimal, model: '' })).toThrow("'model'")
    const path = { model: 'from-path', stream: true }
    expect(translation.readRequest({ ...minimal, model: undefined }, path)).toMatchObject(path)
  })
})

describe('counting tokens', () => {
  test('needs no limit, and says only what counts', () => {
    const { max_tokens: _, ...body } = minimal
    const tools = [{ name: 'f', input_schema: { type: 'object' } }]
    const asked = readCountRequest({ ...body, tools, stream: true, temperature: 1 }, nowhere)
    expect(writeCountRequest({ ...asked, stop: ['X'], userId: 'u' })).toEqual({
      model: 'claude-x',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      tools,
    })
  })

  test('answers one number', () => {
    expect(readCount(wire(writeCount(7)))).toBe(7)
    expect(readCount({ error: 'x' })).toBeNull()
  })
})

describe('thinking in a turn of tools', () => {
  const use = { type: 'tool_use', id: 'a', name: 'f', input: {} }
  const asked = { role: 'user', content: 'Go on' }
  const called = { role: 'assistant', content: [use] }
  const thought = {
    role: 'assistant',
    content: [{ type: 'thinking', thinking: 'Hm', signature: 's' }, use],
  }
  const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a' }] }
  test.each([
    ['is missed where the turn began without', [asked, called, result], true],
    ['is there where it began with it', [asked, thought, result], false],
    ['counts for all of the turn', [asked, thought, result, called, result], false],
    [
      'of an earlier turn counts for nothing',
      [asked, thought, result, asked, called, result],
      true,
    ],
    ['is not asked of a turn that is over', [asked, called, result, called, asked], false],
    ['is not asked of the first turn', [asked], false],
  ])('%s', (_, messages, expected) => {
    expect(lacksThinking(messages)).toBe(expected)
    const thinking = { type: 'enabled', budget_tokens: 2_000 }
    const body = { model: 'claude-x', max_tokens: 4_000, thinking, messages }
    expect(hasForeignThinking(body)).toBe(expected)
    expect(translation.writeRequest(read(body)).thinking === undefined).toBe(expected)
  })
})
