/**
 * Anything that a provider or a client may say: spoilt chunks and requests. Readers never throw and
 * keep their promises, writers write whole events. `FUZZ_SEED` repeats a run.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { isObject, type JsonObject } from '../../../src/core/json.ts'
import { collect } from '../../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { openaiChat } from '../../../src/protocol/openai-chat.ts'
import { openaiCompletions } from '../../../src/protocol/openai-completions.ts'
import { type Translation, translationOf } from '../../../src/protocol/translation.ts'
import { contextOf } from './stand.ts'

const options = {
  numRuns: 3_000,
  ...(Bun.env.FUZZ_SEED && { seed: Number(Bun.env.FUZZ_SEED) }),
}

const words = [
  ...['id', 'object', 'choices', 'index', 'delta', 'message', 'content', 'finish_reason', 'usage'],
  ...['error', 'code', 'tool_calls', 'function', 'custom', 'name', 'arguments', 'type', 'text'],
  ...['reasoning', 'reasoning_content', 'reasoning_details', 'signature', 'data', 'summary'],
  ...['annotations', 'url_citation', 'url', 'logprobs', 'tokens', 'refusal', 'stop', 'length'],
  ...['tool_calls', 'error', 'citations', 'search_results', 'x_groq', 'value', '__proto__', ''],
  ...['thinking', 'audio', 'function_call', 'extra_content', 'google', 'messages', 'role', 'user'],
]
const scalar = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 1.5, 1e308, ...words),
  fc.string(),
)
const { anything } = fc.letrec<{ anything: unknown }>((tie) => ({
  anything: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('anything'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...words), tie('anything'), { maxKeys: 5 }),
  ),
}))

const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' }
const call = (index: number, rest: object): object => ({
  ...chunk,
  choices: [{ index: 0, delta: { tool_calls: [{ index, ...rest }] } }],
})
const said = (delta: object, rest: object = {}): object => ({
  ...chunk,
  choices: [{ index: 0, delta, finish_reason: null, ...rest }],
})
const samples: readonly object[] = [
  said({ role: 'assistant', content: '' }),
  said({ content: 'Hi' }),
  said({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }),
  said({ reasoning: 'a', reasoning_details: [{ type: 'reasoning.text', text: 'a', index: 0 }] }),
  said({ reasoning_details: [{ type: 'reasoning.encrypted', data: 'D', index: 1 }] }),
  said({ refusal: 'No' }, { logprobs: { content: null, refusal: [{ token: 'No' }] } }),
  said({ annotations: [{ type: 'url_citation', url_citation: { url: 'u', end_index: 3 } }] }),
  call(0, { id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
  call(0, { function: { arguments: '{"a":' } }),
  call(1, { id: 'b', type: 'custom', custom: { name: 'g', input: 'x' } }),
  said({}, { finish_reason: 'stop' }),
  said({}, { index: 1, finish_reason: 'tool_calls' }),
  { ...chunk, choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } },
  { ...chunk, choices: [{ index: 0, text: 'Hi', logprobs: { tokens: ['Hi'] } }] },
  { error: { message: 'm', code: 429 } },
]

/** A sample in which one value, somewhere, is another one. */
const spoilt = fc
  .tuple(fc.constantFrom(...samples), fc.nat({ max: 40 }), anything)
  .map(([sample, place, value]) => replaced(sample, { left: place }, value))

function replaced(value: unknown, place: { left: number }, other: unknown): unknown {
  place.left -= 1
  if (place.left === -1) return other
  if (Array.isArray(value)) return value.map((item) => replaced(item, place, other))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, replaced(item, place, other)]),
  )
}

const frame = fc.record({
  event: fc.constantFrom(null, null, null, 'error', 'message'),
  data: fc.oneof(
    { weight: 6, arbitrary: spoilt.map((value) => JSON.stringify(value) ?? '') },
    { weight: 6, arbitrary: fc.constantFrom(...samples).map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: anything.map((value) => JSON.stringify(value) ?? '') },
    { weight: 1, arbitrary: fc.string() },
    { weight: 1, arbitrary: fc.constant('[DONE]') },
  ),
})

