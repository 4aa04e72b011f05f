/** What providers do to their own protocol, and what the hub is told of it all the same. */
import { describe, expect, test } from 'bun:test'
import { collect } from '../../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { framesOf, sse } from '../answer-server.ts'
import { decode, decodeEvents, translation } from './stand.ts'

const created = {
  type: 'response.created',
  response: { id: 'resp_1', model: 'gpt', created_at: 7, service_tier: 'auto', output: [] },
}
const usage = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 30,
}
const completed = { type: 'response.completed', response: { status: 'completed', usage } }
const added = (output_index: number, item: object) => ({
  type: 'response.output_item.added',
  output_index,
  item,
})
const done = (output_index: number, item: object) => ({
  type: 'response.output_item.done',
  output_index,
  item,
})
const delta = (output_index: number, text: string, rest: object = {}) => ({
  type: 'response.output_text.delta',
  output_index,
  content_index: 0,
  delta: text,
  ...rest,
})
const message = { id: 'msg_1', type: 'message', role: 'assistant', content: [] }
const call = { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'f', arguments: '' }

const partsOf = (events: readonly HubEvent[]) =>
  (collect(events).choices[0]?.parts ?? []).filter(({ type }) => type !== 'native')
const textsOf = (events: readonly HubEvent[]) =>
  partsOf(events).map((part) => ('text' in part ? part.text : part.type))
const typesOf = (events: readonly HubEvent[]) => events.map(({ type }) => type)
const callsOf = (events: readonly HubEvent[]) =>
  partsOf(events).flatMap((part) =>
    part.type === 'tool-call' ? [[part.id, part.name, part.arguments, part.custom]] : [],
  )
const finishOf = (events: readonly HubEvent[]) => collect(events).choices[0]?.finish

describe('an answer', () => {
  test('is told in the hub’s words', () => {
    const events = decodeEvents(created, added(0, message), delta(0, 'Hi'), completed)
    expect(events[0]).toEqual({
      type: 'start',
      id: 'resp_1',
      model: 'gpt',
      createdS: 7,
      serviceTier: null,
      fingerprint: null,
    })
    expect(typesOf(events).slice(1).join(' ')).toBe('raw text-delta block-end usage finish end')
    expect(collect(events).usage).toEqual({
      inputTokens: 10,
      outputTokens: 20,
      cachedInputTokens: 4,
      cacheWriteInputTokens: 2,
      reasoningTokens: 5,
      native: { dialect: 'openai-responses', value: usage },
    })
  })

  test('begins although its beginning is missing, and comes whole at the end', () => {
    const output = [{ ...message, content: [{ type: 'output_text', text: 'Hi', annotations: [] }] }]
    const response = { id: 'resp_2', status: 'completed', model: 'm', output }
    const events = decodeEvents({ type: 'response.completed', response })
    expect(events[0]).toMatchObject({ type: 'start', id: 'resp_2', model: 'm' })
    expect([textsOf(events), finishOf(events)?.reason]).toEqual([['Hi'], 'stop'])
  })

  test('has parts that were said only when they were done', () => {
    const content = [
      { type: 'output_text', text: 'A', annotations: [{ type: 'url_citation', url: 'u' }] },
      { type: 'refusal', refusal: 'B' },
    ]
    const events = decodeEvents(created, done(0, { ...message, content }), completed)
    expect(partsOf(events)).toMatchObject([
      { type: 'text', text: 'A', citations: [{ url: 'u' }] },
      { type: 'refusal', text: 'B' },
    ])
  })

  test('does not say what was already said again', () => {
    const part = { type: 'output_text', text: 'Hi', annotations: [{ type: 'file_path' }] }
    const place = { output_index: 0, content_index: 0 }
    const events = decodeEvents(
      created,
      added(0, message),
      delta(0, 'H'),
      delta(0, 'i'),
      { type: 'response.output_text.annotation.added', ...place, annotation: part.annotations[0] },
      { type: 'response.output_text.done', ...place, text: 'Hi' },
      { type: 'response.content_part.done', ...place, part },
      done(0, { ...message, content: [part] }),
      done(0, { ...message, content: [part] }),
      completed,
    )
    expect(textsOf(events)).toEqual(['Hi'])
    expect(typesOf(events).filter((type) => type === 'citation')).toHaveLength(1)
    expect(typesOf(events).filter((type) => type === 'block-end')).toHaveLength(1)
  })

  test('keeps log probabilities and padding where they belong', () => {
    const token = { token: 'Hi', logprob: -1, bytes: [72, 105], top_logprobs: [] }
    const events = decodeEvents(
      created,
      delta(0, 'Hi', { logprobs: [token], obfuscation: 'xyz' }),
      completed,
    )
    expect(partsOf(events)).toMatchObject([
      { text: 'Hi', logprobs: { content: [token], refusal: null } },
    ])
    expect(JSON.stringify(events)).not.toContain('xyz')
  })
})

