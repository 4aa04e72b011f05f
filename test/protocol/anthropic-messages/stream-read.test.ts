/** Streams that are not as they should be, and those that no recording shows. */
import { describe, expect, test } from 'bun:test'
import { collect } from '../../../src/protocol/hub/collect.ts'
import { framesOf, sse } from '../answer-server.ts'
import { decode, translation } from './stand.ts'

const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-x',
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 1 },
}
const start = sse({ type: 'message_start', message } as { type: string })
const begin = (index: number, content_block: object) =>
  sse({ type: 'content_block_start', index, content_block } as { type: string })
const delta = (index: number, value: object) =>
  sse({ type: 'content_block_delta', index, delta: value } as { type: string })
const text = (index: number, value: string) => delta(index, { type: 'text_delta', text: value })
const input = (index: number, partial_json: string) =>
  delta(index, { type: 'input_json_delta', partial_json })
const stop = (index: number) => sse({ type: 'content_block_stop', index } as { type: string })
const finish = (stop_reason: string | null, usage: object = {}) =>
  sse({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage } as {
    type: string
  })
const end = sse({ type: 'message_stop' })
const tool = { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }

const read = (...pieces: readonly string[]) => decode(framesOf(...pieces))
const whole = (...pieces: readonly string[]) => collect(read(...pieces))
const partsOf = (...pieces: readonly string[]) =>
  whole(...pieces).choices[0]?.parts.filter(({ type }) => type !== 'native')
const reasonOf = (...pieces: readonly string[]) => whole(...pieces).choices[0]?.finish?.reason

describe('the end', () => {
  test('is missing after a finish: complete all the same', () => {
    const events = read(
      start,
      begin(0, { type: 'text', text: '' }),
      text(0, 'A'),
      finish('end_turn'),
    )
    expect(events.slice(-3).map(({ type }) => type)).toEqual(['block-end', 'finish', 'end'])
  })

  test.each([
    ['nothing', ''],
    ['the start', start],
    ['a block', start + begin(0, tool) + input(0, '{"x":')],
    ['all blocks', start + begin(0, tool) + stop(0)],
    ['usage without a reason', start + finish(null, { output_tokens: 9 })],
  ])('after %s is a failure', (_name, stream) => {
    const events = read(stream)
    const last = events.at(-1)
    expect(last?.type === 'error' ? last.error.code : last?.type).toBe('upstream_incomplete')
    expect(events.some(({ type }) => type === 'finish' || type === 'end')).toBe(false)
  })

  test('came without a finish: nothing is invented', () => {
    const { ended, choices } = whole(start, begin(0, { type: 'text', text: '' }), text(0, 'A'), end)
    expect([ended, choices[0]?.finish]).toEqual([true, null])
  })

  test('is the last that is read', () => {
    const reader = translation.reader()
    for (const frame of framesOf(start, finish('end_turn'), end)) reader.read(frame)
    expect(framesOf(start, text(0, 'A')).flatMap((frame) => reader.read(frame))).toEqual([])
    expect(reader.end()).toEqual([])
  })
})

describe('the finish', () => {
  test.each([
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['stop_sequence', 'stop-sequence'],
    ['pause_turn', 'pause'],
    ['compaction', 'pause'],
    ['refusal', 'content-filter'],
    ['tool_use', 'stop'],
    ['something_new', 'stop'],
  ])('%s without calls is %s', (native, reason) => {
    expect(reasonOf(start, finish(native), end)).toBe(reason as 'stop')
  })

  test.each(['end_turn', 'tool_use'])('%s with a call is tool-calls', (native) => {
    expect(reasonOf(start, begin(0, tool), stop(0), finish(native), end)).toBe('tool-calls')
  })

  test('that comes again counts once, and last', () => {
    const events = read(start, finish('end_turn'), finish('max_tokens'), end)
    const finishes = events.filter(({ type }) => type === 'finish')
    expect(finishes).toMatchObject([{ reason: 'length', native: 'max_tokens' }])
  })
})

describe('usage', () => {
  test('is the last that was told, count by count, and never a sum', () => {
    const first = { input_tokens: 3, cache_read_input_tokens: 4, cache_creation_input_tokens: 5 }
    const opening = sse({ type: 'message_start', message: { ...message, usage: first } } as never)
    const later = { output_tokens: 7, output_tokens_details: { thinking_tokens: 2 } }
    const { usage } = whole(opening, finish('end_turn', { input_tokens: null, ...later }), end)
    expect(usage).toMatchObject({
      inputTokens: 12,
      outputTokens: 7,
      cachedInputTokens: 4,
      cacheWriteInputTokens: 5,
      reasoningTokens: 2,
    })
  })

  test('may change at the end, from nothing to the truth', () => {
    const counts = { input_tokens: 404_500, output_tokens: 2 }
    expect(whole(start, finish('end_turn', counts), end).usage?.inputTokens).toBe(404_500)
  })
})

