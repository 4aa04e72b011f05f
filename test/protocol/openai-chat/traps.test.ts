/** The dialects of "OpenAI-compatible": what they say, and where (reference, 10 and 16). */
import { describe, expect, test } from 'bun:test'
import { call, chunk, only, read, stop } from './chunks.ts'

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
    expect(parts).toMatchObject([{ signature: 'openai-chat|S' }])
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
