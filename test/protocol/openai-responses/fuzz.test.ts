/**
 * Random and mutated streams and requests: nothing throws, nothing hangs, and what comes out keeps
 * its laws. A failure prints the seed; `FUZZ_SEED` repeats a run.
 */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import type { JsonObject } from '../../../src/core/json.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { dataOf, decode, encode, noPath, translation } from './stand.ts'

const seed = Number(Bun.env.FUZZ_SEED ?? 0xc0ffee)

const types = fc.constantFrom(
  ...['created', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled', 'queued'],
  ...['output_item.added', 'output_item.done', 'content_part.added', 'content_part.done'],
  ...['output_text.delta', 'output_text.done', 'refusal.delta', 'refusal.done'],
  ...['reasoning_summary_text.delta', 'reasoning_text.delta', 'reasoning_text.done'],
  ...['function_call_arguments.delta', 'function_call_arguments.done'],
  ...['custom_tool_call_input.delta', 'output_text.annotation.added', 'web_search_call.searching'],
)
const odd = fc.oneof(
  fc.constantFrom(null, '', 0, -1, 1e308, true, [], {}, '__proto__', 'x', [null], 'incomplete'),
  fc.jsonValue({ maxDepth: 3 }),
)
const index = fc.oneof({ weight: 8, arbitrary: fc.nat({ max: 2 }) }, odd)
const text = fc.oneof({ weight: 6, arbitrary: fc.constantFrom('a', '{}', '{"a"', '') }, odd)
const item = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record(
      {
        type: fc.constantFrom('message', 'reasoning', 'function_call', 'custom_tool_call', 'shell'),
        id: text,
        call_id: text,
        name: text,
        arguments: text,
        input: text,
        status: text,
        encrypted_content: text,
        summary: fc.oneof(fc.array(fc.record({ text })), odd),
        content: fc.oneof(fc.array(fc.record({ type: text, text, refusal: text })), odd),
      },
      { requiredKeys: ['type'] },
    ),
  },
  odd,
)
const event = fc.record(
  {
    type: fc.oneof({ weight: 9, arbitrary: types.map((name) => `response.${name}`) }, odd),
    output_index: index,
    content_index: index,
    summary_index: index,
    delta: text,
    text,
    refusal: text,
    arguments: text,
    item,
    part: fc.record({ type: text, text, annotations: odd, logprobs: odd }),
    annotation: odd,
    logprobs: odd,
    response: fc.record(
      { id: text, model: text, output: fc.oneof(fc.array(item), odd), usage: odd, error: odd },
      { requiredKeys: [] },
    ),
    error: fc.option(odd, { freq: 8 }),
  },
  { requiredKeys: ['type'] },
)
const frame = fc.record({
  event: fc.option(fc.constantFrom('error', 'response.completed', 'x'), { freq: 1 }),
  data: fc.oneof(
    { weight: 9, arbitrary: event.map((value) => JSON.stringify(value)) },
    fc.constantFrom('', '[DONE]', '{', 'null', '[]'),
  ),
})

/** What every reader promises. */
function checkEvents(events: readonly HubEvent[]): void {
  const last = events.at(-1)?.type
  expect(last === 'end' || last === 'error').toBe(true)
  const over = events.filter(({ type }) => type === 'end' || type === 'error')
  expect([over.length, events.filter(({ type }) => type === 'start').length <= 1]).toEqual([
    1,
    true,
  ])
  const open = new Set<number>()
  let next = 0
  for (const each of events) {
    if (!('block' in each)) continue
    if (each.type === 'tool-start') expect([each.id, each.name]).not.toContain('')
    if (each.block === next) {
      open.add(next)
      next += 1
    }
    expect(open.has(each.block)).toBe(true)
    if (each.type === 'block-end') open.delete(each.block)
  }
  if (last === 'end') expect(open.size).toBe(0)
}

/** What every stream of ours keeps. */
function checkStream(events: readonly HubEvent[]): void {
  const data = dataOf(encode(events))
  expect(data.map(({ sequence_number }) => sequence_number)).toEqual([...data.keys()])
  const done = data.filter(({ type }) => type === 'response.output_item.done')
  const added = data.filter(({ type }) => type === 'response.output_item.added')
  expect(added.map(({ output_index }) => output_index)).toEqual([...added.keys()])
  expect(new Set(done.map(({ output_index }) => output_index)).size).toBe(done.length)
  const end = data.at(-1)
  expect(end?.type).toMatch(/^response\.(completed|incomplete|failed)$/)
  if (end?.type !== 'response.failed') expect(done.length).toBe(added.length)
  expect(end?.response?.output).toHaveLength(done.length)
}

test('anything a provider may stream', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 25 }), (frames) => {
      const events = decode(frames)
      checkEvents(events)
      checkStream(events)
    }),
    { seed, numRuns: 3_000 },
  )
}, 60_000)

test('anything a provider may answer', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.dictionary(fc.constantFrom('output', 'status', 'id'), odd), item),
      (body) => {
        if (typeof body !== 'object' || body === null || Array.isArray(body)) return
        const events = translation.readResponse({ ...body })
        checkEvents(events)
        checkStream(events)
      },
    ),
    { seed, numRuns: 1_000 },
  )
}, 60_000)

test('anything a client may send is read, or refused by name', () => {
  const parameters = fc.constantFrom(
    ...['input', 'tools', 'tool_choice', 'text', 'reasoning', 'include', 'metadata', 'stream'],
  )
  const input = fc.oneof(fc.array(fc.oneof(item, event)), odd)
  const bodies = fc.tuple(fc.dictionary(parameters, odd), input)
  fc.assert(
    fc.property(bodies, ([body, items]) => {
      try {
        const request = translation.readRequest({ input: items, ...body } as JsonObject, noPath)
        JSON.stringify(translation.writeRequest(request))
      } catch (thrown) {
        if (!(thrown instanceof GatewayError)) throw thrown
        expect([thrown.status, typeof thrown.detail.param]).toEqual([400, 'string'])
      }
    }),
    { seed, numRuns: 2_000 },
  )
}, 60_000)