/** What every reader promises, whatever it read. */
function checkEvents(events: readonly HubEvent[]): void {
  const last = events.at(-1)
  expect(last?.type === 'end' || last?.type === 'error').toBe(true)
  expect(events.filter(({ type }) => type === 'end' || type === 'error')).toHaveLength(1)
  const starts = events.flatMap(({ type }, at) => (type === 'start' ? [at] : []))
  expect(starts.length).toBeLessThanOrEqual(1)
  if (starts.length > 0) expect(starts).toEqual([0])
  else expect(events).toHaveLength(1)
  const open = new Map<string, number>()
  const finished = new Set<number>()
  const begun = new Map<number, number>()
  for (const event of events) {
    if (event.type === 'finish') {
      expect(finished.has(event.choice)).toBe(false)
      finished.add(event.choice)
    }
    if (!('block' in event)) continue
    const { choice, block } = event
    expect(finished.has(choice)).toBe(false)
    const key = `${choice} ${block}`
    const isNew = !open.has(key)
    // Blocks are numbered as they begin.
    if (isNew) {
      expect(block).toBe(begun.get(choice) ?? 0)
      begun.set(choice, block + 1)
    }
    expect(open.get(key)).not.toBe(0)
    open.set(key, event.type === 'block-end' ? 0 : 1)
    if (event.type === 'tool-start') expect([event.id, event.name]).not.toContain('')
  }
  if (last?.type !== 'end') return
  expect([...open.values()].filter((state) => state === 1)).toEqual([])
  expect([...begun.keys()].filter((choice) => !finished.has(choice))).toEqual([])
}

/** Whole events, each of which can be read, and an end only where the answer ended. */
function checkWritten(translation: Translation, events: readonly HubEvent[]): void {
  const sse = translation.writer(contextOf()).write(events)
  const data = sse.split('\n\n')
  expect(data.pop()).toBe('')
  for (const each of data) {
    expect(each).toStartWith('data: ')
    if (each !== 'data: [DONE]') JSON.parse(each.slice('data: '.length))
  }
  expect(data.at(-1) === 'data: [DONE]').toBe(events.at(-1)?.type === 'end')
  if (events.at(-1)?.type === 'end') {
    expect(translation.writeResponse(events, contextOf()).id).toBeString()
  }
}

describe.each([
  ['chat', translationOf(openaiChat)],
  ['completions', translationOf(openaiCompletions)],
])('%s', (_name, translation) => {
  test('reads any stream', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 14 }), (frames) => {
        const reader = translation.reader()
        const events = [...frames.flatMap((each) => reader.read(each)), ...reader.end()]
        checkEvents(events)
        checkWritten(translation, events)
        expect(collect(events).error !== null).toBe(events.at(-1)?.type === 'error')
      }),
      options,
    )
  }, 60_000)

  test('reads any answer', () => {
    fc.assert(
      fc.property(fc.oneof(spoilt, anything).filter(isObject), (body: JsonObject) => {
        const events = translation.readResponse(body)
        checkEvents(events)
        checkWritten(translation, events)
      }),
      options,
    )
  }, 60_000)

  test('reads any request, or refuses it with a 400', () => {
    const maybe = fc.oneof(
      { weight: 6, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: anything },
    )
    const content = fc.oneof(fc.string(), maybe, fc.array(anything, { maxLength: 2 }))
    const id = fc.oneof({ weight: 5, arbitrary: fc.string() }, { weight: 1, arbitrary: anything })
    const message = fc.record(
      {
        ...{ role: fc.constantFrom('user', 'assistant', 'tool', 'system'), content },
        ...{ tool_calls: maybe, reasoning_details: anything, tool_call_id: id },
      },
      { requiredKeys: ['role'] },
    )
    const body = fc.record(
      {
        ...{ model: fc.constant('m'), messages: fc.array(message, { maxLength: 3 }) },
        ...{ prompt: fc.oneof(fc.string(), anything), tools: maybe, tool_choice: maybe },
        ...{ stop: maybe, response_format: maybe, stream_options: maybe, n: maybe },
      },
      { requiredKeys: ['model', 'messages', 'prompt'] },
    )
    let taken = 0
    fc.assert(
      fc.property(body, (request: JsonObject) => {
        try {
          const hub = translation.readRequest(request, { model: null, stream: null })
          taken += 1
          JSON.stringify(translation.writeRequest(hub))
        } catch (thrown) {
          if (!(thrown instanceof GatewayError)) throw thrown
          expect([thrown.status, typeof thrown.detail.param]).toEqual([400, 'string'])
        }
      }),
      options,
    )
    expect(taken).toBeGreaterThan(200)
  }, 60_000)
})
