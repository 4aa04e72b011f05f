/** What is asked of Claude by `InvokeModel`. */
import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../../src/core/errors.ts'
import type { JsonObject } from '../../../src/core/json.ts'
import { anthropicMessages } from '../../../src/protocol/anthropic-messages.ts'
import { withBetas, writeCountRequest } from '../../../src/protocol/bedrock-invoke/request.ts'
import { bedrockInvoke } from '../../../src/protocol/bedrock-invoke.ts'
import { openaiChat } from '../../../src/protocol/openai-chat.ts'
import type { Protocol } from '../../../src/protocol/protocol.ts'
import { translationOf } from '../../../src/protocol/translation.ts'

const path = { model: null, stream: null }
const model = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const read = (from: Protocol, body: object) =>
  translationOf(from).readRequest({ model, ...body }, path)
const asked = (from: Protocol, body: object): JsonObject =>
  translationOf(bedrockInvoke).writeRequest(read(from, body))

function refusalOf(run: () => unknown): GatewayError {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
  }
  throw new Error('nothing was refused')
}

/** Most of what the Messages API has, and what this program has no words for. */
const messages = {
  max_tokens: 2048,
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
  thinking: { type: 'enabled', budget_tokens: 1024 },
  tools: [
    { type: 'bash_20250124', name: 'bash' },
    { name: 'f', input_schema: { type: 'object', properties: {} }, eager_input_streaming: true },
  ],
  tool_choice: { type: 'auto', disable_parallel_tool_use: true },
  stop_sequences: ['END'],
  metadata: { user_id: 'user-1' },
  context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] },
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look.' },
        {
          type: 'image',
          source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' },
        },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
        { type: 'redacted_thinking', data: 'AA==' },
        { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } },
      ],
    },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 'toolu_1',
          content: [{ type: 'text', text: 'no' }],
          is_error: true,
        },
      ],
    },
  ],
}

describe('a request', () => {
  test('of the Messages API stays what it is, but for what AWS has elsewhere', () => {
    const written = asked(anthropicMessages, { ...messages, stream: true, service_tier: 'auto' })
    expect(written as object).toEqual({ anthropic_version: 'bedrock-2023-05-31', ...messages })
  })

  test('of another dialect is one of the Messages API', () => {
    const body = {
      messages: [{ role: 'user', content: 'Hello?' }],
      ...{ max_completion_tokens: 5, stream: true, seed: 7, service_tier: 'default' },
    }
    expect(asked(openaiChat, body) as object).toEqual({
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 5,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello?' }] }],
    })
  })

  const showing = (part: object): object => ({
    max_tokens: 5,
    messages: [{ role: 'user', content: [part] }],
  })
  const address = { type: 'url', url: 'https://example.com/a' }
  const uploaded = { type: 'file', file_id: 'file_1' }
  const shown = { type: 'image', source: address }
  test.each([
    ['a picture by its address', shown, 'image.url'],
    ['a document by its address', { type: 'document', source: address }, 'file.url'],
    ['a file', { type: 'document', source: uploaded }, 'file.id'],
    [
      'a picture in a result',
      { type: 'tool_result', tool_use_id: 'toolu_1', content: [shown] },
      'image.url',
    ],
  ])('with %s is refused', (_, part, param) => {
    const refusal = refusalOf(() => asked(anthropicMessages, showing(part)))
    expect([refusal.status, refusal.detail.param]).toEqual([400, param])
    const losses = translationOf(bedrockInvoke).losses.request
    expect(losses.find(({ what }) => what === param)?.how).toBe('refused')
  })

  test('that is only counted goes whole into the question', () => {
    const { input } = writeCountRequest(read(anthropicMessages, messages)) as {
      input: { invokeModel: { body: string } }
    }
    const body = JSON.parse(Buffer.from(input.invokeModel.body, 'base64').toString())
    expect(body).toEqual(asked(anthropicMessages, messages))
  })
})

describe('features of a header', () => {
  test.each([
    [{}, null, undefined],
    [{}, '', undefined],
    [{}, 'a, b', ['a', 'b']],
    [{ anthropic_beta: ['b'] }, 'a,b', ['b', 'a']],
    [{ anthropic_beta: ['b'] }, null, ['b']],
  ] as const)('%j and %p', (body, header, expected) => {
    expect(withBetas({ max_tokens: 5, ...body }, header)).toEqual({
      max_tokens: 5,
      ...(expected !== undefined && { anthropic_beta: expected }),
    })
  })
})
