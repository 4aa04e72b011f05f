/** Requests to providers. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { JsonObject } from '../../../src/core/json.ts'
import type { HubRequest, Message, Part } from '../../../src/protocol/hub/request.ts'
import { readChatRequest } from '../../../src/protocol/openai-chat/request-read.ts'
import { writeChatRequest } from '../../../src/protocol/openai-chat/request-write.ts'
import { requests } from './arbitrary.ts'
import { message, nowhere, read, refusal, text } from './requests.ts'
import { emptyRequest } from './stand.ts'

test('what is written and read again is the same', () => {
  // A failure prints the seed and the path that repeat it.
  fc.assert(
    fc.property(requests, (request) => {
      const written = JSON.parse(JSON.stringify(writeChatRequest(request)))
      expect(readChatRequest(written, nowhere)).toEqual(request)
    }),
    { numRuns: 400, ...(Bun.env.FUZZ_SEED && { seed: Number(Bun.env.FUZZ_SEED) }) },
  )
}, 60_000)

describe('a request to a provider', () => {
  const write = (rest: Partial<HubRequest>): JsonObject => writeChatRequest(emptyRequest(rest))
  const writtenMessages = (...messages: readonly Message[]) => write({ messages }).messages
  const result = (callId: string, ...content: readonly Part[]): Part => ({
    ...{ type: 'tool-result', callId, name: null, content, isError: true, custom: false },
    cache: null,
  })
  const image: Part = {
    ...{ type: 'image', detail: null, cache: null },
    source: { kind: 'base64', data: 'AAAA', mediaType: 'image/png' },
  }

  test('always asks for the usage of a stream', () => {
    expect(write({ includeUsage: false })).toMatchObject({
      ...{ stream: true, stream_options: { include_usage: true } },
    })
    const whole = write({ stream: false })
    expect([whole.stream, whole.stream_options]).toEqual([undefined, undefined])
  })

  test('says nothing that was not said', () => {
    expect(write({ stream: false })).toEqual({ model: 'asked', messages: [] })
  })

  test('gives each result of a tool a message, and pictures one after them all', () => {
    const both = [result('a', text('r'), image), result('b', text('s'))]
    const written = writtenMessages(
      { role: 'tool', parts: both, name: null },
      { role: 'tool', parts: [result('c')], name: null },
      { role: 'user', parts: [text('go on')], name: null },
    )
    expect(written).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'r' },
      { role: 'tool', tool_call_id: 'b', content: 's' },
      { role: 'tool', tool_call_id: 'c', content: '' },
      {
        role: 'user',
        content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }],
      },
      { role: 'user', content: 'go on' },
    ])
  })

  test('has null content beside calls', () => {
    const parts = read({
      messages: [
        { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}' } }] },
      ],
    }).messages
    expect(writtenMessages(...parts)).toMatchObject([{ content: null, tool_calls: [{ id: 'a' }] }])
  })

  test('names custom tools as custom where one is chosen', () => {
    const custom = { type: 'custom', name: 'g', description: null, format: null } as const
    const chosen = write({ tools: [custom], toolChoice: { type: 'tool', name: 'g' } })
    expect(chosen.tool_choice).toEqual({ type: 'custom', custom: { name: 'g' } })
  })

  test.each([
    [{ budgetTokens: 1024 }, 'low'],
    [{ budgetTokens: 8000, enabled: true }, 'medium'],
    [{ budgetTokens: 32_000 }, 'high'],
    [{ enabled: false }, 'none'],
    [{ effort: 'xhigh', budgetTokens: 1 }, 'xhigh'],
    [{ enabled: true }, undefined],
  ])('turns reasoning of %j into an effort', (settings, effort) => {
    const nothing = { enabled: null, effort: null, budgetTokens: null, summary: null }
    expect(write({ reasoning: { ...nothing, ...settings } }).reasoning_effort).toBe(effort)
  })

  const foreign = { dialect: 'anthropic-messages', value: { type: 'web_search_20250305' } } as const
  test.each([
    ['tools', { tools: [{ type: 'native', native: foreign }] }],
    [
      'messages',
      {
        messages: [
          { role: 'tool', name: null, parts: [result('a'), { type: 'native', native: foreign }] },
        ],
      },
    ],
    ['messages.assistant.image', { messages: [{ role: 'assistant', name: null, parts: [image] }] }],
    ['messages.system.image', { messages: [{ role: 'system', name: null, parts: [image] }] }],
    [
      'messages.user.image',
      {
        messages: [
          {
            ...{ role: 'user', name: null },
            parts: [{ ...image, source: { kind: 'file', id: 'f', mediaType: null } }],
          },
        ],
      },
    ],
    [
      'previous_response_id',
      { extra: { dialect: 'openai-responses', fields: { previous_response_id: 'r' } } },
    ],
    ['echo', { extra: { dialect: 'openai-completions', fields: { echo: true } } }],
    ['suffix', { extra: { dialect: 'openai-completions', fields: { suffix: 'x' } } }],
  ])('is refused where %s cannot be said', (param, rest) => {
    expect(refusal(() => write(rest as Partial<HubRequest>)).detail.param).toBe(param)
  })

  test('leaves out what is on the list, and keeps what means the same', () => {
    const fields = { include: ['x'], truncation: 'auto', prompt_cache_key: 'k' }
    const written = write({ extra: { dialect: 'openai-responses', fields } })
    expect([written.include, written.truncation, written.prompt_cache_key]).toEqual([
      ...[undefined, undefined, 'k'],
    ])
  })

  test('has the signature of a call only where a compatible provider made it', () => {
    const signed = (signature: string): unknown => {
      const made = { id: 'a', name: 'f', arguments: '{}', custom: false, signature, cache: null }
      const parts: Part[] = [{ type: 'tool-call', ...made }]
      return writtenMessages({ role: 'assistant', parts, name: null })
    }
    const google = { google: { thought_signature: 'S' } }
    expect(signed('openai-chat|S')).toMatchObject([{ tool_calls: [{ extra_content: google }] }])
    expect(JSON.stringify(signed('S'))).not.toContain('extra_content')
    const call = { id: 'a', function: { name: 'f', arguments: '{}' }, extra_content: google }
    const read = message({ role: 'assistant', tool_calls: [call] })
    expect(read?.parts).toMatchObject([{ signature: 'S' }])
  })
})
