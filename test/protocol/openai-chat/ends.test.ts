/** How streams of compatible providers end: finish, usage, marker, failure. */
import { describe, expect, test } from 'bun:test'
import { collect } from '../../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { readChatResponse, readChatStream } from '../../../src/protocol/openai-chat/stream-read.ts'
import { openaiChat } from '../../../src/protocol/openai-chat.ts'
import { call, chunk, errorOf, only, read, stop } from './chunks.ts'
import { eventsOf, streamOf } from './stand.ts'

describe('the finish', () => {
  test('is said once where OpenRouter says it twice', () => {
    const events = read(
      chunk({ content: 'a' }),
      stop('stop', { choices: [{ delta: {}, finish_reason: 'stop', native_finish_reason: 'x' }] }),
      chunk({ content: '' }, { usage: { prompt_tokens: 1 } }, { finish_reason: 'stop' }),
      '[DONE]',
    )
    expect(events.filter(({ type }) => type === 'finish')).toMatchObject([
      { details: { dialect: 'openai-chat', value: { native_finish_reason: 'x' } } },
    ])
    expect(collect(events).usage?.inputTokens).toBe(1)
  })

  test('is made up for Snowflake, which only ends its stream', () => {
    expect(only(read(chunk({ content: 'a' }), '[DONE]')).finish).toMatchObject({
      ...{ reason: 'stop', native: null },
    })
    const called = read(call({ index: 0, id: 'a', function: { name: 'f' } }), '[DONE]')
    expect(only(called).finish?.reason).toBe('tool-calls')
  })

  test.each([
    ['stop', 'tool-calls'],
    ['tool_calls', 'tool-calls'],
    ['length', 'length'],
  ])('%s with calls is %s', (word, reason) => {
    const events = read(call({ index: 0, id: 'a', function: { name: 'f' } }), stop(word), '[DONE]')
    expect(only(events).finish?.reason).toBe(reason as 'stop')
  })

  test.each([
    ['tool_calls', 'stop'],
    ['model_length', 'length'],
    ['eos', 'stop'],
    ['SAFETY', 'content-filter'],
    ['content_filter', 'content-filter'],
    ['whatever', 'stop'],
  ])('%s without calls is %s', (word, reason) => {
    const { finish } = only(read(chunk({ content: 'a' }), stop(word), '[DONE]'))
    expect(finish).toMatchObject({ reason, native: word })
  })

  test('knows the stop sequence of vLLM, and not a token’s number', () => {
    const ends = (stopReason: unknown): object =>
      chunk({ content: 'a' }, {}, { finish_reason: 'stop', stop_reason: stopReason })
    expect(only(read(ends('###'), '[DONE]')).finish).toMatchObject({
      ...{ reason: 'stop-sequence', stopSequence: '###' },
    })
    expect(only(read(ends(128_009), '[DONE]')).finish?.reason).toBe('stop')
  })

  test('is of each of several answers', () => {
    const of = (index: number, delta: object, reason: string | null = null): object => ({
      choices: [{ index, delta, finish_reason: reason }],
    })
    const events = read(
      of(0, { content: 'a' }),
      of(1, { content: 'b' }),
      of(1, {}, 'stop'),
      of(0, { content: 'c' }),
      of(0, {}, 'length'),
      '[DONE]',
    )
    expect(collect(events).choices).toMatchObject([
      { index: 0, parts: [{ text: 'ac' }], finish: { reason: 'length' } },
      { index: 1, parts: [{ text: 'b' }], finish: { reason: 'stop' } },
    ])
  })
})

