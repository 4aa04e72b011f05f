/** The dialects of "OpenAI-compatible", one by one (reference, sections 10, 14.4 and 16). */
import { describe, expect, test } from 'bun:test'
import { collect } from '../../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { readChatResponse, readChatStream } from '../../../src/protocol/openai-chat/stream-read.ts'
import { openaiChat } from '../../../src/protocol/openai-chat.ts'
import { eventsOf, streamOf } from './stand.ts'

const chunk = (delta: unknown, rest: object = {}, choice: object = {}): object => ({
  ...{ id: 'c1', object: 'chat.completion.chunk', created: 7, model: 'm' },
  choices: [{ index: 0, delta, ...choice }],
  ...rest,
})
const stop = (reason = 'stop', rest: object = {}): object =>
  chunk({}, rest, { finish_reason: reason })
const call = (...calls: readonly object[]): object => chunk({ tool_calls: calls })
const read = (...data: readonly unknown[]): HubEvent[] =>
  eventsOf(readChatStream(), [streamOf(...data)])
const only = (events: readonly HubEvent[]) => {
  const [choice] = collect(events).choices
  return { parts: choice?.parts ?? [], finish: choice?.finish ?? null }
}
const errorOf = (events: readonly HubEvent[]) => {
  const last = events.at(-1)
  return last?.type === 'error' ? last.error : null
}

describe('the head', () => {
  test('is never taken from the empty first chunk of Azure', () => {
    const filter = { choices: [], id: '', model: '', created: 0, prompt_filter_results: [{}] }
    const [start] = read(filter, chunk({ content: 'a' }), stop(), '[DONE]')
    expect(start).toMatchObject({ type: 'start', id: 'c1', model: 'm', createdS: 7 })
  })

  test('comes once and first, whatever changes later', () => {
    const events = read(chunk({ content: 'a' }), chunk({ content: 'b' }, { id: 'other' }), '[DONE]')
    expect(events.filter(({ type }) => type === 'start')).toHaveLength(1)
    expect(events[0]?.type).toBe('start')
  })
})

describe('text', () => {
  test('of Mistral is a list and then a text, in one block', () => {
    const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }], closed: true }
    const events = read(
      chunk({ content: [thinking] }),
      chunk({ content: [thinking, { type: 'text', text: 'A' }] }),
      chunk({ content: 'B' }),
      stop(),
      '[DONE]',
    )
    expect(only(events).parts).toMatchObject([
      { type: 'reasoning', text: 'hmhm' },
      { type: 'text', text: 'AB' },
    ])
  })

  test('with think tags stays text', () => {
    const { parts } = only(read(chunk({ content: '<think>a</think>b' }), stop(), '[DONE]'))
    expect(parts).toMatchObject([{ type: 'text', text: '<think>a</think>b' }])
  })

  test('is not read from the accumulated `message` of Perplexity and Writer', () => {
    const choice = { message: { content: 'AB' }, finish_reason: null }
    const { parts } = only(read(chunk({ content: 'A' }, {}, choice), stop(), '[DONE]'))
    expect(parts).toMatchObject([{ text: 'A' }])
  })

  test('in the chunk of the finish and of the usage is kept', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2 }
    const last = chunk({ content: 'B' }, { usage }, { finish_reason: 'length' })
    const events = read(chunk({ content: 'A' }), last, '[DONE]')
    expect(only(events)).toMatchObject({ parts: [{ text: 'AB' }], finish: { reason: 'length' } })
    expect(events.map(({ type }) => type)).toEqual([
      'start',
      'text-delta',
      'usage',
      'text-delta',
      'block-end',
      'finish',
      'end',
    ])
  })

  test('that comes back after reasoning is another block, and so is the reasoning', () => {
    const think = (text: string): object => chunk({ content: null, reasoning_content: text })
    const events = read(think('a'), chunk({ content: 'b' }), think('c'), stop(), '[DONE]')
    const blocks = events.flatMap((event) => ('block' in event ? [event.block] : []))
    expect(blocks).toEqual([0, 0, 1, 1, 2, 2])
  })

  test('may be part of a character, with a probability', () => {
    const content = [{ token: '\\xf0', logprob: -1, bytes: [240], top_logprobs: [] }]
    const events = read(
      chunk({ content: '' }, {}, { logprobs: { content, refusal: null } }),
      chunk({ content: '' }, {}, { logprobs: { content: [], refusal: null } }),
      stop(),
      '[DONE]',
    )
    expect(events.filter(({ type }) => type === 'text-delta')).toMatchObject([
      { text: '', logprobs: { content } },
    ])
  })
})

