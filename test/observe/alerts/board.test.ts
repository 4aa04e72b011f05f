/** All rules together: what they say to people, and what becomes of them at a reload. */
import { expect, test } from 'bun:test'
import { type Board, lookedAt, shownAlerts, silenced } from '../../../src/observe/alerts/board.ts'
import { sentenceOf } from '../../../src/observe/alerts/message.ts'
import { freshState } from '../../../src/observe/alerts/rule-state.ts'
import { partOf, ruleOf } from './rules.ts'

const failing = { r: partOf({ requests: 4, sum: 3 }) }
const fine = { r: partOf({ requests: 4, sum: 0 }) }

/** A board on which the rule fires since second 1. */
const firing = (): Board => lookedAt([], [ruleOf()], [failing], 1000).board

test('what all workers say together decides', () => {
  const part = (requests: number, sum: number) => ({ r: partOf({ requests, sum }) })
  const look = (...parts: { r: ReturnType<typeof partOf> }[]) =>
    lookedAt([], [ruleOf()], parts, 0).board[0]?.state
  expect(look(part(10, 10), part(90, 0))).toMatchObject({ phase: 'inactive', value: 0.1 })
  expect(look(part(10, 0), part(90, 90))).toMatchObject({ phase: 'firing', value: 0.9 })
})

test('a message says what it is about, to programs and to people', () => {
  const { messages } = lookedAt([], [ruleOf({ provider: 'openai' })], [failing], 1000)
  expect(messages).toHaveLength(1)
  expect(JSON.parse(messages[0]?.body ?? '')).toEqual({
    type: 'alert.firing',
    timestamp: '1970-01-01T00:00:01.000Z',
    text: '[firing] r: The share of failures of openai is 75 %, above 50 %, over 60 s.',
    data: {
      ...{ rule: 'r', state: 'firing', metric: 'errorRate', value: 0.75, above: 0.5 },
      ...{ windowSeconds: 60, provider: 'openai', route: null, key: null, requests: 4 },
      targets: [],
      since: '1970-01-01T00:00:01.000Z',
      message: 'The share of failures of openai is 75 %, above 50 %, over 60 s.',
    },
  })
})

test('sentences of other measures', () => {
  const state = { ...freshState(0), phase: 'firing' as const }
  const targets = [1, 2, 3, 4, 5].map((number) => `a/${number}`)
  expect([
    sentenceOf(ruleOf({ metric: 'spendUsd', above: 20, key: 'a' }), { ...state, value: 20.12345 }),
    sentenceOf(ruleOf({ metric: 'gapP99Ms', above: 900, route: 's' }), {
      ...state,
      value: 1234.56,
    }),
    sentenceOf(ruleOf({ metric: 'breakerOpen', above: 0 }), { ...state, value: 5, targets }),
    sentenceOf(ruleOf(), { ...state, phase: 'resolved', value: null }),
  ]).toEqual([
    'The spend with the key a is 20.12 USD, above 20 USD, over 60 s.',
    'The gap between tokens (p99) on the route s is 1235 ms, above 900 ms, over 60 s.',
    'The number of open breakers is 5 (a/1, a/2, a/3 and 2 more), above 0.',
    'The share of failures is not known any more, not above 50 %, over 60 s.',
  ])
})

test('a rule that measures the same keeps its state, whatever else of it changes', () => {
  const changed = ruleOf({ silenceSeconds: 60, forSeconds: 5 })
  const { board, messages } = lookedAt(firing(), [changed], [failing], 2000)
  expect(board[0]?.state).toMatchObject({ phase: 'firing', since: 1000 })
  expect(messages).toEqual([])
})

test('a rule that is gone, or is another one, is over for whoever was told that it fires', () => {
  expect(lookedAt(firing(), [], [], 2000).messages.map(({ notice }) => notice)).toEqual([
    'resolved',
  ])
  const stricter = lookedAt(firing(), [ruleOf({ above: 0.9 })], [failing], 2000)
  expect(stricter.messages.map(({ notice }) => notice)).toEqual(['resolved'])
  expect(stricter.board[0]?.state.phase).toBe('inactive')
  const untold = silenced(lookedAt([], [ruleOf()], [fine], 0).board, 'r', 99_000)
  const hushed = lookedAt(untold, [ruleOf()], [failing], 1000).board
  expect(lookedAt(hushed, [], [], 2000).messages).toEqual([])
})

test('the dashboard is shown what fires and what just did, the newest first', () => {
  const rules = [ruleOf({ name: 'a' }), ruleOf({ name: 'b' }), ruleOf({ name: 'c' })]
  const [bad, good] = [failing.r, fine.r]
  const first = lookedAt([], rules, [{ a: bad, b: good, c: good }], 1000).board
  const second = lookedAt(first, rules, [{ a: good, b: bad, c: good }], 5000).board
  expect(
    shownAlerts(second, 5000)
      .map(({ rule, state }) => `${rule} ${state}`)
      .sort(),
  ).toEqual(['a resolved', 'b firing'])
  expect(shownAlerts(second, 5000 + 901_000).map(({ rule }) => rule)).toEqual(['b'])
})