describe('usage', () => {
  const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 }

  test.each([
    ['after the finish', [stop(), { choices: [], usage }]],
    ['and then another chunk without choices', [stop(), { choices: [], usage }, { choices: [] }]],
    ['in Groq’s corner', [stop('stop', { x_groq: { usage } })]],
    ['inside the choice (Moonshot)', [chunk({}, {}, { finish_reason: 'stop', usage })]],
    ['early', [{ choices: [], usage }, stop()]],
  ])('comes %s', (_name, chunks) => {
    const events = read(chunk({ content: 'a' }), ...chunks, '[DONE]')
    const expected = { inputTokens: 3, outputTokens: 5, cacheWriteInputTokens: null }
    expect(collect(events).usage).toMatchObject(expected)
    expect(collect(events).usage?.native).toEqual({ dialect: 'openai-chat', value: usage })
  })

  test('counts up in every chunk of Perplexity, and the last one wins', () => {
    const counted = (completion: number): object =>
      chunk({ content: 'a' }, { usage: { ...usage, completion_tokens: completion } })
    const events = read(counted(1), counted(2), counted(2), stop(), '[DONE]')
    expect(events.filter(({ type }) => type === 'usage')).toHaveLength(2)
    expect(collect(events).usage?.outputTokens).toBe(2)
  })

  test('has cached and written tokens, and xAI’s reasoning beside the completion', () => {
    const xai = {
      ...{ prompt_tokens: 291, completion_tokens: 26, total_tokens: 513 },
      prompt_tokens_details: { cached_tokens: 9, cache_write_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 196 },
    }
    expect(collect(read(stop(), { choices: [], usage: xai }, '[DONE]')).usage).toMatchObject({
      ...{ outputTokens: 222, reasoningTokens: 196 },
      ...{ cachedInputTokens: 9, cacheWriteInputTokens: 4 },
    })
  })
})

describe('the end', () => {
  test('is good after a finish without a marker (Perplexity, Writer, gpustack)', () => {
    expect(read(chunk({ content: 'a' }), stop()).at(-1)).toEqual({ type: 'end' })
  })

  test('is good after the final usage alone', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2 }
    expect(read(chunk({ content: 'a' }), { choices: [], usage }).at(-1)?.type).toBe('end')
    // Usage that comes early says nothing about the end.
    const early = read({ choices: [], usage }, chunk({ content: 'a' }))
    expect(errorOf(early)?.code).toBe('upstream_incomplete')
  })

  test.each([
    ['nothing', []],
    ['a role', [chunk({ role: 'assistant', content: '' })]],
    ['text', [chunk({ content: 'a' })]],
    ['half of a call', [call({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } })]],
    ['one of two answers', [stop(), { choices: [{ index: 1, delta: { content: 'b' } }] }]],
  ])('of the body after %s is a failure', (_name, chunks) => {
    const events = read(...chunks)
    expect(errorOf(events)?.code).toBe('upstream_incomplete')
    expect(events.filter(({ type }) => type === 'end')).toHaveLength(0)
  })

  test('of an empty stream is a failure', () => {
    expect(errorOf(read('[DONE]'))?.code).toBe('upstream_empty')
  })

  test('is the last word', () => {
    const reader = readChatStream()
    const frame = (data: unknown) => ({ event: null, data: JSON.stringify(data) })
    reader.read(frame(stop()))
    expect(reader.read({ event: null, data: '[DONE] x' })).toEqual([{ type: 'end' }])
    expect(reader.read(frame(chunk({ content: 'late' })))).toEqual([])
    expect(reader.end()).toEqual([])
  })
})

describe('a failure in the stream', () => {
  const raw = (text: string): HubEvent[] =>
    eventsOf(readChatStream(), [
      Buffer.concat([streamOf(chunk({ content: 'a' })), Buffer.from(text)]),
    ])

  test.each([
    ['OpenAI', 'data: {"error":{"message":"m","type":"server_error"}}\n\n', 500],
    ['OpenRouter', 'data: {"error":{"code":502,"message":"m"},"choices":[{"delta":{}}]}\n\n', 502],
    ['Groq', 'event: error\ndata: {"error":{"message":"m","status_code":400}}\n\n', 400],
    [
      'Anthropic',
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"m"}}\n\n',
      503,
    ],
    ['gpustack', 'error: {"detail":"x","error":{"message":"m"}}\n\n', 502],
    ['older vLLM', 'data: {"object":"error","message":"m","code":400}\n\ndata: [DONE]\n\n', 400],
    ['words only', 'event: error\ndata: m\n\n', 502],
  ])('of %s', (_name, text, status) => {
    const events = raw(text)
    expect(errorOf(events)).toMatchObject({ code: 'upstream_error', status, message: 'm' })
    expect(events.map(({ type }) => type)).toEqual(['start', 'text-delta', 'error'])
  })

  test.each([
    ['error', 502],
    ['insufficient_system_resource', 503],
    ['abort', 502],
  ])('is the finish reason %s, after which no end is supplied', (word, status) => {
    const events = read(chunk({ content: 'a' }), stop(word), '[DONE]')
    expect(errorOf(events)).toMatchObject({ code: 'upstream_error', status })
    expect(errorOf(events)?.detail.providerCode).toBe(word)
    const watch = openaiChat.watch()
    watch.look(JSON.stringify(chunk({ content: 'a' })))
    expect(watch.look(JSON.stringify(stop(word)))).toBe('error')
    expect([watch.missingEnd, watch.error?.status]).toEqual([null, status])
  })

  test('beside such a reason tells more', () => {
    const error = { code: 429, message: 'slow down' }
    const events = read(chunk({}, {}, { finish_reason: 'error', error }), '[DONE]')
    expect(errorOf(events)).toMatchObject({ status: 429, message: 'slow down' })
  })

  test('after a finish is still one', () => {
    const events = read(chunk({ content: 'a' }), stop('length'), { error: { message: 'm' } })
    expect(errorOf(events)?.message).toBe('m')
  })

  test('is not made of what cannot be read', () => {
    const events = raw('data: {"choices":[{\n\ndata: 7\n\ndata: null\n\n')
    expect(events.map(({ type }) => type)).toEqual(['start', 'text-delta', 'error'])
    expect(errorOf(events)?.code).toBe('upstream_incomplete')
  })
})

