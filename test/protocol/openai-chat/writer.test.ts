/** The stream that is written: exactly what OpenAI's own server would send (reference, 13). */
import { describe, expect, test } from 'bun:test'
import { APIError } from 'openai'
import { GatewayError } from '../../../src/core/errors.ts'
import type { FinishReason, HubEvent } from '../../../src/protocol/hub/events.ts'
import { readChatRequest } from '../../../src/protocol/openai-chat/request-read.ts'
import { writeChatResponse } from '../../../src/protocol/openai-chat/response-write.ts'
import { readChatResponse } from '../../../src/protocol/openai-chat/stream-read.ts'
import { ChatStreamWriter } from '../../../src/protocol/openai-chat/stream-write.ts'
import type { AnswerContext } from '../../../src/protocol/translation.ts'
import { accountOfEvents, accountOfSdk } from './account.ts'
import { contextOf, standOfFile } from './stand.ts'

const stand = standOfFile()

const choice = 0
const start: HubEvent = {
  ...{ type: 'start', id: 'msg_1', model: 'claude', createdS: null },
  ...{ serviceTier: null, fingerprint: null },
}
const text = (text: string, block = 0, at = choice): HubEvent => ({
  ...{ type: 'text-delta', choice: at, block, text, logprobs: null },
})
const think = (text: string, block = 0, summary = false): HubEvent => ({
  ...{ type: 'reasoning-delta', choice, block, text, summary },
})
const tool = (block: number, id: string, custom = false): HubEvent => ({
  ...{ type: 'tool-start', choice, block, id, name: 'f', custom, signature: null },
})
const args = (block: number, text: string): HubEvent => ({
  ...{ type: 'tool-delta', choice, block, arguments: text },
})
const over = (block: number): HubEvent => ({ type: 'block-end', choice, block })
const finish = (reason: FinishReason = 'stop', at = choice): HubEvent => ({
  ...{ type: 'finish', choice: at, reason, native: null, stopSequence: null, details: null },
})
const usage: HubEvent = {
  type: 'usage',
  usage: {
    ...{ inputTokens: 9, outputTokens: 5, cachedInputTokens: 4, cacheWriteInputTokens: 2 },
    ...{ reasoningTokens: 1, native: { dialect: 'anthropic-messages', value: {} } },
  },
}
const end: HubEvent = { type: 'end' }

interface Chunk {
  readonly id: string
  readonly model: string
  readonly created: number
  readonly object: string
  readonly usage?: unknown
  readonly error?: unknown
  readonly choices: readonly {
    readonly index: number
    readonly delta: Record<string, unknown>
    readonly finish_reason: string | null
  }[]
}

/** The parsed chunks, and whether the marker came at the end and only there. */
function written(events: readonly HubEvent[], context: Partial<AnswerContext> = {}) {
  const writer = new ChatStreamWriter(contextOf(context))
  const sse = events.map((event) => writer.write([event])).join('')
  // Together or one by one: the same text.
  expect(new ChatStreamWriter(contextOf(context)).write(events)).toBe(sse)
  const data = sse.split('\n\n').map((event) => event.replace(/^data: /, ''))
  expect(data.pop()).toBe('')
  const done = data.at(-1) === '[DONE]'
  if (done) data.pop()
  return { sse, done, chunks: data.map((each): Chunk => JSON.parse(each)) }
}

const deltas = (chunks: readonly Chunk[], at = 0): unknown[] =>
  chunks.flatMap((chunk) => chunk.choices.filter(({ index }) => index === at)).map((c) => c.delta)

