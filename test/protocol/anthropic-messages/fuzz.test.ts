/**
 * Anything a provider or a client may send: nothing throws, nothing hangs, and what is written is
 * always in order. A failure prints the seed; `FUZZ_SEED` repeats a run.
 */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { anthropicMessages } from '../../../src/protocol/anthropic-messages.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { framesOf } from '../answer-server.ts'
import { request } from './arbitrary.ts'
import { context, decode, emptyRequest, encode, translation } from './stand.ts'

const seed = Number(Bun.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
const settings = { seed, numRuns: 300, verbose: 0 } as const

const word = fc.constantFrom(
  ...[
    'type',
    'index',
    'delta',
    'content_block',
    'message',
    'usage',
    'error',
    'id',
    'text',
    'content',
  ],
  ...['stop_reason', 'input', 'partial_json', 'thinking', 'signature', 'citation', '__proto__', ''],
)
const kind = fc.constantFrom(
  ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop', 'error'],
  ...['message_delta', 'message_stop', 'ping', 'text', 'tool_use', 'thinking', 'redacted_thinking'],
  ...['text_delta', 'input_json_delta', 'signature_delta', 'citations_delta', 'server_tool_use'],
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      kind,
      word,
      fc.integer({ min: -1, max: 3 }),
      fc.constant(null),
      fc.boolean(),
      fc.double(),
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(word, tie('value'), { maxKeys: 4 }),
  ),
}))
const object = fc.dictionary(word, value, { maxKeys: 5, noNullPrototype: true })
const index = fc.oneof(fc.nat(3), value)
const event = fc.oneof(
  object,
  fc.record({
    type: kind,
    index,
    content_block: object,
    delta: object,
    message: object,
    usage: object,
  }),
  fc.record({
    type: fc.constant('content_block_start'),
    index,
    content_block: fc.record({ type: kind, id: value, name: value, input: value, text: value }),
  }),
  fc.record({
    type: fc.constant('content_block_delta'),
    index,
    delta: fc.record({ type: kind, text: value, partial_json: value, signature: value }),
  }),
)
const frame = fc.record({
  event: fc.option(kind),
  data: fc.oneof(
    event.map((each) => JSON.stringify(each)),
    event.map((each) => JSON.stringify(each).slice(1)),
    fc.string(),
  ),
})

/** The grammar of a stream: one start, blocks that never overlap, one end. */
function checkGrammar(text: string): void {
  const events = framesOf(text).map(({ event: name, data }) => {
    const parsed = JSON.parse(data)
    expect(parsed.type).toBe(name)
    return parsed
  })
  let next = 0
  let open: number | null = null
  for (const [at, each] of events.entries()) {
    if (each.type === 'message_start') expect(at).toBe(0)
    if (each.type === 'content_block_start') {
      expect([open, each.index]).toEqual([null, next])
      open = next
      next += 1
    }
    if (each.type === 'content_block_delta') expect(each.index).toBe(open)
    if (each.type === 'content_block_stop') {
      expect(each.index).toBe(open)
      open = null
    }
    if (each.type === 'message_delta' || each.type === 'message_stop') expect(open).toBeNull()
    if (each.type === 'message_stop' || each.type === 'error') expect(at).toBe(events.length - 1)
  }
}

test('frames of a provider', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 25 }), (frames) => {
      const watch = anthropicMessages.watch()
      for (const each of frames) watch.look(each.data, each.event)
      const events = decode(frames)
      expect(['start', 'error']).toContain(events[0]?.type ?? '')
      expect(['end', 'error']).toContain(events.at(-1)?.type ?? '')
      expect(events.filter(({ type }) => type === 'end' || type === 'error')).toHaveLength(1)
      for (const each of events) if (each.type === 'tool-start') expect(each.id).not.toBe('')
      checkGrammar(encode(events))
    }),
    settings,
  )
})

