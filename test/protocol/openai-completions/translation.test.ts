/** Legacy completions: requests, streams and whole answers. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import type { JsonObject } from '../../../src/core/json.ts'
import { collect } from '../../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import type { HubRequest, Message } from '../../../src/protocol/hub/request.ts'
import { writeChatRequest } from '../../../src/protocol/openai-chat/request-write.ts'
import { openaiCompletions } from '../../../src/protocol/openai-completions.ts'
import { translationOf } from '../../../src/protocol/translation.ts'
import { contextOf, emptyRequest, eventsOf, streamOf } from '../openai-chat/stand.ts'

const { readRequest, writeRequest, readResponse, writeResponse, reader, writer } =
  translationOf(openaiCompletions)
const nowhere = { model: null, stream: null }
const read = (body: JsonObject): HubRequest => readRequest({ model: 'm', ...body }, nowhere)
const user = (text: string): Message => ({
  ...{ role: 'user', name: null },
  parts: text === '' ? [] : [{ type: 'text', text, citations: [], cache: null, signature: null }],
})

/** The parameter of the 400 that `run` throws. */
function refused(run: () => unknown): string | undefined {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof GatewayError && thrown.status === 400) return thrown.detail.param
    throw thrown
  }
  throw new Error('it was not refused')
}

describe('a request', () => {
  const own = (fields: JsonObject) => ({ dialect: 'openai-completions', fields }) as const

  test.each([
    ['a text', 'Once', 'Once'],
    ['a list of one text', ['Once'], 'Once'],
    ['nothing', '', ''],
  ])('has %s for a prompt', (_name, prompt, text) => {
    expect(read({ prompt }).messages).toEqual([user(text)])
  })

  test.each([[['a', 'b']], [[1, 2, 3]], [[[1, 2]]], [7], [null], [{}], [[]]])(
    'is refused for the prompt %j',
    (prompt) => {
      expect(refused(() => read({ prompt }))).toBe('prompt')
    },
  )

  test('says its settings, and asks others for nothing that they cannot do', () => {
    const body = {
      ...{ prompt: 'a', max_tokens: 5, logprobs: 2, stop: ['x'], n: 2, seed: 1, user: 'u' },
      ...{ echo: false, best_of: 1, suffix: '', stream: true },
      stream_options: { include_usage: true },
    }
    const request = read(body)
    expect(request).toEqual(
      emptyRequest({
        ...{ model: 'm', messages: [user('a')], outputTokensMax: 5, logprobs: true },
        ...{ topLogprobs: 2, stop: ['x'], choices: 2, seed: 1, userId: 'u', includeUsage: true },
        extra: own({}),
      }),
    )
    expect(writeChatRequest(request)).toMatchObject({
      ...{ messages: [{ role: 'user', content: 'a' }], logprobs: true, top_logprobs: 2, n: 2 },
    })
  })

  test.each([
    ['echo', true],
    ['best_of', 3],
    ['suffix', 'end'],
  ])('with %s goes to no other dialect', (param, value) => {
    const request = read({ prompt: 'a', [param]: value })
    expect(writeRequest(request)).toEqual({ model: 'm', prompt: 'a', [param]: value })
    expect(refused(() => writeChatRequest(request))).toBe(param)
  })

  test.each([
    ['messages', { messages: [user('a'), user('b')] }],
    ['messages', { messages: [] }],
    ['messages', { messages: [{ ...user('a'), role: 'system' }] }],
    [
      'messages',
      { messages: [{ role: 'user', name: null, parts: [{ type: 'refusal', text: 'x' }] }] },
    ],
    ['tools', { tools: [{ type: 'custom', name: 'f', description: null, format: null }] }],
    ['response_format', { responseFormat: { type: 'json' } }],
    [
      'reasoning_effort',
      { reasoning: { enabled: null, effort: 'low', budgetTokens: null, summary: null } },
    ],
    ['modalities', { extra: { dialect: 'openai-chat', fields: { modalities: ['audio'] } } }],
  ])('is refused where %s cannot be said', (param, rest) => {
    const request = { ...emptyRequest({ messages: [user('a')] }), ...rest } as HubRequest
    expect(refused(() => writeRequest(request))).toBe(param)
  })

  test('is the same when it is written and read', () => {
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value)
    const count = fc.integer({ min: 0, max: 99 })
    const word = fc.stringMatching(/^[a-z]{1,8}$/)
    const settings = fc.record({
      ...{ prompt: fc.string({ unit: 'grapheme' }), stream: fc.boolean(), top: maybe(count) },
      ...{ outputTokensMax: maybe(count), temperature: maybe(count), topP: maybe(count) },
      ...{ topK: maybe(count), seed: maybe(count), choices: maybe(count), userId: maybe(word) },
      ...{ frequencyPenalty: maybe(count), presencePenalty: maybe(count) },
      ...{ stop: fc.array(word, { maxLength: 3 }), suffix: maybe(word) },
    })
    fc.assert(
      fc.property(settings, ({ prompt, top, suffix, ...rest }) => {
        const request = emptyRequest({
          ...{ ...rest, messages: [user(prompt)], topLogprobs: top },
          ...{ logprobs: top === null ? null : true, includeUsage: rest.stream ? true : null },
          extra: own(suffix === null ? {} : { suffix }),
        })
        const written = JSON.parse(JSON.stringify(writeRequest(request)))
        expect(readRequest(written, nowhere)).toEqual(request)
      }),
      { numRuns: 300, ...(Bun.env.FUZZ_SEED && { seed: Number(Bun.env.FUZZ_SEED) }) },
    )
  })
})