describe('the chunks', () => {
  test('share one head, which is never empty', () => {
    const { chunks, done } = written([start, text('a'), { ...start, id: 'x' }, finish(), end])
    const heads = chunks.map(({ id, model, created, object }) => ({ id, model, created, object }))
    expect(new Set(heads.map((head) => JSON.stringify(head))).size).toBe(1)
    expect(heads[0]).toEqual({
      ...{ id: 'msg_1', model: 'claude', created: 1_700_000_000 },
      object: 'chat.completion.chunk',
    })
    expect(done).toBe(true)
    const [bare] = written([{ ...start, id: '', model: '' } as HubEvent, text('a')]).chunks
    expect(bare).toMatchObject({ id: 'chatcmpl-abc', model: 'asked' })
    const [missing] = written([text('a')]).chunks
    expect(missing).toMatchObject({ id: 'chatcmpl-abc', model: 'asked' })
  })

  test('open each answer with its role, and close it once', () => {
    const { chunks } = written([
      ...[start, text('a'), text('b', 0, 1), text(''), finish('stop', 1), text('c')],
      ...[finish(), finish('length'), text('late'), end],
    ])
    expect(deltas(chunks)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      ...[{ content: 'a' }, { content: 'c' }, {}],
    ])
    expect(deltas(chunks, 1)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      ...[{ content: 'b' }, {}],
    ])
    const reasons = chunks.flatMap(({ choices }) => choices.map((each) => each.finish_reason))
    expect(reasons.filter(Boolean)).toEqual(['stop', 'stop'])
  })

  test('count tool calls only, however they interleave', () => {
    const { chunks } = written([
      ...[start, think('hm', 0), over(0), text('a', 1), tool(2, 'x'), tool(5, 'y', true)],
      ...[args(5, 'free'), args(2, '{"a"'), args(2, ':1}'), over(2), tool(6, 'z'), over(6)],
      ...[args(6, 'late'), over(5), finish('tool-calls'), end],
    ])
    const calls = deltas(chunks).flatMap(
      (delta) => (delta as Chunk['choices'][0]['delta']).tool_calls ?? [],
    )
    expect(calls).toEqual([
      { index: 0, id: 'x', type: 'function', function: { name: 'f', arguments: '' } },
      { index: 1, id: 'y', type: 'custom', custom: { name: 'f', input: '' } },
      { index: 1, custom: { input: 'free' } },
      { index: 0, function: { arguments: '{"a"' } },
      { index: 0, function: { arguments: ':1}' } },
      { index: 2, id: 'z', type: 'function', function: { name: 'f', arguments: '' } },
      { index: 2, function: { arguments: '{}' } },
    ])
  })

  test('have null content where an answer begins with a call or a refusal', () => {
    const [call] = deltas(written([start, tool(0, 'x')]).chunks)
    expect(call).toEqual({ role: 'assistant', content: null, refusal: null })
    const no = {
      type: 'refusal',
      choice,
      block: 0,
      text: 'No',
      logprobs: { refusal: [1] },
    } as const
    const { chunks } = written([start, no, finish(), end])
    expect(deltas(chunks)).toEqual([
      { role: 'assistant', content: null, refusal: null },
      ...[{ refusal: 'No' }, {}],
    ])
    expect(chunks[1]?.choices[0]).toMatchObject({ logprobs: { refusal: [1] } })
  })

  test('say usage only to who asked, last, without choices', () => {
    const { chunks } = written([start, text('a'), usage, finish(), usage, end])
    expect(chunks.slice(0, -1).map((chunk) => chunk.usage)).toEqual([null, null, null])
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: {
        ...{ prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 },
        prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 1 },
      },
    })
    const silent = written([start, text('a'), usage, finish(), end], { includeUsage: false })
    expect(silent.sse).not.toContain('usage')
    expect(written([start, text('a'), finish(), end]).chunks.at(-1)?.choices).not.toEqual([])
  })

  test('never invent a count', () => {
    const unknown = { ...usage.usage, outputTokens: null, reasoningTokens: null }
    const { chunks } = written([start, finish(), { type: 'usage', usage: unknown }, end])
    expect(chunks.at(-1)?.usage).toEqual({
      prompt_tokens: 9,
      prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
    })
    const nothing = { ...unknown, inputTokens: null }
    const last = written([start, finish(), { type: 'usage', usage: nothing }, end]).chunks.at(-1)
    expect(last?.usage).toBeNull()
  })

  test('say reasoning so that it can be sent back', () => {
    const signedBy = 'anthropic-messages'
    const signed = { type: 'reasoning-signature', choice, signedBy, id: null } as const
    const { chunks } = written([
      ...[start, think('a', 0), think('b', 0)],
      { ...signed, kind: 'signature', block: 0, signature: 'S0' },
      { ...signed, block: 1, kind: 'redacted', signature: 'D1', id: 'r' },
      think('c', 2, true),
      ...[finish(), end],
    ])
    const format = signedBy
    expect(deltas(chunks).slice(1, -1)).toEqual([
      said('a', { type: 'reasoning.text', text: 'a', index: 0 }),
      said('b', { type: 'reasoning.text', text: 'b', index: 0 }),
      { reasoning_details: [{ type: 'reasoning.text', signature: 'S0', format, index: 0 }] },
      {
        reasoning_details: [{ type: 'reasoning.encrypted', data: 'D1', format, id: 'r', index: 1 }],
      },
      said('c', { type: 'reasoning.summary', summary: 'c', index: 2 }),
    ])
  })

  test('say sources as annotations, and what is its own as it was', () => {
    const native = { dialect: 'anthropic-messages', value: {} } as const
    const citation = {
      url: 'https://a.example',
      title: null,
      citedText: 'q',
      start: 1,
      end: 2,
      native,
    }
    const { chunks } = written([
      start,
      { type: 'citation', choice, block: 0, citation },
      { type: 'citation', choice, block: 0, citation: { ...citation, url: null } },
      { type: 'raw', choice, native },
      {
        type: 'raw',
        choice,
        native: { dialect: 'openai-chat', value: { delta: { images: [1] } } },
      },
      { type: 'raw', choice, native: { dialect: 'openai-chat', value: { chunk: { extra: 1 } } } },
      ...[finish(), end],
    ])
    const cited = {
      start_index: 1,
      end_index: 2,
      title: 'https://a.example',
      url: 'https://a.example',
      content: 'q',
    }
    expect(deltas(chunks).slice(1, -1)).toEqual([
      { annotations: [{ type: 'url_citation', url_citation: cited }] },
      { images: [1] },
    ])
    expect(chunks.find(({ choices }) => choices.length === 0)).toMatchObject({ extra: 1 })
  })

  test.each([
    ['stop-sequence', 'stop'],
    ['length', 'length'],
    ['content-filter', 'content_filter'],
    ['pause', 'stop'],
  ] as const)('finish %s as %s', (reason, word) => {
    const last = written([start, text('a'), finish(reason), end]).chunks.at(-1)?.choices[0]
    expect(last?.finish_reason).toBe(word)
    const goesOn = (last as { native_finish_reason?: string }).native_finish_reason
    expect(goesOn).toBe(reason === 'pause' ? 'pause_turn' : (undefined as unknown as string))
  })

  test('of an empty answer are its role and its finish', () => {
    const { chunks, done } = written([start, finish('length'), end])
    expect([deltas(chunks), done]).toEqual([
      [{ role: 'assistant', content: '', refusal: null }, {}],
      true,
    ])
  })

  test('end without a marker where the answer failed, and nothing follows', async () => {
    const error = new GatewayError('upstream_idle_timeout')
    const failed = written([start, text('a'), { type: 'error', error }, text('b'), finish(), end])
    expect(failed.done).toBe(false)
    expect(failed.chunks.at(-1)?.error).toMatchObject({ code: 'upstream_idle_timeout' })
    expect(failed.sse).not.toContain('"stop"')
    stand.body = failed.sse
    const stream = await stand.client.chat.completions.create({
      ...{ model: 'm', messages: [], stream: true },
    })
    let seen = ''
    const raised = await (async () => {
      for await (const chunk of stream) seen += chunk.choices[0]?.delta.content ?? ''
    })().catch((thrown: unknown) => thrown)
    expect([seen, raised instanceof APIError]).toEqual(['a', true])
  })

  test('are one line each, whatever the text is', () => {
    const odd = 'a\nb\r\n\u2028data: [DONE]\u0000😀'
    const { sse, chunks } = written([start, text(odd), finish(), end])
    expect(sse.split('\n').filter((line) => line !== '' && !line.startsWith('data: '))).toEqual([])
    expect(deltas(chunks)[1]).toEqual({ content: odd })
  })
})

