/** Custom tools as functions, in requests of every dialect, and back again in answers. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import type { JsonObject } from '../../../src/core/json.ts'
import { tellingCustomCalls, withCustomCalls } from '../../../src/protocol/hub/custom-calls.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import {
  customTools,
  functionFor,
  withFunctionTools,
} from '../../../src/protocol/hub/function-tools.ts'
import type { HubRequest, Part, Tool } from '../../../src/protocol/hub/request.ts'
import { protocols } from '../../../src/protocol/registry.ts'
import { type AnswerContext, translationOf } from '../../../src/protocol/translation.ts'
import { call, hubRequest, result, says, text, weather } from '../hub-request.ts'

const grammar = { type: 'grammar', syntax: 'lark', definition: 'start: "x"' }
const patch = (rest: Partial<Extract<Tool, { type: 'custom' }>> = {}) =>
  ({ type: 'custom', name: 'patch', description: 'Changes.', format: grammar, ...rest }) as const

const customCall = (id: string, input: string): Part => {
  const made = { id, name: 'patch', arguments: input, signature: null, cache: null }
  return { type: 'tool-call', ...made, custom: true }
}
const customResult = (id: string, said: string): Part =>
  ({ ...result(id, [text(said)]), custom: true }) as Part

const conversation = (rest: Partial<HubRequest> = {}): HubRequest =>
  hubRequest({
    tools: [patch(), weather],
    messages: [
      says('user', text('Hi')),
      says('assistant', customCall('call_1', 'a "b"\n'), call('call_2', 'weather', '{}')),
      says('tool', customResult('call_1', 'ok'), result('call_2', [text('rain')])),
    ],
    ...rest,
  })

describe('a request', () => {
  test('without custom tools stays the same object', () => {
    const request = hubRequest({ tools: [weather] })
    expect(withFunctionTools(request)).toBe(request)
  })

  test('has functions, their calls and results in place of custom ones', () => {
    const { tools, messages, toolChoice } = withFunctionTools(
      conversation({ toolChoice: { type: 'tool', name: 'patch' } }),
    )
    expect(tools.map(({ type }) => type)).toEqual(['function', 'function'])
    expect(toolChoice).toEqual({ type: 'tool', name: 'patch' })
    expect(messages[1]?.parts).toMatchObject([
      { id: 'call_1', name: 'patch', arguments: '{"input":"a \\"b\\"\\n"}', custom: false },
      { id: 'call_2', arguments: '{}', custom: false },
    ])
    expect(messages[2]?.parts).toMatchObject([{ custom: false }, { custom: false }])
  })

  test.each([
    [grammar, ['Changes.', 'grammar (lark)', 'start: "x"']],
    [{ type: 'grammar', syntax: 'regex', definition: '^a+$' }, ['regular expression', '^a+$']],
    [{ type: 'text' }, []],
    [null, []],
    [{ type: 'odd', size: 3 }, ['{"type":"odd","size":3}']],
  ])('tells the model the format %p', (format, expected) => {
    const { description } = functionFor(patch({ format }))
    for (const each of expected) expect(description).toContain(each)
    if (expected.length === 0) expect(description).toBe('Changes.')
    expect(functionFor(patch({ format: null, description: null })).description).toBeNull()
  })
})

/** Dialects with functions only, and where in their bodies tools, the choice and calls stand. */
const dialects: readonly (readonly [keyof typeof protocols, JsonObject])[] = [
  [
    'messages',
    {
      tools: [{ name: 'patch' }, { name: 'weather' }],
      tool_choice: { type: 'tool', name: 'patch' },
      messages: [
        {},
        { content: [{ type: 'tool_use', id: 'call_1', input: { input: 'a "b"\n' } }, {}] },
        { content: [{ type: 'tool_result', tool_use_id: 'call_1' }, {}] },
      ],
    },
  ],
  [
    'gemini',
    {
      tools: [{ functionDeclarations: [{ name: 'patch' }, { name: 'weather' }] }],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['patch'] } },
      contents: [
        {},
        { parts: [{ functionCall: { name: 'patch', args: { input: 'a "b"\n' } } }, {}] },
        { parts: [{ functionResponse: { name: 'patch', response: { output: 'ok' } } }, {}] },
      ],
    },
  ],
  [
    'converse',
    {
      toolConfig: {
        tools: [{ toolSpec: { name: 'patch' } }, { toolSpec: { name: 'weather' } }],
        toolChoice: { tool: { name: 'patch' } },
      },
      messages: [
        {},
        { content: [{ toolUse: { name: 'patch', input: { input: 'a "b"\n' } } }, {}] },
        { content: [{ toolResult: { toolUseId: 'call_1', content: [{ text: 'ok' }] } }, {}] },
      ],
    },
  ],
  [
    'cohere',
    {
      tools: [{ type: 'function', function: { name: 'patch' } }],
      tool_choice: 'REQUIRED',
      messages: [
        {},
        {
          tool_calls: [
            {
              type: 'function',
              function: { name: 'patch', arguments: '{"input":"a \\"b\\"\\n"}' },
            },
            {},
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'ok' },
        {},
      ],
    },
  ],
]

