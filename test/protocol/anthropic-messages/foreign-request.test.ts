/** Requests of other dialects, in words that Claude accepts; and those that have none. */
import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../../src/core/errors.ts'
import { losses } from '../../../src/protocol/anthropic-messages/losses.ts'
import { modelTraits } from '../../../src/protocol/anthropic-messages/models.ts'
import type { HubRequest, Message, Part } from '../../../src/protocol/hub/request.ts'
import { emptyRequest, translation } from './stand.ts'

const text = (value: string): Part => ({
  type: 'text',
  text: value,
  citations: [],
  cache: null,
  signature: null,
})
const say = (role: Message['role'], ...parts: Part[]): Message => ({ role, parts, name: null })
const call = (id: string, args = '{}'): Part => ({
  type: 'tool-call',
  id,
  name: 'f',
  arguments: args,
  custom: false,
  signature: null,
  cache: null,
})
const result = (callId: string): Part => ({
  type: 'tool-result',
  callId,
  name: 'f',
  content: [text('done')],
  isError: false,
  custom: false,
  cache: null,
})
const hi = say('user', text('Hi'))

function write(request: Partial<HubRequest>, fields: object = {}) {
  return translation.writeRequest({
    ...emptyRequest,
    messages: [hi],
    outputTokensMax: null,
    extra: { dialect: 'openai-chat', fields: { ...fields } },
    ...request,
  })
}
const turns = (...messages: Message[]) =>
  write({ messages }).messages as { role: string; content: Record<string, unknown>[] }[]

describe('messages', () => {
  test('of the system stand at the top, wherever they were said', () => {
    const messages = [say('system', text('a')), hi, say('developer', text('b'))]
    const { system, messages: written } = write({ messages })
    expect(system).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ])
    expect(written).toHaveLength(1)
  })

  test('of the system alone are said by the user', () => {
    const body = write({ messages: [say('system', text('a'))] })
    expect(body).toMatchObject({ messages: [{ role: 'user', content: [{ text: 'a' }] }] })
    expect(body.system).toBeUndefined()
  })

  test('take turns, results of tools first', () => {
    const messages = [hi, say('assistant', call('a'), call('b')), say('tool', result('a'))]
    const written = turns(...messages, say('user', text('and')), say('tool', result('b')))
    expect(written.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
    expect(written[2]?.content).toMatchObject([
      { type: 'tool_result', tool_use_id: 'a' },
      { type: 'tool_result', tool_use_id: 'b' },
      { type: 'text', text: 'and' },
    ])
  })

  test('that are empty, and texts that are, are left out', () => {
    const written = turns(
      say('user', text('')),
      say('assistant', text('A')),
      say('user', text('')),
      hi,
    )
    expect(written.map(({ role }) => role)).toEqual(['assistant', 'user'])
  })

  test('that are to be continued end in something visible', () => {
    expect(turns(hi, say('assistant', text('So: \n')))[1]?.content).toMatchObject([{ text: 'So:' }])
    expect(turns(hi, say('assistant', text(' ')))).toHaveLength(1)
    expect(turns(hi, say('assistant', text('a ')), hi)[1]?.content).toMatchObject([{ text: 'a ' }])
  })

  test('carry calls with legal ids, each of its own, and their results', () => {
    const again = [
      say('assistant', call('functions.get:0')),
      say('tool', result('functions.get:0')),
    ]
    const written = turns(hi, ...again, ...again)
    const uses = [written[1]?.content[0]?.id, written[3]?.content[0]?.id]
    const results = [written[2]?.content[0]?.tool_use_id, written[4]?.content[0]?.tool_use_id]
    expect(results).toEqual(uses)
    expect(new Set(uses).size).toBe(2)
    for (const id of uses) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
  })

  test('carry arguments as objects, whatever the model wrote', () => {
    const inputOf = (args: string) =>
      turns(hi, say('assistant', call('a', args)), say('tool', result('a')))[1]?.content[0]?.input
    expect(inputOf('')).toEqual({})
    expect(inputOf(' {"a": [1]} ')).toEqual({ a: [1] })
    expect(inputOf('{"a": "cut')).toEqual({ arguments: '{"a": "cut' })
    expect(inputOf('[1]')).toEqual({ arguments: [1] })
  })

  test('carry only our own signatures', () => {
    const reasoning = { type: 'reasoning', text: 'Hm', redacted: null, id: null } as const
    const parts: Part[] = [
      { ...reasoning, signature: 'x', signedBy: 'openai-responses' },
      { ...reasoning, signature: null, signedBy: null },
      { ...reasoning, signature: 'ours', signedBy: 'anthropic-messages' },
    ]
    expect(turns(hi, say('assistant', ...parts))[1]?.content).toEqual([
      { type: 'thinking', thinking: 'Hm', signature: 'ours' },
    ])
  })

  test('carry pictures and files in the kinds that exist', () => {
    const file = (mediaType: string, data: string): Part => ({
      type: 'file',
      source: { kind: 'base64', data, mediaType },
      filename: 'n',
      cache: null,
    })
    const parts = [
      file('application/pdf', 'JVBE'),
      file('text/csv', btoa('a,b')),
      file('image/png', 'iVBO'),
    ]
    expect(turns(say('user', ...parts))[0]?.content).toEqual([
      {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' },
        title: 'n',
      },
      {
        type: 'document',
        source: { type: 'text', media_type: 'text/plain', data: 'a,b' },
        title: 'n',
      },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBO' } },
    ])
    expect(() => turns(say('user', file('application/zip', 'UEsD')))).toThrow('messages')
  })
})