function said(text: string, entry: object): object {
  return { reasoning_content: text, reasoning_details: [entry] }
}

describe('the deprecated functions', () => {
  const request = readChatRequest(
    { model: 'm', messages: [], functions: [{ name: 'f' }], function_call: 'auto' },
    { model: null, stream: null },
  )
  const events = [start, tool(0, 'x'), args(0, '{"a":1}'), tool(1, 'y'), finish('tool-calls'), end]

  test('are answered in their own way', () => {
    // A route may rename the model; what was remembered stays.
    const { chunks } = written(events, { request: { ...request, model: 'other' } })
    expect(deltas(chunks)).toEqual([
      { role: 'assistant', content: null, refusal: null },
      { function_call: { name: 'f', arguments: '' } },
      { function_call: { arguments: '{"a":1}' } },
      {},
    ])
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('function_call')
    const whole = writeChatResponse(events, contextOf({ request }))
    expect(whole).toMatchObject({
      choices: [
        {
          message: { content: null, function_call: { name: 'f', arguments: '{"a":1}' } },
          finish_reason: 'function_call',
        },
      ],
    })
  })

  test('are not the way of anybody else', () => {
    expect(written(events).sse).not.toContain('function_call')
  })
})

describe('a whole answer', () => {
  const events: readonly HubEvent[] = [
    ...[start, think('hm', 0), over(0), text('A', 1), text('B', 3), tool(2, 'x'), over(2)],
    ...[finish('tool-calls'), usage, end],
  ]

  test('is what the official SDK reads', async () => {
    stand.contentType = 'application/json'
    stand.body = JSON.stringify(writeChatResponse(events, contextOf()))
    const read = await stand.client.chat.completions.create({ model: 'm', messages: [] })
    stand.contentType = 'text/event-stream'
    expect(read).toMatchObject({
      ...{ id: 'msg_1', object: 'chat.completion', created: 1_700_000_000, model: 'claude' },
      choices: [
        {
          ...{ index: 0, finish_reason: 'tool_calls', logprobs: null },
          message: {
            ...{ role: 'assistant', content: 'AB', refusal: null, reasoning_content: 'hm' },
            tool_calls: [{ id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
        },
      ],
      usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 },
    } as object)
  })

  test('says the same as the stream', async () => {
    const again = readChatResponse(writeChatResponse(events, contextOf()))
    stand.body = written(events).sse
    expect(accountOfEvents(again)).toEqual(await accountOfSdk(stand.client))
  })

  test('that failed is its error', () => {
    const error = new GatewayError('upstream_error', { status: 429 })
    const fails = () => writeChatResponse([start, { type: 'error', error }], contextOf())
    expect(fails).toThrow(error)
  })
})