describe('reasoning', () => {
  test.each(['reasoning_content', 'reasoning', 'thinking'])('has the name %s', (name) => {
    const { parts } = only(read(chunk({ content: '', [name]: 'hm' }), stop(), '[DONE]'))
    expect(parts).toMatchObject([{ type: 'reasoning', text: 'hm', signedBy: null }])
  })

  test('is read once where two names say it', () => {
    const both = { reasoning: 'hm', reasoning_content: 'hm' }
    const details = [{ type: 'reasoning.text', text: 'hm', index: 0 }]
    const { parts } = only(
      read(chunk(both), chunk({ reasoning: 'hm', reasoning_details: details }), stop(), '[DONE]'),
    )
    expect(parts).toMatchObject([{ text: 'hmhm' }])
  })

  test('has signatures, hidden pieces and summaries by their place', () => {
    const format = 'anthropic-claude-v1'
    const detail = (entry: object): object => chunk({ reasoning_details: [entry] })
    const { parts } = only(
      read(
        detail({ type: 'reasoning.text', text: 'a', index: 0 }),
        detail({ type: 'reasoning.text', signature: 'S0', format, index: 0 }),
        detail({ type: 'reasoning.encrypted', data: 'D1', format, index: 1, id: 'r1' }),
        detail({ type: 'reasoning.summary', summary: 'b', index: 2 }),
        detail({ type: 'reasoning.text', text: 'c', index: 3 }),
        stop(),
        '[DONE]',
      ),
    )
    expect(parts).toMatchObject([
      { text: 'a', signature: `${format}|S0`, redacted: null, signedBy: 'openai-chat' },
      { text: '', signature: null, redacted: `${format}|D1`, id: 'r1' },
      { text: 'b', summary: true, signedBy: null },
      { text: 'c', summary: false },
    ])
  })
})

