/** What no recording of Cohere has: failures, other reasons, log probabilities, whole answers. */
import { describe, expect, test } from 'bun:test'
import { readResponse } from '../../../src/protocol/cohere-chat/response.ts'
import { CohereReader } from '../../../src/protocol/cohere-chat/stream.ts'
import { cohereChat } from '../../../src/protocol/cohere-chat.ts'
import { collect } from '../../../src/protocol/hub/collect.ts'
import { accountOf, decodeFrames, errorOf, expectWellFormed } from '../replay.ts'

type Frames = Parameters<typeof decodeFrames>[1]

const start = [null, { type: 'message-start', id: 'a1', delta: { message: {} } }] as const
const begin = (type: 'text' | 'thinking', index = 0) =>
  [null, { type: 'content-start', index, delta: { message: { content: { type } } } }] as const
const delta = (content: object, index = 0, rest: object = {}) =>
  [null, { type: 'content-delta', index, delta: { message: { content } }, ...rest }] as const
const last = (finish_reason: string | null, rest: object = {}) =>
  [null, { type: 'message-end', delta: { finish_reason, ...rest } }] as const
const done = [null, '[DONE]'] as const

const read = (...frames: Frames) => {
  const events = decodeFrames(new CohereReader(), frames)
  expectWellFormed(events)
  return events
}

describe('the end', () => {
  test.each([
    ['COMPLETE', 'stop'],
    ['STOP_SEQUENCE', 'stop-sequence'],
    ['MAX_TOKENS', 'length'],
    ['TOOL_CALL', 'stop'],
    ['SOMETHING_NEW', 'stop'],
  ] as const)('%s without a call is %s', (native, reason) => {
    const finish = collect(read(start, delta({ text: 'x' }), last(native), done)).choices[0]?.finish
    expect([finish?.reason, finish?.native]).toEqual([reason, native])
  })

  test.each([
    ['ERROR', 500],
    ['TIMEOUT', 504],
    ['ERROR_LIMIT', 503],
  ])('%s is a failure, with what was said of it', (native, status) => {
    const events = read(start, delta({ text: 'x' }), last(native, { error: 'out of luck' }), done)
    const error = errorOf(events)
    expect([error?.code, error?.status, error?.message]).toEqual([
      'upstream_error',
      status,
      'out of luck',
    ])
    expect(accountOf(events).finish).toBeNull()
  })

  test('a missing [DONE] is forgiven after the reason, a missing reason is not', () => {
    expect(read(start, last('COMPLETE')).at(-1)?.type).toBe('end')
    expect(errorOf(read(start, delta({ text: 'x' })))?.code).toBe('upstream_incomplete')
    expect(errorOf(read(start, delta({ text: 'x' }), done))?.code).toBe('upstream_incomplete')
    expect(errorOf(read(start, last(null), done))?.code).toBe('upstream_incomplete')
  })

  test('a bare object with a message is a failure', () => {
    const events = read(start, [null, { id: 'x', message: 'internal server error' }])
    expect(errorOf(events)?.message).toBe('internal server error')
  })

  test('the name of an event stands in for a type that is missing', () => {
    const frames: Frames = [
      ['message-start', { id: 'a', delta: {} }],
      ['content-delta', { index: 0, delta: { message: { content: { text: 'x' } } } }],
      ['message-end', { delta: { finish_reason: 'COMPLETE' } }],
    ]
    expect(accountOf(read(...frames)).text).toBe('x')
  })

  test('an empty answer commits with its reason', () => {
    const watch = cohereChat.watch()
    expect(watch.look(JSON.stringify(start[1]), null)).toBe('head')
    expect(watch.look('{"type"', null)).toBe('invalid')
    expect(watch.look(JSON.stringify(last('COMPLETE')[1]), null)).toBe('content')
    expect([watch.finished, watch.finishReason]).toEqual([true, 'COMPLETE'])
    expect(watch.look('[DONE]', null)).toBe('end')
    expect(watch.ended).toBe(true)
  })
})

describe('content', () => {
  test('thinking ends before text begins', () => {
    const types = read(
      ...[start, begin('thinking'), delta({ thinking: 'Hm' })],
      ...[[null, { type: 'content-end', index: 0 }] as const, begin('text', 1)],
      ...[delta({ text: 'Hi' }, 1), last('COMPLETE'), done],
    ).map(({ type }) => type)
    expect(types).toEqual([
      ...['start', 'reasoning-delta', 'block-end', 'text-delta', 'block-end'],
      ...['finish', 'end'],
    ] as typeof types)
  })

  test('log probabilities go with their text', () => {
    const logprobs = { text: 'Hi', token_ids: [1, 2], logprobs: [-0.25, -0.5] }
    const events = read(start, delta({ text: 'Hi' }, 0, { logprobs }), last('COMPLETE'))
    expect(collect(events).choices[0]?.parts).toMatchObject([
      { logprobs: { content: [{ token: 'Hi', logprob: -0.75, bytes: null, top_logprobs: [] }] } },
    ])
  })

  test('a call without arguments or id is whole all the same', () => {
    const call = { type: 'function', function: { name: 'now', arguments: '' } }
    const frame = [
      null,
      { type: 'tool-call-start', index: 0, delta: { message: { tool_calls: call } } },
    ] as const
    const [tool] = accountOf(read(start, frame, last('TOOL_CALL'), done)).tools
    expect(tool).toMatchObject({ name: 'now', input: {} })
    expect(tool?.id).toMatch(/^call_[0-9a-f]{24}$/)
  })
})

describe('a whole answer', () => {
  const answer = {
    id: 'a1',
    message: {
      role: 'assistant',
      tool_plan: 'I will look.',
      content: [
        { type: 'thinking', thinking: ' Hm.' },
        { type: 'text', text: 'Hello' },
      ],
      tool_calls: [
        { id: 't1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
      ],
      citations: [
        {
          ...{ start: 0, end: 5, text: 'Hello', content_index: 1, type: 'TEXT_CONTENT' },
          sources: [{ type: 'document', id: 'd1', document: { url: 'https://a.b', title: 'T' } }],
        },
      ],
    },
    finish_reason: 'TOOL_CALL',
    usage: { tokens: { input_tokens: 10, output_tokens: 20 } },
  }

  test('is told as the stream of the same', () => {
    const events = readResponse(answer)
    expectWellFormed(events)
    expect(accountOf(events)).toEqual({
      text: 'Hello',
      reasoning: 'I will look. Hm.',
      tools: [{ id: 't1', name: 'weather', input: { city: 'Oslo' } }],
      finish: 'TOOL_CALL',
      inputTokens: 10,
      outputTokens: 20,
    })
    const text = collect(events).choices[0]?.parts.find(({ type }) => type === 'text')
    expect(text).toMatchObject({
      citations: [{ url: 'https://a.b', title: 'T', start: 0, end: 5 }],
    })
  })

  test('that is an error, or has no reason, is none', () => {
    expect(errorOf(readResponse({ id: 'x', message: 'no' }))?.message).toBe('no')
    expect(errorOf(readResponse({}))?.code).toBe('upstream_incomplete')
    const cut = readResponse({ ...answer, finish_reason: null })
    expectWellFormed(cut)
    expect(errorOf(cut)?.code).toBe('upstream_incomplete')
  })

  test('a request that Cohere blocked is no overload', () => {
    expect(cohereChat.readError(498, { message: 'blocked' }, null).status).toBe(400)
  })
})
