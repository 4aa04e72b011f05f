/** Calls without a name: the same failure in every dialect, streamed or not. */
import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../../src/core/json.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { protocols } from '../../../src/protocol/registry.ts'
import { translationOf } from '../../../src/protocol/translation.ts'

const says = (event: string | null, data: JsonObject) => ({ event, data: JSON.stringify(data) })

const chatChunk = (choice: JsonObject) =>
  says(null, { id: 'c', model: 'm', choices: [{ index: 0, ...choice }] })
const chatCall = (call: JsonObject) => chatChunk({ delta: { tool_calls: [call] } })
const typed = (type: string, rest: JsonObject) => says(type, { type, ...rest })

/** The dialects, the streams in which a call has no name, and the answers in which it has none. */
const cases: readonly {
  readonly name: keyof typeof protocols
  readonly streams: readonly (readonly ReturnType<typeof says>[])[]
  readonly answers: readonly JsonObject[]
}[] = [
  {
    name: 'chat',
    streams: [
      [
        chatCall({ index: 0, id: 'a', function: { name: '', arguments: '{}' } }),
        chatChunk({ delta: {}, finish_reason: 'tool_calls' }),
      ],
      [
        chatCall({ index: 0, function: { arguments: '{"x":1}' } }),
        chatChunk({ delta: {}, finish_reason: 'stop' }),
      ],
      [chatCall({ index: 0, id: 'a', function: { name: null } }), { event: null, data: '[DONE]' }],
    ],
    answers: [
      {
        id: 'c',
        choices: [
          {
            message: { tool_calls: [{ id: 'a', function: { arguments: '{}' } }] },
            finish_reason: 'tool_calls',
          },
        ],
      },
    ],
  },
  {
    name: 'responses',
    streams: [
      [
        typed('response.created', { response: { id: 'r' } }),
        typed('response.output_item.added', {
          output_index: 0,
          item: { type: 'function_call', call_id: 'a', name: '' },
        }),
        typed('response.function_call_arguments.done', { output_index: 0, arguments: '{}' }),
        typed('response.completed', { response: { id: 'r', status: 'completed' } }),
      ],
      [
        typed('response.output_item.done', {
          output_index: 0,
          item: { type: 'custom_tool_call', call_id: 'a', input: 'x' },
        }),
      ],
    ],
    answers: [
      {
        object: 'response',
        status: 'completed',
        output: [{ type: 'function_call', call_id: 'a', arguments: '{}' }],
      },
    ],
  },
  {
    name: 'messages',
    streams: [
      [
        typed('message_start', { message: { id: 'm' } }),
        typed('content_block_start', {
          index: 0,
          content_block: { type: 'tool_use', id: 'a', input: {} },
        }),
      ],
    ],
    answers: [
      {
        id: 'm',
        content: [{ type: 'tool_use', id: 'a', name: '', input: {} }],
        stop_reason: 'tool_use',
      },
    ],
  },
  {
    name: 'gemini',
    streams: [
      [
        says(null, {
          candidates: [
            { content: { parts: [{ functionCall: { args: { x: 1 } } }] }, finishReason: 'STOP' },
          ],
        }),
      ],
    ],
    answers: [
      {
        candidates: [{ content: { parts: [{ functionCall: { id: 'a' } }] }, finishReason: 'STOP' }],
      },
    ],
  },
  {
    name: 'converse',
    streams: [
      [says('contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { toolUseId: 'a' } } })],
    ],
    answers: [
      {
        output: { message: { content: [{ toolUse: { toolUseId: 'a', input: {} } }] } },
        stopReason: 'tool_use',
      },
    ],
  },
  {
    name: 'cohere',
    streams: [
      [typed('tool-call-start', { index: 0, delta: { message: { tool_calls: { id: 'a' } } } })],
    ],
    answers: [
      {
        message: { tool_calls: [{ id: 'a', function: { name: '', arguments: '{}' } }] },
        finish_reason: 'TOOL_CALL',
      },
    ],
  },
  {
    name: 'ollama',
    streams: [
      [says(null, { message: { tool_calls: [{ function: { arguments: {} } }] }, done: true })],
    ],
    answers: [{ message: { tool_calls: [{ id: 'a', function: { arguments: {} } }] }, done: true }],
  },
]

function expectFailed(events: readonly HubEvent[]): void {
  const told = events.filter(({ type }) => type !== 'start' && type !== 'raw' && type !== 'usage')
  expect(told).toMatchObject([{ type: 'error', error: { code: 'upstream_protocol_error' } }])
  expect(events.at(-1)?.type).toBe('error')
  const [failed] = told
  expect(failed?.type === 'error' ? failed.error.message : '').toContain('without a name')
}

describe.each(cases)('$name', ({ name, streams, answers }) => {
  const translation = translationOf(protocols[name])

  test.each(streams)('fails a stream with one', (...frames) => {
    const reader = translation.reader()
    const events = frames.flatMap((frame) => [...reader.read(frame)])
    expectFailed([...events, ...reader.end()])
    expect(reader.end()).toEqual([])
  })

  test.each(answers)('fails an answer with one', (answer) => {
    expectFailed(translation.readResponse(answer))
  })
})

test('every dialect that answers is here', () => {
  // Legacy completions have no tools, and Claude on Bedrock answers as Claude does.
  const others = ['completions', 'invoke', 'opaque']
  const named: readonly string[] = [...cases.map(({ name }) => name), ...others]
  expect(Object.keys(protocols).filter((name) => !named.includes(name))).toEqual([])
})

test('an empty entry that pads a chunk is no call', () => {
  const reader = translationOf(protocols.chat).reader()
  const frames = [
    chatCall({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }),
    chatCall({ index: 1, function: { arguments: '' } }),
    chatChunk({ delta: {}, finish_reason: 'tool_calls' }),
  ]
  const events = [...frames.flatMap((frame) => [...reader.read(frame)]), ...reader.end()]
  expect(events.map(({ type }) => type)).not.toContain('error')
  expect(events.filter(({ type }) => type === 'tool-start')).toHaveLength(1)
})
