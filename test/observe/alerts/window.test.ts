/** What a rule counts over the last so many seconds, held against a plain list. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Window } from '../../../src/observe/alerts/window.ts'
import { bucketOf } from '../../../src/observe/histogram.ts'

const start = 1_700_000_000_000

/** Things that happened at some second, with a number of milliseconds each. */
const events = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 300_000 }),
    ms: fc.integer({ min: 1, max: 50_000 }),
  }),
  { maxLength: 100 },
)

const ordered = <Event extends { readonly at: number }>(list: readonly Event[]): Event[] =>
  list.toSorted((a, b) => a.at - b.at)

test('it is exact to a sixtieth of the window', () => {
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 600 }), (list, windowSeconds) => {
      const window = new Window(windowSeconds)
      for (const { at, ms } of ordered(list)) window.add(start + at, 1, ms, ms)
      const now = start + 300_000
      const { requests, sum, spread } = window.counts(now)
      const younger = (ms: number) => list.filter(({ at }) => now - start - at < ms)
      const inside = younger(59 * window.stepMs)
      expect(requests).toBeGreaterThanOrEqual(inside.length)
      expect(requests).toBeLessThanOrEqual(younger(60 * window.stepMs + 1).length)
      expect(spread?.count ?? 0).toBe(requests)
      if (requests !== inside.length) return
      expect(sum).toBe(inside.reduce((total, { ms }) => total + ms, 0))
      expect(spread?.max ?? 0).toBe(Math.max(0, ...inside.map(({ ms }) => ms)))
    }),
  )
})

test('what one worker hands on, the next one counts to its own', () => {
  fc.assert(
    fc.property(events, events, (first, second) => {
      const [one, two, both] = [new Window(120), new Window(120), new Window(120)]
      for (const { at, ms } of ordered(first)) one.add(start + at, 1, 1, ms)
      for (const { at, ms } of ordered(second)) two.add(start + at, 1, 1, ms)
      for (const { at, ms } of ordered([...first, ...second])) both.add(start + at, 1, 1, ms)
      const now = start + 300_000
      two.take(JSON.parse(JSON.stringify(one.kept(now))), now)
      expect(two.counts(now)).toEqual(both.counts(now))
    }),
  )
})

test('the gaps of a stream are many values of one request', () => {
  const window = new Window(60)
  const gaps = {
    count: 3,
    sum: 12,
    max: 8,
    buckets: [[bucketOf(2), 2] as const, [bucketOf(8), 1] as const],
  }
  window.addSpread(start, gaps)
  expect(window.counts(start)).toEqual({ requests: 1, sum: 0, spread: gaps })
  expect(window.counts(start + 60_000).spread).toBeNull()
})

test('a clock that was set back counts on', () => {
  const window = new Window(60)
  window.add(start, 1, 0)
  window.add(start - 3_600_000, 1, 0)
  expect(window.counts(start - 3_600_000).requests).toBe(1)
})