describe('sources', () => {
  test('beside the choices are told once (Perplexity)', () => {
    const citations = ['https://a.example', 'https://b.example']
    const results = [{ url: 'https://a.example', title: 'A', snippet: 's' }]
    const events = read(
      chunk({ content: 'a' }, { citations }),
      chunk({ content: 'b' }, { citations }),
      chunk({ content: '' }, { citations, search_results: results }),
      stop(),
      '[DONE]',
    )
    const cited = events.flatMap((event) => (event.type === 'citation' ? [event.citation.url] : []))
    expect(cited).toEqual(citations)
  })

  test('are annotations of the text', () => {
    const cited = { url: 'https://a.example', title: 'A', start_index: 1, end_index: 4 }
    const annotations = [{ type: 'url_citation', url_citation: cited }, { type: 'other' }, 7]
    const { parts } = only(read(chunk({ content: 'abcd', annotations }), stop(), '[DONE]'))
    expect(parts).toMatchObject([
      { text: 'abcd', citations: [{ url: 'https://a.example', title: 'A', start: 1, end: 4 }] },
    ])
  })
})

describe('a whole answer', () => {
  const whole = (message: unknown, rest: object = {}, choice: object = {}): HubEvent[] => [
    ...readChatResponse({
      ...{ id: 'c1', object: 'chat.completion', created: 7, model: 'm' },
      choices: [{ index: 0, message, finish_reason: 'stop', ...choice }],
      ...rest,
    }),
  ]

  test('has text, refusal, reasoning, calls, usage and an end', () => {
    const message = {
      ...{ role: 'assistant', content: 'A', refusal: null, reasoning_content: 'hm' },
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
        { id: 'b', type: 'function', function: { name: 'f', arguments: '' } },
      ],
    }
    const usage = { prompt_tokens: 1, completion_tokens: 2 }
    const answer = collect(whole(message, { usage }, { finish_reason: 'tool_calls' }))
    expect(answer.choices[0]?.parts).toMatchObject([
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'A' },
      { type: 'tool-call', id: 'a', arguments: '{"x":1}' },
      { type: 'tool-call', id: 'b', arguments: '{}' },
    ])
    expect([answer.ended, answer.usage?.outputTokens]).toEqual([true, 2])
  })

  test('without a message was filtered (Azure)', () => {
    const filtered = { content_filter_results: { hate: { filtered: true } } }
    const events = whole(undefined, {}, { finish_reason: 'content_filter', ...filtered })
    expect(collect(events).choices[0]?.finish).toMatchObject({
      reason: 'content-filter',
      details: { value: filtered },
    })
  })

  test('may be an error with the status 200', () => {
    expect(errorOf(readChatResponse({ error: { message: 'm', code: 429 } }))?.status).toBe(429)
    const failed = whole({ content: 'a' }, {}, { finish_reason: 'error', error: { message: 'm' } })
    expect(errorOf(failed)?.message).toBe('m')
  })

  test('of Mistral has its thinking in the content', () => {
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'text', text: 'A' },
    ]
    expect(only(whole({ content })).parts).toMatchObject([{ text: 'hm' }, { text: 'A' }])
  })
})
