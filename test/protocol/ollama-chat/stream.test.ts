/** What no recording of Ollama has: calls, thinking, failures, log probabilities, whole answers. */
import { describe, expect, test } from 'bun:test'
import { collect } from '../../../src/protocol/hub/collect.ts'
import { OllamaReader } from '../../../src/protocol/ollama-chat/stream.ts'
import { ollamaChat } from '../../../src/protocol/ollama-chat.ts'
import { translationOf } from '../../../src/protocol/translation.ts'
import { accountOf, countsOf, decode, errorOf, expectWellFormed } from '../replay.ts'

const decoding = { framing: 'ndjson', reader: () => new OllamaReader() } as const

const line = (message: object, rest: object = {}) => ({
  model: 'qwen3',
  created_at: '2026-01-02T03:04:05.678Z',
  message: { role: 'assistant', content: '', ...message },
  done: false,
  ...rest,
})
const last = { done: true, done_reason: 'stop', prompt_eval_count: 10, eval_count: 20 }

const read = (...lines: object[]) => {
  const text = lines.map((each) => `${JSON.stringify(each)}\n`).join('')
  const events = decode(decoding, [new TextEncoder().encode(text)])
  expectWellFormed(events)
  return events
}

const call = (name: string, written: unknown, rest: object = {}) => ({
  function: { name, arguments: written },
  ...rest,
})

describe('calls', () => {
  const calls = [call('weather', { city: 'Oslo' }), call('weather', { city: 'Rome' })]

  test('come whole, get ids, and decide how the answer ends', () => {
    const events = read(line({ tool_calls: calls }), line({}, last))
    const { tools, finish } = accountOf(events)
    expect(tools.map(({ name, input }) => [name, input])).toEqual([
      ['weather', { city: 'Oslo' }],
      ['weather', { city: 'Rome' }],
    ])
    expect(new Set(tools.map(({ id }) => id)).size).toBe(2)
    for (const { id } of tools) expect(id).toMatch(/^call_[0-9a-f]{24}$/)
    expect(finish).toBe('stop')
    expect(collect(events).choices[0]?.finish?.reason).toBe('tool-calls')
    // One fragment of compact JSON, which is how a whole object is told.
    expect(events.filter(({ type }) => type === 'tool-delta')).toHaveLength(2)
  })

  test('get the same ids whenever the same answer is read, and others in the next one', () => {
    const idsOf = (...lines: object[]) => accountOf(read(...lines)).tools.map(({ id }) => id)
    const once = idsOf(line({ tool_calls: calls }), line({}, last))
    expect(idsOf(line({ tool_calls: calls }), line({}, last))).toEqual(once)
    const later = { created_at: '2026-01-02T03:05:05.678Z' }
    const next = idsOf(line({ tool_calls: calls }, later), line({}, last))
    expect(next.filter((id) => once.includes(id))).toEqual([])
  })

  test('keep an id that they have, and may have no arguments, or text in their place', () => {
    const own = [call('a', undefined, { id: 'call_own' }), call('b', '{"x":1}')]
    const { tools } = accountOf(read(line({ tool_calls: own }), line({}, last)))
    expect(tools.map(({ name, input }) => [name, input])).toEqual([
      ['a', {}],
      ['b', { x: 1 }],
    ])
    expect(tools[0]?.id).toBe('call_own')
  })
})

describe('content', () => {
  test('thinking and text are blocks that do not overlap', () => {
    const events = read(
      ...[line({ thinking: 'Hm' }), line({ thinking: '.' }), line({ content: 'Hi' })],
      ...[line({ thinking: 'Wait' }), line({ content: ' you' }), line({}, last)],
    )
    const parts = collect(events).choices[0]?.parts
    expect(parts).toMatchObject([
      { type: 'reasoning', text: 'Hm.', signedBy: null },
      { type: 'text', text: 'Hi' },
      { type: 'reasoning', text: 'Wait' },
      { type: 'text', text: ' you' },
    ])
  })

  test('log probabilities are OpenAI’s', () => {
    const logprobs = [{ token: 'Hi', logprob: -0.1, bytes: [72, 105] }]
    const events = read(line({ content: 'Hi' }, { logprobs }), line({}, last))
    expect(collect(events).choices[0]?.parts).toMatchObject([
      { logprobs: { content: [{ token: 'Hi', logprob: -0.1, bytes: [72, 105] }] } },
    ])
  })
})

describe('the end', () => {
  test('the last line may carry text, reason and counts', () => {
    const events = read(line({ content: 'Hi' }, { ...last, done_reason: 'length' }))
    expect(accountOf(events)).toMatchObject({ text: 'Hi', finish: 'length' })
    expect(collect(events).choices[0]?.finish?.reason).toBe('length')
    expect(collect(events).createdS).toBe(1767323045)
  })

  test('older servers name no reason, and a cached prompt is not counted', () => {
    const events = read(line({ content: 'Hi' }), line({}, { done: true, eval_count: 5 }))
    expect(collect(events).choices[0]?.finish).toMatchObject({ reason: 'stop', native: null })
    expect(countsOf(events)).toMatchObject({ inputTokens: 0, outputTokens: 5 })
  })

  test('a body that ends without it is incomplete', () => {
    expect(errorOf(read(line({ content: 'Hi' })))?.code).toBe('upstream_incomplete')
    expect(errorOf(read())?.code).toBe('upstream_incomplete')
  })

  test('a failure in the middle is one', () => {
    const events = read(line({ content: 'Hi' }), { error: 'an error was encountered' })
    expect([errorOf(events)?.code, errorOf(events)?.message]).toEqual([
      'upstream_error',
      'an error was encountered',
    ])
    const watch = ollamaChat.watch()
    expect(watch.look('{"error":"model failed"}')).toBe('error')
    expect(watch.error?.message).toBe('model failed')
  })

  test('a whole answer is the last line with everything', () => {
    const answer = line({ content: 'Hi', thinking: 'Hm' }, last)
    const events = translationOf(ollamaChat).readResponse(answer)
    expectWellFormed(events)
    expect(accountOf(events)).toMatchObject({ text: 'Hi', reasoning: 'Hm', inputTokens: 10 })
    expect(ollamaChat.readError(404, { error: "model 'x' not found" }, null)).toMatchObject({
      status: 404,
      message: "model 'x' not found",
    })
  })
})