describe('tool calls', () => {
  const args = (text: string, rest: object = {}): object => ({
    function: { arguments: text },
    ...rest,
  })

  test('begin at 1 behind Claude shims, first without arguments', () => {
    const { parts, finish } = only(
      read(
        call({ index: 1, id: 'toolu_1', type: 'function', function: { name: 'f' } }),
        call(args('', { index: 1 })),
        call(args('{"a":1}', { index: 1 })),
        stop('tool_calls'),
        '[DONE]',
      ),
    )
    expect(parts).toMatchObject([{ id: 'toolu_1', name: 'f', arguments: '{"a":1}' }])
    expect(finish?.reason).toBe('tool-calls')
  })

  test.each([
    ['null (Writer)', { id: null, type: null, function: { name: null, arguments: '1}' } }],
    ['empty (Alibaba)', { id: '', type: 'function', function: { arguments: '1}' } }],
    ['empty, with a name (GLM on Mistral)', { function: { name: '', arguments: '1}' } }],
    ['repeated', { id: 'x', function: { name: 'f', arguments: '1}' } }],
  ])('go on with ids that are %s', (_name, more) => {
    const first = { index: 0, id: 'x', function: { name: 'f', arguments: null } }
    const { parts } = only(
      read(call(first), call(args('{"a":', { index: 0 })), call({ index: 0, ...more }), '[DONE]'),
    )
    expect(parts).toMatchObject([{ id: 'x', name: 'f', arguments: '{"a":1}' }])
    expect(parts).toHaveLength(1)
  })

  test('are told apart by index where they interleave', () => {
    const begin = (index: number) => ({ index, id: `i${index}`, function: { name: `f${index}` } })
    const events = read(
      call(begin(0), begin(1)),
      call(args('{"a"', { index: 1 }), args('{"b"', { index: 0 })),
      call(args(':1}', { index: 0 }), args(':2}', { index: 1 })),
      stop('tool_calls'),
      '[DONE]',
    )
    expect(only(events).parts).toMatchObject([
      { id: 'i0', arguments: '{"b":1}' },
      { id: 'i1', arguments: '{"a":2}' },
    ])
  })

  test('end as soon as they are whole and the next one begins', () => {
    const whole = (index: number) => ({
      ...{ index, id: `i${index}` },
      function: { name: 'f', arguments: '{"a":"}"}' },
    })
    const types = read(call(whole(0)), call(whole(1)), stop(), '[DONE]').map(({ type }) => type)
    expect(types).toEqual([
      ...['start', 'tool-start', 'tool-delta', 'block-end'],
      ...['tool-start', 'tool-delta', 'block-end', 'finish', 'end'],
    ] as typeof types)
  })

  test('without an index follow each other by id, or by being whole', () => {
    const whole = (id: string | undefined, name: string) => ({
      ...{ id, type: 'function' },
      function: { name, arguments: '{}' },
    })
    const byId = read(call(whole('a', 'f')), call(whole('b', 'f')), stop(), '[DONE]')
    expect(only(byId).parts).toMatchObject([{ id: 'a' }, { id: 'b' }])
    const bare = only(read(call(whole(undefined, 'f'), whole(undefined, 'g')), stop(), '[DONE]'))
    expect(bare.parts).toMatchObject([{ name: 'f' }, { name: 'g' }])
    const ids = bare.parts.map((part) => (part.type === 'tool-call' ? part.id : ''))
    expect(new Set(ids).size).toBe(2)
    for (const id of ids) expect(id).toMatch(/^call_[0-9a-f]{24}$/)
  })

  test('all under the index 0 are told apart by their ids', () => {
    const whole = (id: string) => ({ index: 0, id, function: { name: 'f', arguments: '{}' } })
    const { parts } = only(read(call(whole('a')), call(whole('b')), stop(), '[DONE]'))
    expect(parts).toMatchObject([{ id: 'a' }, { id: 'b' }])
  })

  test('may have an object for arguments, none, or a custom text', () => {
    const { parts } = only(
      read(
        call({ index: 0, id: 'a', function: { name: 'f', arguments: { x: 1 } } }),
        call({ index: 1, id: 'b', function: { name: 'g' } }),
        call({ index: 2, id: 'c', type: 'custom', custom: { name: 'h', input: 'free' } }),
        stop('tool_calls'),
        '[DONE]',
      ),
    )
    expect(parts).toMatchObject([
      { id: 'a', arguments: '{"x":1}' },
      { id: 'b', arguments: '{}' },
      { id: 'c', arguments: 'free', custom: true },
    ])
  })

  test('in the deprecated form get an id', () => {
    const { parts, finish } = only(
      read(
        chunk({ function_call: { name: 'f', arguments: '' } }),
        chunk({ function_call: { arguments: '{"a":1}' } }),
        stop('function_call'),
        '[DONE]',
      ),
    )
    expect(parts).toMatchObject([{ name: 'f', arguments: '{"a":1}' }])
    expect(finish).toMatchObject({ reason: 'tool-calls', native: 'function_call' })
  })

  test('of the provider itself are no calls of the client', () => {
    const server = { index: 0, id: 's', type: 'web_search', web_search: { q: 'x' } }
    const { parts, finish } = only(read(call(server), stop('tool_calls'), '[DONE]'))
    expect(parts).toMatchObject([{ type: 'native' }])
    expect(finish?.reason).toBe('stop')
  })

  test('keep the signature of Google’s own endpoint', () => {
    const extra = { extra_content: { google: { thought_signature: 'S' } } }
    const { parts } = only(
      read(call({ index: 0, id: 'a', function: { name: 'f' }, ...extra }), stop(), '[DONE]'),
    )
    expect(parts).toMatchObject([{ signature: 'S' }])
  })

  test('that were cut by the limit stay cut, and the block ends', () => {
    const events = read(
      call({ index: 0, id: 'a', function: { name: 'f', arguments: '{"a":"b' } }),
      stop('length'),
      '[DONE]',
    )
    expect(only(events)).toMatchObject({
      parts: [{ arguments: '{"a":"b' }],
      finish: { reason: 'length' },
    })
    expect(events.filter(({ type }) => type === 'block-end')).toHaveLength(1)
  })
})

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