describe('an answer', () => {
  const legacy = {
    tokens: ['é', 'a'],
    token_logprobs: [-1, -2],
    top_logprobs: [{ é: -1, b: -3 }, { a: -2 }],
    text_offset: [0, 1],
  }
  const chunk = (choice: object): object => ({
    ...{ id: 'cmpl-1', object: 'text_completion', created: 7, model: 'm' },
    choices: [{ index: 0, ...choice }],
  })
  const chunks = [
    chunk({ text: 'é', logprobs: { ...cut(legacy, 0, 1) }, finish_reason: null }),
    chunk({ text: 'a', logprobs: { ...cut(legacy, 1, 2) }, finish_reason: 'length' }),
    {
      ...chunk({}),
      choices: [],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    },
  ]
  const events = eventsOf(reader(), [streamOf(...chunks, '[DONE]')])

  test('has its log probabilities in the shape of chat, and back', () => {
    const [part] = collect(events).choices[0]?.parts ?? []
    expect(part).toMatchObject({
      text: 'éa',
      logprobs: {
        content: [
          {
            ...{ token: 'é', logprob: -1, bytes: [195, 169] },
            top_logprobs: [{ token: 'é' }, { token: 'b', logprob: -3 }],
          },
          { token: 'a', logprob: -2 },
        ],
      },
    })
    expect(writeResponse(events, contextOf())).toEqual({
      ...{ id: 'cmpl-1', object: 'text_completion', created: 7, model: 'm' },
      choices: [{ text: 'éa', index: 0, logprobs: legacy, finish_reason: 'length' }],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    })
  })

  test('is written as chunks of text, a finish, the usage and the marker', () => {
    const sse = writer(contextOf()).write(events)
    const data = sse.split('\n\n').map((each) => each.slice('data: '.length))
    expect(data.splice(-2)).toEqual(['[DONE]', ''])
    const parsed = data.map((each) => JSON.parse(each))
    const head = { id: 'cmpl-1', object: 'text_completion', created: 7, model: 'm' }
    expect(parsed).toMatchObject([
      { ...head, choices: [{ text: 'é', logprobs: cut(legacy, 0, 1) }], usage: null },
      { ...head, choices: [{ text: 'a', logprobs: cut(legacy, 1, 2) }] },
      { ...head, choices: [{ text: '', index: 0, logprobs: null, finish_reason: 'length' }] },
      { ...head, choices: [], usage: { total_tokens: 3 } },
    ])
  })

  test('of another dialect is its text only', () => {
    const foreign: readonly HubEvent[] = [
      { type: 'reasoning-delta', choice: 0, block: 0, text: 'hm', summary: false },
      { type: 'refusal', choice: 0, block: 1, text: 'No' },
      {
        type: 'tool-start',
        choice: 0,
        block: 2,
        id: 'x',
        name: 'f',
        custom: false,
        signature: null,
      },
      {
        ...{ type: 'finish', choice: 0, reason: 'tool-calls', native: null },
        ...{ stopSequence: null, details: null },
      } as HubEvent,
      { type: 'end' },
    ]
    const written = writeResponse(foreign, contextOf())
    expect(written).toMatchObject({
      id: 'cmpl-abc',
      choices: [{ text: 'No', finish_reason: 'stop' }],
    })
    const sse = writer(contextOf({ includeUsage: false })).write(foreign)
    expect(eventsOf(reader(), [Buffer.from(sse)])).toMatchObject([
      { type: 'start', id: 'cmpl-abc', model: 'asked' },
      { type: 'text-delta', text: 'No' },
      { type: 'block-end' },
      { type: 'finish', reason: 'stop' },
      { type: 'end' },
    ])
  })

  test('of a fill-in-the-middle endpoint comes in chunks of chat', () => {
    const [choice] = collect(
      eventsOf(reader(), [
        streamOf(chunk({ delta: { content: 'mid' } }), chunk({ delta: {}, finish_reason: 'stop' })),
      ]),
    ).choices
    expect(choice).toMatchObject({ parts: [{ text: 'mid' }], finish: { reason: 'stop' } })
    const whole = readResponse({ id: 'c', choices: [{ message: { content: 'm' } }] })
    expect(collect(whole).choices[0]?.parts).toMatchObject([{ text: 'm' }])
  })

  test('that failed has an error and no marker', () => {
    const error = new GatewayError('upstream_reset')
    const failed: HubEvent[] = [...events.slice(0, 2), { type: 'error', error }]
    const sse = writer(contextOf()).write([...failed, { type: 'end' }])
    expect(sse).toEndWith('"code":"upstream_reset"}}\n\n')
    expect(() => writeResponse(failed, contextOf())).toThrow(error)
  })
})

function cut(lists: Readonly<Record<string, readonly unknown[]>>, from: number, to: number) {
  return Object.fromEntries(Object.entries(lists).map(([key, list]) => [key, list.slice(from, to)]))
}