describe('items', () => {
  test('go by their index, whatever their ids are', () => {
    const rotating = ['a', '', 'b'].map((item_id, at) => delta(0, `${at}`, { item_id }))
    const item = { ...message, id: 'other' }
    const events = decodeEvents(created, added(0, message), ...rotating, done(0, item), completed)
    expect(textsOf(events)).toEqual(['012'])
  })

  test('may end in another order than they began', () => {
    const thought = { type: 'reasoning', id: 'rs_1', summary: [] }
    const events = decodeEvents(
      created,
      added(0, thought),
      { type: 'response.reasoning_text.delta', output_index: 0, content_index: 0, delta: 'hm' },
      added(1, message),
      delta(1, 'Hi'),
      done(1, { ...message, content: [{ type: 'output_text', text: 'Hi' }] }),
      done(0, { ...thought, content: [{ type: 'reasoning_text', text: 'hm' }] }),
      completed,
    )
    expect(textsOf(events)).toEqual(['hm', 'Hi'])
    const ends = events.flatMap((event) => (event.type === 'block-end' ? [event.block] : []))
    expect(ends).toEqual([1, 0])
  })

  test('of a server that gives every item the same index are all there', () => {
    const events = decodeEvents(
      created,
      added(0, message),
      delta(0, 'Hi'),
      added(0, call),
      { type: 'response.function_call_arguments.delta', output_index: 0, delta: '{}' },
      added(0, { ...call, call_id: 'call_2' }),
      completed,
    )
    expect([textsOf(events)[0], callsOf(events).length]).toEqual(['Hi', 2])
    const ends = events.flatMap((event) => (event.type === 'block-end' ? [event.block] : []))
    expect(ends).toEqual([0, 1, 2])
  })

  test('that are done twice are done once', () => {
    const thought = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' }
    const events = decodeEvents(created, done(0, thought), done(0, thought), completed)
    expect(typesOf(events).filter((type) => type === 'reasoning-signature')).toHaveLength(1)
  })

  test('that a server runs are raw and no calls', () => {
    const search = { id: 'ws_1', type: 'web_search_call', status: 'in_progress' }
    const events = decodeEvents(
      created,
      added(0, search),
      { type: 'response.web_search_call.searching', output_index: 0, item_id: 'ws_1' },
      done(0, { ...search, status: 'completed' }),
      { type: 'response.hologram.added' },
      { type: 'keepalive' },
      completed,
    )
    const raws = events.flatMap((event) => (event.type === 'raw' ? [event.native.value] : []))
    expect(raws).toHaveLength(4)
    expect(raws[2]).toEqual(done(0, { ...search, status: 'completed' }))
    expect(finishOf(events)?.reason).toBe('stop')
  })
})

describe('calls', () => {
  test('have an id even if the provider gave none, the same each time', () => {
    const read = () =>
      callsOf(decodeEvents(created, added(0, { ...call, call_id: '' }), completed)).flat()
    expect(read()[0]).toMatch(/^call_[0-9a-f]{24}$/)
    expect(read()).toEqual(read())
  })

  test('wait for their name, and lose no arguments meanwhile', () => {
    const events = decodeEvents(
      created,
      { type: 'response.function_call_arguments.delta', output_index: 3, delta: '{"a"' },
      { type: 'response.function_call_arguments.delta', output_index: 3, delta: ':1}' },
      { type: 'response.function_call_arguments.done', output_index: 3, arguments: '{"a":1}' },
      done(3, { ...call, arguments: '{"a":1}' }),
      completed,
    )
    expect(callsOf(events)).toEqual([['call_1', 'f', '{"a":1}', false]])
    expect(finishOf(events)?.reason).toBe('tool-calls')
    const early = { type: 'response.function_call_arguments.delta', output_index: 0, delta: '[]' }
    const unsaid = decodeEvents(created, early, done(0, call), completed)
    expect(callsOf(unsaid)).toEqual([['call_1', 'f', '[]', false]])
  })

  test('may have no deltas, an object for arguments, or none', () => {
    const whole = { ...call, arguments: { a: 1 } }
    expect(callsOf(decodeEvents(created, done(0, whole), completed))).toEqual([
      ['call_1', 'f', '{"a":1}', false],
    ])
    expect(callsOf(decodeEvents(created, added(0, call), done(0, call), completed))).toEqual([
      ['call_1', 'f', '{}', false],
    ])
  })

  test('of custom tools are text', () => {
    const custom = { id: 'c', type: 'custom_tool_call', call_id: 'call_1', name: 'f', input: '' }
    const events = decodeEvents(
      created,
      added(0, custom),
      { type: 'response.custom_tool_call_input.delta', output_index: 0, delta: 'ls ' },
      { type: 'response.custom_tool_call_input.delta', output_index: 0, delta: '-l' },
      { type: 'response.custom_tool_call_input.done', output_index: 0, input: 'ls -l' },
      done(0, { ...custom, input: 'ls -l' }),
      completed,
    )
    expect(callsOf(events)).toEqual([['call_1', 'f', 'ls -l', true]])
  })
})

