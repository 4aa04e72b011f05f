/** What is written for the answers of other dialects, read back by the official SDKs. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createAnthropic } from '@ai-sdk/anthropic'
import Anthropic from '@anthropic-ai/sdk'
import { streamText } from 'ai'
import { GatewayError } from '../../../src/core/errors.ts'
import { hasForeignThinking } from '../../../src/protocol/anthropic-messages/foreign-thinking.ts'
import type { HubEvent, HubUsage } from '../../../src/protocol/hub/events.ts'
import { framesOf } from '../answer-server.ts'
import { context, decode, encode, Stand, translation } from './stand.ts'

let stand: Stand
beforeAll(() => {
  stand = new Stand()
})
afterAll(() => stand.close())

const at = (block: number) => ({ choice: 0, block })
const start: HubEvent = {
  type: 'start',
  id: 'chatcmpl-1',
  model: 'gpt-x',
  createdS: 1,
  serviceTier: null,
  fingerprint: 'fp',
}
const end: HubEvent = { type: 'end' }
const text = (block: number, value: string): HubEvent => ({
  type: 'text-delta',
  ...at(block),
  text: value,
  logprobs: null,
})
const think = (block: number, value: string): HubEvent => ({
  type: 'reasoning-delta',
  ...at(block),
  text: value,
  summary: false,
})
const call = (block: number, id: string, signature: string | null = null): HubEvent => ({
  type: 'tool-start',
  ...at(block),
  id,
  name: `name_${id}`,
  custom: false,
  signature,
})
const args = (block: number, value: string): HubEvent => ({
  type: 'tool-delta',
  ...at(block),
  arguments: value,
})
const stop = (block: number): HubEvent => ({ type: 'block-end', ...at(block) })
const finish = (
  reason: Extract<HubEvent, { type: 'finish' }>['reason'],
  native: string | null = null,
): HubEvent => ({ type: 'finish', choice: 0, reason, native, stopSequence: null, details: null })
const counts: HubUsage = {
  inputTokens: 100,
  outputTokens: 20,
  cachedInputTokens: 30,
  cacheWriteInputTokens: 10,
  reasoningTokens: 5,
  native: null,
}
const usage: HubEvent = { type: 'usage', usage: counts }
const signature = (
  block: number,
  kind: 'signature' | 'redacted',
  signedBy: 'openai-responses' | 'anthropic-messages' | 'gemini',
): HubEvent => ({
  type: 'reasoning-signature',
  ...at(block),
  kind,
  signature: 'op.aque==',
  signedBy,
  id: 'rs_1.2',
})

const types = (events: readonly HubEvent[]) =>
  framesOf(encode(events)).map(({ data }) => {
    const event = JSON.parse(data)
    return event.type === 'content_block_start'
      ? `start ${event.index} ${event.content_block.type}`
      : `${event.type}${event.index === undefined ? '' : ` ${event.index}`}`
  })

describe('the SDK reads', () => {
  test('thinking, text and parallel calls whose fragments interleave', async () => {
    const message = await stand.message(
      encode([
        ...[start, think(0, 'Hm'), think(0, 'm'), text(1, 'A'), text(1, 'b'), call(2, 'a')],
        ...[args(2, '{"x"'), call(3, 'b'), args(3, '{"y":'), args(2, ':1}'), text(1, 'late')],
        ...[args(3, '2}'), stop(2), stop(0), stop(1), stop(3), finish('tool-calls'), usage, end],
      ]),
    )
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'Hmm', signature: '' },
      { type: 'text', text: 'Ab' },
      { type: 'tool_use', id: 'a', name: 'name_a', input: { x: 1 } },
      { type: 'tool_use', id: 'b', name: 'name_b', input: { y: 2 } },
      { type: 'text', text: 'late' },
    ])
    expect(message).toMatchObject({ id: 'chatcmpl-1', model: 'gpt-x', stop_reason: 'tool_use' })
    expect(message.usage as unknown).toEqual({
      input_tokens: 60,
      cache_creation_input_tokens: 10,
      cache_read_input_tokens: 30,
      output_tokens: 20,
      output_tokens_details: { thinking_tokens: 5 },
    })
  })

  test('a call without arguments as an empty object', async () => {
    const events = [start, call(0, 'a'), stop(0), finish('tool-calls'), end]
    expect((await stand.message(encode(events))).content).toMatchObject([{ input: {} }])
  })

  test('a call whose arguments were cut off, in valid framing', () => {
    const written = encode([
      start,
      call(0, 'a'),
      args(0, '{"x": "un'),
      stop(0),
      finish('length'),
      end,
    ])
    expect(decode(framesOf(written)).at(-1)).toEqual(end)
    const events = [start, call(0, 'a'), args(0, '{"x": "un'), stop(0), finish('length'), end]
    expect(translation.writeResponse(events, context)).toMatchObject({
      content: [{ input: { arguments: '{"x": "un' } }],
      stop_reason: 'max_tokens',
    })
  })

  test('the text of a tool that takes no JSON, as one string', async () => {
    const custom: HubEvent = { ...call(0, 'a'), custom: true } as HubEvent
    const pieces = [args(0, 'a "quote"\n'), args(0, '\ud83d'), args(0, '\ude00')]
    const message = await stand.message(
      encode([start, custom, ...pieces, stop(0), finish('tool-calls'), end]),
    )
    expect(message.content).toMatchObject([{ input: { input: 'a "quote"\n😀' } }])
  })

  test('an answer without content, start, finish or usage', async () => {
    const message = await stand.message(encode([end]))
    expect(message).toMatchObject({
      id: 'msg_123',
      model: 'claude-asked-for',
      content: [],
      stop_reason: 'end_turn',
      usage: { input_tokens: 0, output_tokens: 0 },
    })
  })

  test('a refusal as text, with its reason', async () => {
    const refusal: HubEvent = { type: 'refusal', ...at(0), text: 'No.' }
    const message = await stand.message(encode([start, refusal, stop(0), finish('stop'), end]))
    expect(message.content).toMatchObject([{ type: 'text', text: 'No.' }])
    expect(message.stop_reason).toBe('refusal')
  })

  test('citations with an address, and none without', async () => {
    const native = { dialect: 'openai-chat', value: {} } as const
    const cited = { title: 't', citedText: 'c', start: 0, end: 1, native }
    const message = await stand.message(
      encode([
        ...[start, text(0, 'A')],
        { type: 'citation', ...at(0), citation: { ...cited, url: 'https://a.example/' } },
        { type: 'citation', ...at(0), citation: { ...cited, url: null } },
        ...[stop(0), finish('stop'), end],
      ]),
    )
    expect(message.content).toMatchObject([
      { citations: [{ url: 'https://a.example/', title: 't' }] },
    ])
    expect(message.content[0]).toHaveProperty('citations.length', 1)
    // A made-up citation is not sent back: Anthropic would look for what it points to.
    const messages = [{ role: 'assistant', content: JSON.parse(JSON.stringify(message.content)) }]
    const body = { model: 'claude', max_tokens: 1, messages }
    const again = translation.readRequest(body, { model: null, stream: null })
    expect(again.messages[0]?.parts).toMatchObject([{ citations: [{ url: 'https://a.example/' }] }])
    expect(translation.writeRequest(again).messages).toEqual([
      { role: 'assistant', content: [{ type: 'text', text: 'A' }] },
    ])
  })

  test('an error, before content and after it, and nothing behind it', async () => {
    const error: HubEvent = { type: 'error', error: new GatewayError('upstream_idle_timeout') }
    for (const before of [[], [start], [start, text(0, 'A')]]) {
      const written = encode([...before, error, text(0, 'B'), finish('stop'), end])
      const raised = await stand.message(written).catch((thrown: unknown) => thrown)
      expect(raised).toBeInstanceOf(Anthropic.APIError)
      expect(raised).toMatchObject({
        error: {
          type: 'error',
          error: { type: 'timeout_error', message: 'The provider stopped sending.' },
          request_id: 'req_123',
        },
      })
      expect(written).not.toContain('message_stop')
      expect(written).not.toContain('"B"')
    }
  })
})

test('the ai package reads the same', async () => {
  stand.streams(
    encode([
      ...[start, think(0, 'Hm'), stop(0), text(1, 'Hi'), stop(1), call(2, 'a'), args(2, '{"x":1}')],
      ...[stop(2), finish('tool-calls'), usage, end],
    ]),
  )
  const provider = createAnthropic({ baseURL: stand.baseUrl, apiKey: 'any' })
  const result = streamText({ model: provider('claude'), prompt: 'Hi', maxRetries: 0 })
  expect(await result.text).toBe('Hi')
  expect(await result.reasoningText).toBe('Hm')
  expect(await result.finishReason).toBe('tool-calls')
  expect(await result.toolCalls).toMatchObject([
    { toolCallId: 'a', toolName: 'name_a', input: { x: 1 } },
  ])
  expect(await result.usage).toMatchObject({ inputTokens: 100, outputTokens: 20 })
})

describe('the order of blocks', () => {
  test('text ends when something else begins, though its end is told late', () => {
    expect(
      types([start, text(0, 'A'), think(1, 'B'), text(0, 'C'), stop(0), stop(1), end]),
    ).toEqual([
      ...['message_start', 'start 0 text', 'content_block_delta 0', 'content_block_stop 0'],
      ...['start 1 thinking', 'content_block_delta 1', 'content_block_stop 1'],
      ...['start 2 text', 'content_block_delta 2', 'content_block_stop 2'],
      ...['message_delta', 'message_stop'],
    ])
  })

  test('nothing that is empty opens a block', () => {
    expect(
      types([start, text(0, ''), think(1, ''), stop(0), stop(1), finish('stop'), end]),
    ).toEqual(['message_start', 'message_delta', 'message_stop'])
  })

  test('calls that never end wait for the end', () => {
    const events = [start, call(0, 'a'), call(1, 'b'), args(1, '{}'), args(0, '{}'), end]
    expect(types(events).filter((type) => type.startsWith('content_block_stop'))).toEqual([
      'content_block_stop 0',
      'content_block_stop 1',
    ])
  })

  test('a call that waited behind text is written while it comes', () => {
    const writer = translation.writer(context)
    writer.write([start, call(0, 'a'), text(1, 'A'), call(2, 'b'), args(2, '{'), stop(0)])
    expect(writer.write([args(2, '}')])).toContain('"index":2,"delta":{"type":"input_json_delta"')
  })

  test('other choices and the events of other dialects are left out', () => {
    const native = { dialect: 'gemini', value: { block: null, event: { type: 'x' } } } as const
    const events: HubEvent[] = [
      start,
      { type: 'raw', choice: 0, native },
      { ...(text(0, 'other') as Extract<HubEvent, { type: 'text-delta' }>), choice: 1 },
      end,
    ]
    expect(types(events)).toEqual(['message_start', 'message_delta', 'message_stop'])
  })

  test('is the same in one batch and one by one', () => {
    const events = [start, usage, think(0, 'H'), text(1, 'A'), call(2, 'a'), usage, stop(2), end]
    expect(translation.writer(context).write(events)).toBe(encode(events))
  })

  test('usage that follows the finish is in the end', () => {
    const written = encode([start, text(0, 'A'), stop(0), finish('length', 'MAX'), usage, end])
    expect(written).toMatch(/"message_delta".*"max_tokens".*"output_tokens":20/)
    expect(written.match(/"type":"message_delta"/g)).toHaveLength(1)
  })
})

describe('signatures of other providers', () => {
  /** What the client sends back with the next turn. */
  async function returned(events: readonly HubEvent[]) {
    const { content } = await stand.message(encode([start, ...events, finish('stop'), end]))
    const messages = [{ role: 'assistant', content: JSON.parse(JSON.stringify(content)) }]
    const body = { model: 'claude', max_tokens: 1, messages }
    const request = translation.readRequest(body, { model: null, stream: null })
    return request.messages[0]?.parts
  }
  const part = { type: 'reasoning', signedBy: 'openai-responses', id: 'rs_1.2' }

  test('come back with the thinking that they belong to', async () => {
    const events = [think(0, 'Hm'), signature(0, 'signature', 'openai-responses'), stop(0)]
    expect(await returned(events)).toMatchObject([{ ...part, text: 'Hm', signature: 'op.aque==' }])
  })

  test('come back without visible thinking', async () => {
    const events = [signature(0, 'redacted', 'openai-responses'), stop(0), text(1, 'A'), stop(1)]
    expect(await returned(events)).toMatchObject([
      { ...part, text: '', redacted: 'op.aque==' },
      { text: 'A' },
    ])
  })

  test('come back when they arrive after the text', async () => {
    const late = signature(0, 'signature', 'openai-responses')
    expect(await returned([think(0, 'Hm'), text(1, 'A'), late, stop(0), stop(1)])).toMatchObject([
      { type: 'reasoning', text: 'Hm', signature: null, signedBy: null },
      { text: 'A' },
      { ...part, text: '', signature: 'op.aque==' },
    ])
  })

  test('come back on the call that they belong to', async () => {
    const events = [call(0, 'a', 'sig'), stop(0), call(1, 'b'), stop(1)]
    expect(await returned(events)).toMatchObject([
      { type: 'tool-call', id: 'a', signature: 'sig' },
      { type: 'tool-call', id: 'b', signature: null },
    ])
  })

  test('of our own are what they were', async () => {
    const events = [think(0, 'Hm'), signature(0, 'signature', 'anthropic-messages'), stop(0)]
    expect(await returned(events)).toMatchObject([
      { signature: 'op.aque==', signedBy: 'anthropic-messages' },
    ])
    const hidden = [signature(0, 'redacted', 'anthropic-messages'), stop(0)]
    expect(await returned(hidden)).toMatchObject([
      { redacted: 'op.aque==', signedBy: 'anthropic-messages' },
    ])
  })
})

test('thinking of other providers is found before it is passed on', async () => {
  const found = async (...events: HubEvent[]) => {
    const { content } = await stand.message(encode([start, ...events, finish('stop'), end]))
    return hasForeignThinking({ messages: [{ role: 'user', content: 'Hi' }, { content }] })
  }
  expect(await found(text(0, 'A'))).toBe(false)
  expect(await found(think(0, 'A'))).toBe(true)
  expect(await found(think(0, 'A'), signature(0, 'signature', 'anthropic-messages'))).toBe(false)
  expect(await found(signature(0, 'redacted', 'anthropic-messages'))).toBe(false)
  expect(await found(think(0, 'A'), signature(0, 'signature', 'gemini'))).toBe(true)
  expect(await found(call(0, 'a', 'sig'))).toBe(true)
  expect(hasForeignThinking({ messages: [null, { content: [1] }] })).toBe(false)
})

test('an answer that is an error is thrown', () => {
  const error = new GatewayError('upstream_reset')
  expect(() => translation.writeResponse([start, { type: 'error', error }], context)).toThrow(error)
})