describe('blocks', () => {
  test('of calls that overlap keep their fragments', () => {
    const other = { ...tool, id: 'toolu_2', name: 'g' }
    const parts = partsOf(
      ...[start, begin(0, tool), begin(1, other), input(1, '{"b"'), input(0, '{"a"')],
      ...[input(1, ':2}'), input(0, ':1}'), stop(1), stop(0), finish('tool_use'), end],
    )
    expect(parts).toMatchObject([
      { id: 'toolu_1', arguments: '{"a":1}' },
      { id: 'toolu_2', arguments: '{"b":2}' },
    ])
  })

  test('of a call with its input in the start, and with fragments as well', () => {
    const given = { ...tool, input: { a: 1 } }
    const alone = partsOf(start, begin(0, given), stop(0), finish('tool_use'), end)
    expect(alone).toMatchObject([{ arguments: '{"a":1}' }])
    const both = partsOf(start, begin(0, given), input(0, '{"b":2}'), stop(0), finish('x'), end)
    expect(both).toMatchObject([{ arguments: '{"b":2}' }])
  })

  test('of a call without an id get one, the same every time', () => {
    const stream = [start, begin(0, { ...tool, id: '' }), stop(0), finish('tool_use'), end]
    const [first, second] = [partsOf(...stream), partsOf(...stream)]
    expect(first).toEqual(second)
    expect(first).toMatchObject([{ id: expect.stringMatching(/^call_\w{8,}$/) }])
  })

  test('with text in the start, without a start, and out of order', () => {
    const parts = partsOf(
      ...[begin(5, { type: 'text', text: 'A' }), text(5, 'B'), stop(5), text(0, 'C'), stop(9)],
      ...[delta(1, { type: 'thinking_delta', thinking: 'D' }), finish('end_turn'), end],
    )
    expect(parts).toMatchObject([{ text: 'AB' }, { text: 'C' }, { type: 'reasoning', text: 'D' }])
  })

  test('of an unknown kind are never calls', () => {
    const stream = [
      start,
      begin(0, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
      input(0, '{"query":"x"}'),
      stop(0),
      sse({ type: 'something_new' }),
      finish('end_turn'),
      end,
    ]
    expect(read(...stream).some(({ type }) => type.startsWith('tool'))).toBe(false)
    expect(reasonOf(...stream)).toBe('stop')
  })

  test('without end are too many', () => {
    const many = Array.from({ length: 1_100 }, (_, index) => begin(index, tool)).join('')
    const last = read(start, many).at(-1)
    expect(last?.type === 'error' && last.error.code).toBe('upstream_protocol_error')
  })
})

describe('a second start', () => {
  const other = sse({ type: 'message_start', message: { ...message, id: 'msg_2' } } as never)

  test('of the same answer is nothing', () => {
    const events = read(start, start, finish('end_turn'), end)
    expect(events.filter(({ type }) => type === 'start')).toHaveLength(1)
    expect(events.at(-1)?.type).toBe('end')
  })

  test('of another answer before content is nothing, and after it a failure', () => {
    expect(read(start, other, finish('end_turn'), end).at(-1)?.type).toBe('end')
    const last = read(start, begin(0, { type: 'text', text: '' }), text(0, 'A'), other).at(-1)
    expect(last?.type === 'error' && last.error.code).toBe('upstream_protocol_error')
  })
})

describe('errors', () => {
  const overloaded = {
    type: 'error',
    error: { details: null, type: 'overloaded_error', message: 'Overloaded' },
    request_id: 'req_1',
  }

  test.each([
    ['first of all', ''],
    ['after the start', start],
    ['in the middle', start + begin(0, { type: 'text', text: '' }) + text(0, 'A')],
    ['after the finish', start + finish('end_turn')],
  ])('%s end everything', (_name, before) => {
    const events = read(before, sse(overloaded), text(0, 'B'), end)
    const last = events.at(-1)
    expect(last?.type === 'error' && [last.error.status, last.error.message]).toEqual([
      503,
      'Overloaded',
    ])
    expect(events.filter(({ type }) => type === 'error')).toHaveLength(1)
  })

  test.each([
    ['data: {"error":{"message":"no","type":"server_error"}}\n\n', 500],
    ['event: error\ndata: {"message":"no"}\n\n', 502],
    ['error: {"error":{"message":"no","code":429}}\n\n', 429],
    ['{"error":{"code":499,"message":"no","status":"CANCELLED"}}\n', 502],
  ])('of other shapes are errors too: %p', (stream, status) => {
    const last = read(start, stream).at(-1)
    expect(last?.type === 'error' && [last.error.message, last.error.status]).toEqual([
      'no',
      status,
    ])
  })

  test('in an answer that is not streamed', () => {
    expect(translation.readResponse(overloaded)).toMatchObject([
      { type: 'error', error: { status: 503 } },
    ])
    expect(translation.readResponse({ id: 'x' })).toMatchObject([{ type: 'error' }])
  })
})

test('what is not JSON is left out, and pings are nothing to others', () => {
  const events = read(
    ...['event: ping\ndata: {"type": "ping"}\n\n', 'data: {"type":"content_\n\n', 'data: [1]\n\n'],
    ...[': comment\n\n', start, 'data: [DONE]\n\n', finish('end_turn'), end],
  )
  const seen = events.map(({ type }) => type)
  expect(seen).toEqual(['start', 'usage', 'usage', 'finish', 'end'])
})