describe('what is refused names the parameter', () => {
  const image: Part = {
    type: 'image',
    source: { kind: 'file', id: 'file-1', mediaType: null },
    detail: null,
    cache: null,
  }
  const native = { type: 'native', native: { dialect: 'openai-responses', value: {} } } as const
  const cases: readonly (readonly [string, Partial<HubRequest>, object])[] = [
    ['n', { choices: 2 }, {}],
    ['logprobs', { logprobs: true }, {}],
    ['logprobs', { topLogprobs: 2 }, {}],
    ['logit_bias', { logitBias: { 50256: -100 } }, {}],
    ['stop', { stop: ['\n'] }, {}],
    ['tools', { tools: [native] }, {}],
    ['input_audio', { messages: [say('user', { type: 'audio', data: '', format: 'wav' })] }, {}],
    ['file_id', { messages: [say('user', image)] }, {}],
    ['messages', { messages: [say('assistant', image)] }, {}],
    [
      'reasoning_effort',
      { reasoning: { enabled: null, effort: 'wild', budgetTokens: null, summary: null } },
      {},
    ],
    ['web_search_options', {}, { web_search_options: { x: 1 } }],
    ['modalities', {}, { modalities: ['text', 'audio'] }],
    ['previous_response_id', {}, { previous_response_id: 'resp_1' }],
  ]
  test.each(cases)('%s', (param, request, fields) => {
    try {
      write(request, fields)
      throw new Error('it was written')
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(GatewayError)
      expect(thrown).toMatchObject({ code: 'invalid_request', detail: { param } })
    }
  })

  test('and nothing that asks for nothing', () => {
    const fields = { modalities: ['text'], background: false, tools2: null, x: {}, y: [] }
    const body = write(
      { choices: 1, logprobs: false, topLogprobs: 0, logitBias: {}, seed: 1, verbosity: 'low' },
      { ...fields, prompt_cache_key: 'k', safetySettings: [1] },
    )
    expect(Object.keys(body).sort()).toEqual(['max_tokens', 'messages', 'model'])
  })

  test('and everything that may be dropped is on the list once', () => {
    const names = losses.request.map(({ what }) => what)
    expect(new Set(names).size).toBe(names.length)
    for (const { note } of [...losses.request, ...losses.answer])
      expect(note).toMatch(/^[A-Z].*\.$/)
  })
})