describe('reasoning', () => {
  const thought = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'early' }

  test('is signed by what came last, and its parts are one text', () => {
    const summary = (summary_index: number, text: string) => ({
      type: 'response.reasoning_summary_text.delta',
      output_index: 0,
      summary_index,
      delta: text,
    })
    const events = decodeEvents(
      created,
      added(0, thought),
      ...[summary(0, 'A'), summary(0, 'a'), summary(1, 'B')],
      done(0, { ...thought, encrypted_content: 'late' }),
      completed,
    )
    expect(partsOf(events)).toMatchObject([
      { text: 'Aa\n\nB', signature: 'late', redacted: null, id: 'rs_1', summary: true },
    ])
  })

  test('that was never shown is redacted; one that came to nothing is no block', () => {
    const hidden = decodeEvents(created, added(0, thought), done(0, thought), completed)
    expect(partsOf(hidden)).toMatchObject([{ text: '', signature: null, redacted: 'early' }])
    const nothing = decodeEvents(created, done(0, { type: 'reasoning', summary: [] }), completed)
    expect(partsOf(nothing)).toEqual([])
  })
})

describe('the end', () => {
  test.each([
    ['max_output_tokens', 'length'],
    ['content_filter', 'content-filter'],
    ['out_of_luck', 'length'],
  ])('incomplete for %s is %s', (reason, finish) => {
    const response = { status: 'incomplete', incomplete_details: { reason } }
    const events = decodeEvents(created, added(0, call), { type: 'response.incomplete', response })
    expect(finishOf(events)).toMatchObject({ reason: finish, native: reason })
    expect(typesOf(events).at(-1)).toBe('end')
  })

  test('is followed by nothing', () => {
    const events = decodeEvents(created, delta(0, 'Hi'), completed, delta(0, 'more'), completed)
    expect([textsOf(events), typesOf(events).filter((type) => type === 'end').length]).toEqual([
      ['Hi'],
      1,
    ])
    const marked = decode(framesOf(`${sse(created)}${sse(completed)}data: [DONE]\n\n`))
    expect(typesOf(marked)).toEqual(['start', 'usage', 'finish', 'end'])
  })

  test('that does not come is a failure, also after `[DONE]`', () => {
    const events = decode(framesOf(`${sse(created)}${sse(delta(0, 'Hi'))}data: [DONE]\n\n`))
    const last = events.at(-1)
    expect(last?.type === 'error' && last.error.code).toBe('upstream_incomplete')
    // A block that was cut is not told to be complete.
    expect(typesOf(events)).not.toContain('block-end')
  })
})

const nested = { type: 'error', error: { code: 'rate_limit_exceeded', message: 'no' } }
const flat = { type: 'error', code: 'rate_limit_exceeded', message: 'no', param: null }
const failed = {
  type: 'response.failed',
  response: { error: { code: 'rate_limit_exceeded', message: 'no' }, usage },
}

describe('a failure', () => {
  test.each([
    ['nested', nested],
    ['flat', flat],
    ['failed', failed],
    ['of chat', { error: { code: 'rate_limit_exceeded', message: 'no' } }],
  ])('%s', (_name, event) => {
    const events = decodeEvents(created, delta(0, 'Hi'), event, failed, completed)
    const errors = events.flatMap((each) => (each.type === 'error' ? [each.error] : []))
    expect(errors.map(({ status, message }) => [status, message])).toEqual([[429, 'no']])
    expect(typesOf(events).at(-1)).toBe('error')
  })

  test('may have cost something', () => {
    const events = decodeEvents(created, failed)
    expect(typesOf(events)).toEqual(['start', 'usage', 'error'])
  })

  test('in the name of the event alone', () => {
    const events = decode(framesOf(`${sse(created)}event: error\ndata: it broke\n\n`))
    const last = events.at(-1)
    expect(last?.type === 'error' && last.error.message).toBe('it broke')
  })

  test.each(['cancelled', 'queued', 'in_progress'])('of a whole response that is %s', (status) => {
    const events = translation.readResponse({ object: 'response', id: 'r', status, output: [] })
    expect(typesOf(events)).toEqual(['start', 'error'])
  })

  test('of a whole response', () => {
    const error = { code: 'server_error', message: 'no' }
    const events = translation.readResponse({ object: 'response', status: 'failed', error })
    const last = events.at(-1)
    expect(last?.type === 'error' && last.error.message).toBe('no')
    expect(typesOf(translation.readResponse({ error }))).toEqual(['error'])
  })

  test('is not made of what is not JSON', () => {
    const text = `${sse(created)}data: {"type":"resp\n\ndata: 7\n\n${sse(delta(0, 'Hi'))}`
    const events = decode(framesOf(text + sse(completed)))
    expect(textsOf(events)).toEqual(['Hi'])
  })
})
