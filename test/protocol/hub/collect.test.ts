/** The fold of events to a whole answer. */
import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../../src/core/errors.ts'
import { collect } from '../../../src/protocol/hub/collect.ts'
import type { HubEvent, HubUsage } from '../../../src/protocol/hub/events.ts'

const start: HubEvent = {
  type: 'start',
  id: 'id1',
  model: 'm',
  createdS: 7,
  serviceTier: 'default',
  fingerprint: 'fp',
}
const text = (text: string, block = 0, choice = 0): HubEvent => ({
  type: 'text-delta',
  choice,
  block,
  text,
  logprobs: null,
})
const thought = (text: string, block: number): HubEvent => ({
  type: 'reasoning-delta',
  choice: 0,
  block,
  text,
  summary: false,
})
const tool = (id: string, block: number, custom = false): HubEvent => ({
  type: 'tool-start',
  choice: 0,
  block,
  id,
  name: `f_${id}`,
  custom,
  signature: null,
})
const args = (text: string, block: number): HubEvent => ({
  type: 'tool-delta',
  choice: 0,
  block,
  arguments: text,
})
const finish = (choice = 0): HubEvent => ({
  type: 'finish',
  choice,
  reason: 'stop',
  native: 'end',
  stopSequence: null,
  details: null,
})
const usage = (outputTokens: number): HubUsage => ({
  inputTokens: 1,
  outputTokens,
  cachedInputTokens: null,
  cacheWriteInputTokens: null,
  reasoningTokens: null,
  native: null,
})

describe('a collected answer', () => {
  test('of nothing is empty, and not complete', () => {
    expect(collect([])).toEqual({
      id: '',
      model: '',
      createdS: null,
      serviceTier: null,
      fingerprint: null,
      choices: [],
      usage: null,
      error: null,
      ended: false,
    })
  })

  test('has its head, the last usage, the first finish and its end', () => {
    const events = [start, text('a'), { type: 'usage', usage: usage(1) } as const, finish()]
    const late: HubEvent = { ...start, id: 'other' }
    const answer = collect([
      ...events,
      late,
      { ...finish(), reason: 'length' } as HubEvent,
      { type: 'usage', usage: usage(9) },
      { type: 'end' },
    ])
    expect([answer.id, answer.model, answer.createdS]).toEqual(['id1', 'm', 7])
    expect([answer.serviceTier, answer.fingerprint]).toEqual(['default', 'fp'])
    expect(answer.usage?.outputTokens).toBe(9)
    expect(answer.choices[0]?.finish).toEqual({
      reason: 'stop',
      native: 'end',
      stopSequence: null,
      details: null,
    })
    expect(answer.ended).toBe(true)
  })

  test('has its blocks in the order in which they began, whatever is interleaved', () => {
    const answer = collect([
      start,
      thought('hm', 0),
      text('A', 1),
      tool('x', 2),
      tool('y', 3),
      args('{"a"', 2),
      args('{"b":2}', 3),
      args(':1}', 2),
      text('B', 1),
      thought('m', 0),
      { type: 'block-end', choice: 0, block: 0 },
    ])
    const [reasoning, words, first, second] = answer.choices[0]?.parts ?? []
    expect(reasoning).toMatchObject({ type: 'reasoning', text: 'hmm', signature: null })
    expect(words).toMatchObject({ type: 'text', text: 'AB' })
    expect(first).toMatchObject({ type: 'tool-call', id: 'x', name: 'f_x', arguments: '{"a":1}' })
    expect(second).toMatchObject({ id: 'y', arguments: '{"b":2}' })
  })

  test('has its choices by index', () => {
    const { choices } = collect([text('b', 0, 1), text('a', 0, 0), finish(1), text('c', 0, 0)])
    expect(choices.map(({ index }) => index)).toEqual([0, 1])
    expect(choices[0]?.parts).toMatchObject([{ text: 'ac' }])
    expect(choices.map((choice) => choice.finish?.reason ?? null)).toEqual([null, 'stop'])
  })

  test('has `{}` for a tool without arguments, and nothing for a custom one', () => {
    const [choice] = collect([tool('x', 0), tool('y', 1, true), args('', 0)]).choices
    expect(choice?.parts).toMatchObject([{ arguments: '{}' }, { arguments: '', custom: true }])
  })

  test('has signatures with their reasoning, and redacted reasoning without text', () => {
    const sign = (block: number, kind: 'signature' | 'redacted'): HubEvent => ({
      type: 'reasoning-signature',
      choice: 0,
      block,
      kind,
      signature: `s${block}`,
      signedBy: 'anthropic-messages',
      id: null,
    })
    const [choice] = collect([thought('a', 0), sign(0, 'signature'), sign(1, 'redacted')]).choices
    expect(choice?.parts).toMatchObject([
      { text: 'a', signature: 's0', redacted: null, signedBy: 'anthropic-messages' },
      { text: '', signature: null, redacted: 's1' },
    ])
  })

  test('leaves out text and reasoning that stayed empty, but not a citation', () => {
    const citation = {
      url: 'u',
      title: null,
      citedText: null,
      start: null,
      end: null,
      native: { dialect: 'openai-chat', value: null },
    } as const
    const [choice] = collect([
      text('', 0),
      thought('', 1),
      { type: 'refusal', choice: 0, block: 2, text: '' },
      { type: 'citation', choice: 0, block: 3, citation },
    ]).choices
    expect(choice?.parts).toMatchObject([{ type: 'text', text: '', citations: [citation] }])
  })

  test('joins log probabilities list by list', () => {
    const scored = (token: string): HubEvent => ({
      type: 'text-delta',
      choice: 0,
      block: 0,
      text: token,
      logprobs: { content: [{ token }], refusal: null },
    })
    const [choice] = collect([scored('a'), text('-'), scored('b')]).choices
    expect(choice?.parts).toMatchObject([
      { text: 'a-b', logprobs: { content: [{ token: 'a' }, { token: 'b' }], refusal: null } },
    ])
  })

  test('has values of one dialect where they came, and refusals with theirs', () => {
    const native = { dialect: 'anthropic-messages', value: { type: 'x' } } as const
    const [choice] = collect([
      { type: 'raw', choice: 0, native },
      { type: 'refusal', choice: 0, block: 0, text: 'N', logprobs: { refusal: [1] } },
      { type: 'refusal', choice: 0, block: 0, text: 'o', logprobs: { refusal: [2] } },
      args('lost', 9),
    ]).choices
    expect(choice?.parts).toEqual([
      { type: 'native', native },
      { type: 'refusal', text: 'No', logprobs: { refusal: [1, 2] } },
    ])
  })

  test('has the first error', () => {
    const error = new GatewayError('upstream_error')
    const answer = collect([
      start,
      { type: 'error', error },
      { type: 'error', error: new GatewayError('upstream_reset') },
    ])
    expect([answer.error, answer.ended]).toEqual([error, false])
  })

  test('takes time in proportion to its events', () => {
    const many = Array.from(
      { length: 50_000 },
      (_, index): HubEvent => ({
        type: 'text-delta',
        choice: 0,
        block: 0,
        text: 'x',
        logprobs: { content: [{ token: `${index}` }] },
      }),
    )
    const [choice] = collect(many).choices
    const [part] = choice?.parts ?? []
    expect(part?.type === 'text' ? part.text.length : 0).toBe(50_000)
  }, 5_000)
})