describe('the limit of an answer', () => {
  test.each([
    ['claude-3-haiku-20240307', 4_096],
    ['claude-3-opus-latest', 4_096],
    ['anthropic.claude-v2:1', 4_096],
    ['claude-3-5-sonnet-20241022', 8_192],
    ['anthropic/claude-3.5-haiku', 8_192],
    ['claude-3-7-sonnet-latest', 32_000],
    ['claude-opus-4-1-20250805', 32_000],
    ['claude-sonnet-4@20250514', 32_000],
    ['claude-sonnet-4-0', 32_000],
    ['us.anthropic.claude-haiku-4-5-20251001-v1:0', 32_000],
    ['claude-sonnet-4-6', 64_000],
    ['claude-opus-4-7', 64_000],
    ['claude-opus-5', 64_000],
    ['claude-something-9', 64_000],
    ['kimi-k2', 8_192],
  ])('%s is %d where the client names none', (model, max_tokens) => {
    expect(write({ model }).max_tokens).toBe(max_tokens)
    expect(write({ model, outputTokensMax: 77 }).max_tokens).toBe(77)
  })
})

describe('thinking and sampling', () => {
  const reasoning = (values: Partial<NonNullable<HubRequest['reasoning']>>) => ({
    reasoning: { enabled: null, effort: null, budgetTokens: null, summary: null, ...values },
  })
  const older = 'claude-sonnet-4-5'
  const newer = 'claude-opus-4-7'

  test('older models get a budget that leaves room for the answer', () => {
    const effort = (level: string, outputTokensMax: number | null = null) =>
      write({ model: older, outputTokensMax, ...reasoning({ effort: level }) }).thinking
    expect(effort('low')).toEqual({ type: 'enabled', budget_tokens: 2_048 })
    expect(effort('high')).toEqual({ type: 'enabled', budget_tokens: 16_384 })
    expect(effort('high', 5_000)).toEqual({ type: 'enabled', budget_tokens: 3_976 })
    expect(effort('high', 1_500)).toBeUndefined()
    expect(effort('none')).toBeUndefined()
    const budget = write({ model: older, ...reasoning({ budgetTokens: 100 }) }).thinking
    expect(budget).toEqual({ type: 'enabled', budget_tokens: 1_024 })
  })

  test('newer models get an effort, and are asked to show it', () => {
    const shown = { type: 'adaptive', display: 'summarized' }
    const body = write({ model: newer, ...reasoning({ effort: 'minimal' }) })
    expect([body.thinking, body.output_config]).toEqual([shown, { effort: 'low' }])
    const budget = write({ model: newer, ...reasoning({ budgetTokens: 20_000 }) })
    expect([budget.thinking, budget.output_config]).toEqual([shown, { effort: 'high' }])
    const xhigh = (model: string) =>
      write({ model, ...reasoning({ effort: 'xhigh' }) }).output_config
    expect([xhigh(newer), xhigh('claude-opus-4-6')]).toEqual([
      { effort: 'xhigh' },
      { effort: 'high' },
    ])
    expect(write({ model: newer, ...reasoning({ effort: 'none' }) }).thinking).toEqual({
      type: 'disabled',
    })
    const fable = write({ model: 'claude-fable-5', ...reasoning({ enabled: false }) })
    expect([fable.thinking, fable.output_config]).toEqual([undefined, { effort: 'low' }])
  })

  test('a forced tool excludes thinking', () => {
    const forced = { toolChoice: { type: 'required' }, ...reasoning({ effort: 'high' }) } as const
    expect(write({ model: older, ...forced }).thinking).toBeUndefined()
    expect(write({ model: newer, ...forced }).thinking).toBeUndefined()
  })

  test('a turn of tools that lost its thinking goes on without', () => {
    const messages = [hi, say('assistant', call('a')), say('tool', result('a'))]
    const request = { messages, ...reasoning({ effort: 'high' }) }
    expect(write({ model: older, ...request }).thinking).toBeUndefined()
    expect(write({ model: newer, ...request }).thinking).toBeDefined()
    expect(
      write({ model: older, ...request, messages: [...messages, say('assistant', text('x')), hi] })
        .thinking,
    ).toBeDefined()
  })

  test('sampling is clamped, and left out where it is refused', () => {
    const sampling = { temperature: 1.7, topP: 0.5, topK: 9 }
    expect(write({ model: older, ...sampling })).toMatchObject({ temperature: 1, top_k: 9 })
    expect(write({ model: older, ...sampling }).top_p).toBeUndefined()
    expect(write({ model: older, topP: 0.5 }).top_p).toBe(0.5)
    const thinking = write({ model: older, ...sampling, ...reasoning({ effort: 'low' }) })
    expect([thinking.temperature, thinking.top_k]).toEqual([undefined, undefined])
    expect(write({ model: newer, ...sampling }).temperature).toBeUndefined()
    expect(modelTraits('claude-sonnet-4.6').takesSampling).toBe(true)
  })
})