test.each(dialects)('%s has the tool, the choice, the call and its result', (name, expected) => {
  const { writeRequest, losses } = translationOf(protocols[name])
  const body = writeRequest(conversation({ toolChoice: { type: 'tool', name: 'patch' } }))
  expect(body).toMatchObject(expected)
  expect(JSON.stringify(body)).toContain('start: \\"x\\"')
  expect(losses.request).toEqual(expect.arrayContaining([...customTools]))
})

test('ollama has the tool, the call and its result; it knows no choice', () => {
  const { writeRequest, losses } = translationOf(protocols.ollama)
  expect(writeRequest(conversation())).toMatchObject({
    tools: [{ function: { name: 'patch' } }, { function: { name: 'weather' } }],
    messages: [
      {},
      { tool_calls: [{ function: { name: 'patch', arguments: { input: 'a "b"\n' } } }, {}] },
      { role: 'tool', tool_name: 'patch', content: 'ok' },
      {},
    ],
  })
  expect(losses.request).toEqual(expect.arrayContaining([...customTools]))
})

describe('where custom tools exist', () => {
  const { chat, responses } = protocols

  test('a grammar is told in the words of each dialect', () => {
    const nested = { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "x"' } }
    const request = hubRequest({ tools: [patch()] })
    const custom = { name: 'patch', description: 'Changes.', format: nested }
    expect(translationOf(chat).writeRequest(request).tools).toEqual([{ type: 'custom', custom }])
    expect(translationOf(responses).writeRequest(request).tools).toEqual([
      { type: 'custom', name: 'patch', description: 'Changes.', format: grammar },
    ])
    const path = { model: null, stream: null }
    const said = { model: 'm', messages: [], tools: [{ type: 'custom', custom }] }
    expect(translationOf(chat).readRequest(said, path).tools).toEqual([patch()])
  })

  test('fields that only Responses has stay there', () => {
    const tool = { type: 'custom', name: 'x', allowed_callers: ['direct'] }
    const body = { model: 'm', input: 'Hi', tools: [tool] }
    const { readRequest, writeRequest } = translationOf(responses)
    const request = readRequest(body, { model: null, stream: null })
    expect(writeRequest(request).tools).toEqual([tool])
    const written = translationOf(chat).writeRequest(request)
    expect(written.tools).toEqual([{ type: 'custom', custom: { name: 'x' } }])
  })
})

const context = (tools: readonly Tool[] = [patch(), weather]): AnswerContext => ({
  model: 'm',
  requestId: 'req_1',
  createdS: 1,
  includeUsage: false,
  framing: 'sse',
  request: hubRequest({ tools }),
})
const began = (block: number, name: string, custom = false, choice = 0): HubEvent => {
  return { type: 'tool-start', choice, block, id: `call_${block}`, name, custom, signature: null }
}
const said = (block: number, written: string, choice = 0): HubEvent => {
  return { type: 'tool-delta', choice, block, arguments: written }
}
const ended = (block: number, choice = 0): HubEvent => ({ type: 'block-end', choice, block })
const finish = (reason: 'tool-calls' | 'length' = 'tool-calls', choice = 0): HubEvent => {
  const nothing = { native: null, stopSequence: null, details: null }
  return { type: 'finish', choice, reason, ...nothing }
}
const start: HubEvent = {
  ...{ type: 'start', id: 'a', model: 'm', createdS: 1, serviceTier: null, fingerprint: null },
}

/** The names and texts of the calls that `events` tell. */
function callsIn(events: readonly HubEvent[]): readonly (readonly [string, boolean, string])[] {
  return events.flatMap((event) => {
    if (event.type !== 'tool-start') return []
    const texts = events.flatMap((each) =>
      each.type === 'tool-delta' && each.block === event.block && each.choice === event.choice
        ? [each.arguments]
        : [],
    )
    return [[event.name, event.custom, texts.join('')] as const]
  })
}

describe('an answer', () => {
  test('without custom tools is not touched', () => {
    const events = [began(0, 'patch'), said(0, '{"input":"x"}')]
    expect(withCustomCalls(events, context([weather]))).toBe(events)
    const writer = { write: () => '' }
    expect(tellingCustomCalls(writer, context([weather]))).toBe(writer)
  })

  test('tells calls that interleave, of several choices, each as what it is', () => {
    const events = [
      began(0, 'patch'),
      began(1, 'weather'),
      began(0, 'patch', false, 1),
      said(0, '{"inp'),
      said(1, '{"input":'),
      said(0, '{"input":"c', 1),
      said(0, 'ut":"a\\u00'),
      said(1, '"b"}'),
      said(0, 'e9"}'),
      said(0, '2"}', 1),
      ended(1),
      ended(0),
      ended(0, 1),
      finish(),
    ]
    const told = withCustomCalls(events, context())
    expect(callsIn(told)).toEqual([
      ['patch', true, 'aé'],
      ['weather', false, '{"input":"b"}'],
      ['patch', true, 'c2'],
    ])
    expect(told.filter(({ type }) => type === 'block-end')).toHaveLength(3)
  })

  test('leaves a call alone that the provider calls custom, or whose name a function has', () => {
    const own = [began(0, 'patch', true), said(0, '{"input":"x"}'), ended(0)]
    expect(withCustomCalls(own, context())).toEqual(own)
    const both = [began(0, 'patch'), said(0, '{"input":"x"}'), ended(0)]
    const tools = [patch(), { ...weather, name: 'patch' }]
    expect(withCustomCalls(both, context(tools))).toEqual(both)
  })

  test('says the rest of a text whose block was never ended', () => {
    const cut = [began(0, 'patch'), said(0, '{"other":"x'), finish('length'), { type: 'end' }]
    const told = withCustomCalls(cut as readonly HubEvent[], context())
    expect(callsIn(told)).toEqual([['patch', true, '{"other":"x']])
    expect(told.map(({ type }) => type)).toEqual(['tool-start', 'tool-delta', 'finish', 'end'])
  })

  test('that was cut off in the text is incomplete, and so is its call', () => {
    const cut: readonly HubEvent[] = [
      ...[start, began(0, 'patch'), said(0, '{"input":"ab\\n'), ended(0)],
      ...[finish('length'), { type: 'end' } as const],
    ]
    const response = translationOf(protocols.responses).writeResponse(cut, context())
    expect(response).toMatchObject({
      status: 'incomplete',
      output: [{ type: 'custom_tool_call', input: 'ab\n', status: 'incomplete' }],
    })
    const completion = translationOf(protocols.chat).writeResponse(cut, context())
    expect(completion).toMatchObject({
      choices: [
        {
          message: { tool_calls: [{ type: 'custom', custom: { name: 'patch', input: 'ab\n' } }] },
          finish_reason: 'length',
        },
      ],
    })
  })

  test('goes on with the numbers of another server, as one without custom tools does', () => {
    for (const tools of [[], [patch()]]) {
      const writer = translationOf(protocols.responses).writer(context(tools))
      writer.write([start, began(0, 'patch')])
      writer.countFrom?.(700)
      expect(writer.write([ended(0)])).toMatch(/"sequence_number":700\b/)
    }
  })

  test('in a stream is the same, wherever the writer is called', () => {
    const property = fc.property(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.integer({ min: 1, max: 5 }),
      (input, size) => {
        const written = JSON.stringify({ input })
        const pieces = written.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
        const events: readonly HubEvent[] = [
          ...[start, began(0, 'patch')],
          ...pieces.map((piece) => said(0, piece)),
          ...[ended(0), finish(), { type: 'end' } as const],
        ]
        for (const protocol of [protocols.chat, protocols.responses]) {
          const writer = translationOf(protocol).writer(context([patch()]))
          const stream = events.map((event) => writer.write([event])).join('')
          expect(inputOf(stream)).toBe(input)
          expect(stream).not.toContain('function')
        }
      },
    )
    fc.assert(property, { numRuns: 100 })
  })
})

test('no order of events makes a writer throw, and nothing follows an error', () => {
  const error = new GatewayError('upstream_incomplete')
  const block = fc.nat({ max: 2 })
  const choice = fc.nat({ max: 1 })
  const piece = fc.constantFrom(
    '{',
    '"input"',
    ':',
    '"',
    '\\',
    'u00e',
    '9',
    '\ud83c',
    '}',
    '[',
    'x',
  )
  const event: fc.Arbitrary<HubEvent> = fc.oneof(
    fc.tuple(block, fc.constantFrom('patch', 'f'), fc.boolean(), choice).map((it) => began(...it)),
    fc.tuple(block, piece, choice).map((it) => said(...it)),
    fc.tuple(block, piece, choice).map((it) => said(...it)),
    fc.tuple(block, choice).map((it) => ended(...it)),
    choice.map((at) => finish('tool-calls', at)),
    fc.constantFrom<HubEvent>({ type: 'error', error }, { type: 'end' }),
  )
  const property = fc.property(fc.array(event, { maxLength: 40 }), (events) => {
    for (const protocol of [protocols.chat, protocols.responses]) {
      const writer = translationOf(protocol).writer(context())
      let isOver = false
      for (const each of events) {
        const written = writer.write([each])
        if (isOver) expect(written).toBe('')
        isOver ||= each.type === 'error' || each.type === 'end'
      }
    }
  })
  fc.assert(property, { numRuns: 300 })
})

/** The input of the one custom call in the text of a stream, of either dialect. */
function inputOf(stream: string): string {
  const data = stream.split('\n').filter((line) => line.startsWith('data: {'))
  return data
    .map((line) => {
      const { type, delta, choices } = JSON.parse(line.slice(6))
      if (type === 'response.custom_tool_call_input.delta') return delta
      return choices?.[0]?.delta.tool_calls?.[0]?.custom.input ?? ''
    })
    .join('')
}
