/** One rule over time. The clock is a value, so hours take no time. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { AlertRule } from '../../../src/config/alert-rules.ts'
import type { Reading } from '../../../src/observe/alerts/reading.ts'
import { freshState, type RuleState, stepOf } from '../../../src/observe/alerts/rule-state.ts'
import { ruleOf } from './rules.ts'

const reading = (value: number | null, isCertain = true): Reading => ({
  ...{ value, requests: 10, targets: [], isCertain },
})

/** Looks once a second; each character is a measure: `#` above, `.` not, `?` not known. */
function watch(rule: AlertRule, measures: string, from: RuleState = freshState(0), startS = 0) {
  let state = from
  const notices: string[] = []
  const phases: string[] = []
  for (const [index, measure] of [...measures].entries()) {
    const now = (startS + index) * 1000
    const value = measure === '#' ? 1 : measure === '.' ? 0 : null
    const step = stepOf(rule, state, reading(value, measure !== '?'), now)
    state = step.state
    phases.push(state.phase[0] ?? '')
    if (step.notice !== null) notices.push(`${step.notice}@${startS + index}`)
  }
  return { state, notices, phases: phases.join('') }
}

test('it fires when it has held for long enough, and is resolved after as long a calm', () => {
  const { notices, phases } = watch(ruleOf({ forSeconds: 3 }), '.####.....')
  expect(phases).toBe('ipppffffrr')
  expect(notices).toEqual(['firing@4', 'resolved@8'])
})

test('a short excess is none, and a short calm is none', () => {
  expect(watch(ruleOf({ forSeconds: 3 }), '###.###.###.').notices).toEqual([])
  const flapping = watch(ruleOf({ forSeconds: 3 }), '####..#..#..#')
  expect(flapping.notices).toEqual(['firing@3'])
  expect(flapping.phases).toEndWith('f')
})

test('at the limit is not above it', () => {
  const { state } = stepOf(ruleOf({ above: 1 }), freshState(0), reading(1), 0)
  expect(state.phase).toBe('inactive')
})

test('what is not known changes nothing; what is known to be nothing is calm', () => {
  const unknown = watch(ruleOf(), '#????')
  expect([unknown.phases, unknown.notices]).toEqual(['fffff', ['firing@0']])
  const { state, notice } = stepOf(ruleOf(), unknown.state, reading(null), 9000)
  expect([state.phase, notice]).toEqual(['resolved', 'resolved'])
})

test('a firing is told again after each silence, and once where there is none', () => {
  const repeated = watch(ruleOf({ silenceSeconds: 4 }), '#'.repeat(10))
  expect(repeated.notices).toEqual(['firing@0', 'firing@4', 'firing@8'])
  expect(watch(ruleOf(), '#'.repeat(10)).notices).toEqual(['firing@0'])
})

test('what flaps is told once in a silence, and its end only to who was told', () => {
  const { notices } = watch(ruleOf({ silenceSeconds: 6 }), '#.#.#.###.')
  expect(notices).toEqual(['firing@0', 'resolved@1', 'firing@6', 'resolved@9'])
})

test('an operator who wants to hear nothing hears of an end, and of what still fires later', () => {
  const rule = ruleOf({ silenceSeconds: 0 })
  const told = watch(rule, '#')
  const hushed = watch(rule, '#.', { ...told.state, silencedUntil: 60_000 }, 1)
  expect(hushed.notices).toEqual(['resolved@2'])
  const again = watch(rule, '##', { ...hushed.state, silencedUntil: 5000 }, 3)
  expect(again.notices).toEqual([])
  const later = watch(rule, '#', again.state, 5)
  expect([later.notices, later.state.silencedUntil]).toEqual([['firing@5'], null])
})

test('that it was resolved is shown for a while', () => {
  const { state } = watch(ruleOf(), '#.')
  const at = (minutes: number) => stepOf(ruleOf(), state, reading(0), minutes * 60_000).state.phase
  expect([at(14), at(16)]).toEqual(['resolved', 'inactive'])
})

test('whatever happens, every end was told as a firing before, and never two ends in a row', () => {
  const measures = fc.string({ unit: fc.constantFrom('#', '.', '?'), maxLength: 200 })
  const seconds = fc.integer({ min: 0, max: 6 })
  fc.assert(
    fc.property(measures, seconds, seconds, (text, forSeconds, silenceSeconds) => {
      const { notices } = watch(ruleOf({ forSeconds, silenceSeconds }), text)
      let isTold = false
      let toldAt = Number.NEGATIVE_INFINITY
      for (const notice of notices) {
        const [kind, at = ''] = notice.split('@')
        if (kind === 'resolved') {
          expect(isTold).toBe(true)
          isTold = false
          continue
        }
        expect(Number(at) - toldAt).toBeGreaterThanOrEqual(silenceSeconds)
        toldAt = Number(at)
        isTold = true
      }
    }),
  )
})

test('it fires exactly where it has held without a break for so long', () => {
  const measures = fc.string({ unit: fc.constantFrom('#', '.'), maxLength: 100 })
  fc.assert(
    fc.property(measures, fc.integer({ min: 0, max: 8 }), (text, forSeconds) => {
      const first = text.indexOf('#'.repeat(forSeconds + 1))
      const [told] = watch(ruleOf({ forSeconds }), text).notices
      expect(told ?? null).toBe(first < 0 ? null : `firing@${first + forSeconds}`)
    }),
  )
})
