/**
 * Random and mutated events: a provider may say anything, and the watch answers one of six words.
 * A failure prints the seed and the event; `FUZZ_SEED` repeats a run.
 */
import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import type { Protocol, StreamWatch } from '../../src/protocol/protocol.ts'
import { protocols } from '../../src/protocol/registry.ts'

const seed = Number(Bun.env.FUZZ_SEED ?? 0xc0ffee)
const sightings: ReadonlySet<string> = new Set([
  'invalid',
  'head',
  'content',
  'error',
  'end',
  'other',
])

/** A small, well-known generator (mulberry32): the same numbers on every machine. */
function randomFrom(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const words = [
  ...['id', 'object', 'choices', 'index', 'delta', 'content', 'role', 'finish_reason', 'usage'],
  ...['error', 'message', 'type', 'code', 'param', 'status', 'status_code', 'detail', 'errors'],
  ...['x_groq', 'text', 'tool_calls', 'reasoning', 'item', 'part', 'response', 'metadata', 'raw'],
  ...['sequence_number', 'incomplete_details', 'reason', 'prompt_tokens', 'completion_tokens'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '0', 'loc', 'output'],
  ...['response.completed', 'response.failed', 'response.output_item.added', 'x.delta', 'stop'],
  ...['[DONE]', '', ' ', '\u0000', '\ud800', 'sk-Ab12Cd34Ef56', '{"error":"x"}', '<html>', '529'],
]
const numbers = [0, -0, 1, -1, 0.5, 401, 429, 529, 2 ** 31, 2 ** 53, 1e308, -1e308]

class Maker {
  readonly random: () => number

  constructor(start: number) {
    this.random = randomFrom(start)
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  value(depth: number): unknown {
    const kind = this.below(depth > 4 ? 5 : 8)
    if (kind === 0) return null
    if (kind === 1) return this.random() < 0.5
    if (kind === 2) return this.pick(numbers)
    if (kind < 5) return this.pick(words)
    const size = this.below(5)
    if (kind === 5) return Array.from({ length: size }, () => this.value(depth + 1))
    const keys = Array.from({ length: size }, () => this.pick(words))
    return Object.fromEntries(keys.map((key) => [key, this.value(depth + 1)]))
  }

  /** `value` with some of its parts replaced, removed or doubled. */
  mutated(value: unknown): unknown {
    if (this.random() < 0.12) return this.value(3)
    if (Array.isArray(value)) {
      const items = value.map((item) => this.mutated(item))
      return this.random() < 0.1 ? [...items, ...items] : items
    }
    if (typeof value !== 'object' || value === null) return value
    const kept = Object.entries(value).filter(() => this.random() > 0.08)
    return Object.fromEntries(kept.map(([key, part]) => [key, this.mutated(part)]))
  }

  /** `text` with a piece cut out, put elsewhere, or spoilt. */
  spoilt(text: string): string {
    const at = this.below(text.length + 1)
    const kind = this.below(3)
    if (kind === 0) return text.slice(0, at)
    if (kind === 1) return text.slice(0, at) + this.pick(words) + text.slice(at)
    return text.slice(at) + text.slice(0, at)
  }
}

const usage = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }
const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' }
const samples: readonly unknown[] = [
  { ...chunk, choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] },
  { ...chunk, choices: [{ index: 1, delta: { content: 'Hi' }, finish_reason: null }], usage: null },
  { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], x_groq: { usage } },
  { ...chunk, choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: {} }] } }] },
  { ...chunk, choices: [], usage: { ...usage, prompt_tokens_details: { cached_tokens: 1 } } },
  { ...chunk, choices: [{ index: 0, text: 'Hi', finish_reason: 'length' }] },
  {
    error: { message: 'no', type: 'server_error', param: null, code: 429, metadata: { raw: '{}' } },
  },
  { detail: [{ loc: ['body', 'x'], msg: 'no', type: 'missing' }] },
  { type: 'response.created', sequence_number: 0, response: { status: 'in_progress' } },
  { type: 'response.output_item.added', item: { type: 'message', content: [], summary: [] } },
  { type: 'response.content_part.added', part: { type: 'output_text', text: '' } },
  { type: 'response.output_text.delta', sequence_number: 4, delta: 'Hi' },
  { type: 'response.completed', response: { usage, incomplete_details: { reason: 'x' } } },
  { type: 'response.failed', response: { error: { code: 'server_error', message: 'no' }, usage } },
  { type: 'error', code: 'x', message: 'no', param: null, sequence_number: 9 },
]

function checkWatch(watch: StreamWatch): void {
  const { usage: counts, finishReason, error } = watch
  expect([typeof watch.finished, typeof watch.ended]).toEqual(['boolean', 'boolean'])
  for (const count of Object.values(counts ?? {})) {
    expect(count === null || Number.isFinite(count)).toBe(true)
  }
  expect(finishReason === null || finishReason.length <= 64).toBe(true)
  if (watch.missingEnd !== null) expect([watch.finished, error]).toEqual([true, null])
  if (error !== null) checkError(error)
  const text = watch.errorEvent(error ?? new GatewayError('upstream_reset'), 'req_1')
  const [, data = ''] = /^(?:event: error\n)?data: (.*?)\r?\n\r?\n$/.exec(text) ?? []
  expect(JSON.parse(data).error.message).toBeString()
}

function checkError(error: GatewayError): void {
  expect(error).toBeInstanceOf(GatewayError)
  expect(error.status).toBeWithin(400, 600)
  expect([401, 403]).not.toContain(error.status)
  expect(error.message.trim().length).toBeGreaterThan(0)
  expect(error.message).not.toContain('sk-Ab12')
}

function runStream(protocol: Protocol, start: number): void {
  const maker = new Maker(start)
  const watch = protocol.watch()
  let last = ''
  try {
    for (let count = 0; count < 40; count += 1) {
      const isWild = maker.random() < 0.2
      const value = isWild ? maker.value(0) : maker.mutated(maker.pick(samples))
      const text = JSON.stringify(value)
      last = maker.random() < 0.15 ? maker.spoilt(text) : text
      expect(sightings.has(watch.look(last))).toBe(true)
      const answer =
        typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
      const { error } = protocol.readAnswer({ ...answer })
      if (error !== null) checkError(error)
      checkError(protocol.readError(maker.below(700), value, null))
    }
    checkWatch(watch)
  } catch (thrown) {
    throw new Error(`FUZZ_SEED=${seed}, stream ${start - seed}, at ${last}`, { cause: thrown })
  }
}

describe('anything a provider may say', () => {
  test.each(Object.values(protocols))(
    'to $name',
    (protocol) => {
      for (let stream = 0; stream < 400; stream += 1) runStream(protocol, seed + stream)
    },
    30_000,
  )

  test.each(Object.values(protocols))('nested without end, to $name', (protocol) => {
    const watch = protocol.watch()
    for (const open of ['[', '{"error":', '{"choices":[', '{"response":', '{"usage":']) {
      const close = open.startsWith('[') ? ']' : open.endsWith('[') ? ']}' : '}'
      const nested = `${open.repeat(20_000)}1${close.repeat(20_000)}`
      expect(sightings.has(watch.look(nested))).toBe(true)
      expect(sightings.has(watch.look(nested.slice(0, -5)))).toBe(true)
    }
    checkWatch(watch)
  })
})