const at = { choice: fc.constantFrom(0, 0, 0, 1), block: fc.nat(3) }
const fragment = fc.constantFrom('', '{', 'a', '"', '}', 'é😀', '\ud83d')
const hubEvent: fc.Arbitrary<HubEvent> = fc.oneof(
  fc.record({
    type: fc.constant('text-delta' as const),
    ...at,
    text: fragment,
    logprobs: fc.constant(null),
  }),
  fc.record({
    type: fc.constant('reasoning-delta' as const),
    ...at,
    text: fragment,
    summary: fc.boolean(),
  }),
  fc.record({ type: fc.constant('tool-delta' as const), ...at, arguments: fragment }),
  fc.record({ type: fc.constant('refusal' as const), ...at, text: fragment }),
  fc.record({ type: fc.constant('block-end' as const), ...at }),
  fc.record({
    type: fc.constant('tool-start' as const),
    ...at,
    id: fc.constantFrom('a', 'b'),
    name: fc.constant('f'),
    custom: fc.boolean(),
    signature: fc.option(fc.constant('s')),
  }),
  fc.record({
    type: fc.constant('reasoning-signature' as const),
    ...at,
    kind: fc.constantFrom('signature' as const, 'redacted' as const),
    signature: fc.constant('s'),
    signedBy: fc.constantFrom('anthropic-messages' as const, 'gemini' as const),
    id: fc.option(fragment),
  }),
  fc.record({
    type: fc.constant('finish' as const),
    choice: fc.constant(0),
    reason: fc.constantFrom('stop' as const, 'length' as const, 'tool-calls' as const),
    native: fc.option(kind),
    stopSequence: fc.constant(null),
    details: fc.constant(null),
  }),
)

test('blocks nested without end', () => {
  for (const depth of [5_000, 300_000]) {
    const nested = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    for (const [kind, key] of [
      ['tool_use', 'input'],
      ['server_tool_use', 'input'],
      ['text', 'citations'],
    ]) {
      const block = `{"type":"${kind}","id":"a","name":"f","${key}":${nested}}`
      const data = `{"type":"content_block_start","index":0,"content_block":${block}}`
      const events = decode([
        { event: null, data },
        { event: null, data: '{"type":"message_stop"}' },
      ])
      expect(['end', 'error']).toContain(events.at(-1)?.type ?? '')
      const last = framesOf(encode(events)).at(-1)?.event
      expect(['message_stop', 'error']).toContain(last ?? '')
    }
  }
}, 30_000)

test('hub events in any order', () => {
  fc.assert(
    fc.property(fc.array(hubEvent, { maxLength: 30 }), (events) => {
      const all: HubEvent[] = [...events, { type: 'end' }]
      const text = encode(all)
      checkGrammar(text)
      expect(text).toEndWith('event: message_stop\ndata: {"type":"message_stop"}\n\n')
      // Nothing that was said is lost, of all that has a place here.
      const said = all.flatMap((each) =>
        each.type === 'text-delta' && each.choice === 0 ? [each.text] : [],
      )
      const heard = decode(framesOf(text)).flatMap((each) =>
        each.type === 'text-delta' ? [each.text] : [],
      )
      const refused = all.flatMap((each) =>
        each.type === 'refusal' && each.choice === 0 ? [each.text] : [],
      )
      const sorted = (texts: readonly string[]) => texts.filter(Boolean).sort()
      const wellFormed = [...said, ...refused].map((each) => JSON.parse(JSON.stringify(each)))
      expect(sorted(heard)).toEqual(sorted(wellFormed))
      translation.writeResponse(all, context)
    }),
    settings,
  )
})

test('answers that are not streamed', () => {
  fc.assert(
    fc.property(object, fc.array(value, { maxLength: 4 }), (body, content) => {
      for (const answer of [body, { ...body, content }, { content }]) {
        anthropicMessages.readAnswer(answer)
        anthropicMessages.readError(500, answer, null)
        expect(['end', 'error']).toContain(translation.readResponse(answer).at(-1)?.type ?? '')
      }
    }),
    settings,
  )
})

test('requests with anything in them are read, or refused by name', () => {
  const path = { model: null, stream: null }
  fc.assert(
    fc.property(
      request,
      fc.constantFrom(
        ...Object.keys(translation.writeRequest(emptyRequest)),
        'tools',
        'tool_choice',
        'thinking',
        'output_config',
        'metadata',
        'system',
      ),
      value,
      (made, key, wild) => {
        const body = { ...translation.writeRequest(made), [key]: wild }
        try {
          translation.writeRequest(translation.readRequest(body, path))
        } catch (thrown) {
          if (!(thrown instanceof GatewayError)) throw thrown
          expect([thrown.status, typeof thrown.detail.param]).toEqual([400, 'string'])
        }
      },
    ),
    settings,
  )
})