describe('tools and formats', () => {
  const tool = (name: string) =>
    ({
      type: 'function',
      name,
      description: null,
      parameters: null,
      strict: null,
      cache: null,
    }) as const

  test('allowed tools are the ones that are left', () => {
    const body = write({
      tools: [tool('a'), tool('b')],
      toolChoice: { type: 'allowed', mode: 'required', names: ['b'] },
      parallelToolCalls: false,
    })
    expect(body.tools).toEqual([{ name: 'b', input_schema: { type: 'object', properties: {} } }])
    expect(body.tool_choice).toEqual({ type: 'any', disable_parallel_tool_use: true })
  })

  test('a choice without tools is none', () => {
    expect(write({ toolChoice: { type: 'auto' } }).tool_choice).toBeUndefined()
    const none = write({
      tools: [tool('a')],
      toolChoice: { type: 'none' },
      parallelToolCalls: true,
    })
    expect(none.tool_choice).toEqual({ type: 'none' })
  })

  test('a JSON mode is an instruction', () => {
    const body = write({ responseFormat: { type: 'json' } })
    expect(body.system).toMatchObject([{ text: expect.stringContaining('JSON object') }])
  })

  test('a schema is closed, and what is not enforced is described', () => {
    const schema = {
      $schema: 'x',
      type: 'object',
      properties: {
        a: { type: 'integer', minimum: 1, description: 'A' },
        b: { type: 'array', items: { type: 'object', properties: {} }, minItems: 3 },
        c: { oneOf: [{ type: 'string', format: 'date' }, { $ref: '#/$defs/d' }] },
      },
      required: ['a'],
      $defs: { d: { type: 'object', properties: {}, additionalProperties: true } },
    }
    const format = {
      type: 'json-schema',
      name: 'n',
      description: null,
      schema,
      strict: true,
    } as const
    const body = write({ responseFormat: format })
    expect(body.output_config).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: {
            a: { type: 'integer', description: 'A\n\nConstraints: minimum: 1' },
            b: {
              type: 'array',
              items: { type: 'object', properties: {}, additionalProperties: false },
              description: 'Constraints: minItems: 3',
            },
            c: { anyOf: [{ type: 'string', format: 'date' }, { $ref: '#/$defs/d' }] },
          },
          required: ['a'],
          $defs: { d: { type: 'object', properties: {}, additionalProperties: false } },
          additionalProperties: false,
        },
      },
    })
    const open = { ...schema, additionalProperties: { type: 'string' } }
    expect(() => write({ responseFormat: { ...format, schema: open } })).toThrow('response_format')
  })
})
