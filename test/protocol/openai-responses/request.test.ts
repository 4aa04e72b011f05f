/** Requests of this dialect: what clients send, read and written again. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { JsonObject } from '../../../src/core/json.ts'
import { anthropicMessages } from '../../../src/protocol/anthropic-messages.ts'
import { gemini } from '../../../src/protocol/gemini.ts'
import { openaiChat } from '../../../src/protocol/openai-chat.ts'
import { translationOf } from '../../../src/protocol/translation.ts'
import { foreignReasoning, request } from './arbitrary.ts'
import { noPath, translation } from './stand.ts'
import { assistant, messagesOf, read, refused, text, user, write } from './words.ts'

const seed = Number(Bun.env.FUZZ_SEED ?? 0xc0ffee)

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

  test('a call without arguments has an empty object, and two names of a user stay two', () => {
    const [message] = messagesOf({ type: 'function_call', call_id: 'a', name: 'f', arguments: '' })
    expect(message?.parts).toMatchObject([{ arguments: '{}' }])
    const users = { user: 'a', safety_identifier: 'b' }
    expect(translation.writeRequest(read({ input: 'Hi', ...users }))).toMatchObject(users)
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

  test('items without which it would be another request are refused by every other dialect', () => {
    for (const type of ['item_reference', 'compaction']) {
      const made = read({
        input: [
          { type, id: 'x' },
          { role: 'user', content: 'Hi' },
        ],
      })
      expect(made.extra.fields).toEqual({ [`input.${type}`]: true })
      expect(translation.writeRequest(made)).not.toHaveProperty([`input.${type}`])
      for (const protocol of [openaiChat, anthropicMessages, gemini]) {
        const others = translationOf(protocol)
        // Some of them name the message that it stands in.
        expect(refused(() => others.writeRequest(made))).toMatch(/^(input|messages)/)
      }
    }
  })

  test.each([
    { previous_response_id: 'resp_1' },
    { conversation: 'conv_1' },
    { background: true },
    { prompt: { id: 'p' } },
    { tool_choice: { type: 'web_search' } },
  ])('what is kept elsewhere is refused by every other dialect: %p', (rest) => {
    const made = read({ input: 'Hi', ...rest })
    for (const protocol of [openaiChat, anthropicMessages, gemini]) {
      const others = translationOf(protocol)
      expect(refused(() => others.writeRequest(made))).toBe(Object.keys(rest)[0])
    }
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
