/** Sums over time, against a list of all that happened. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { emptySpread } from '../../src/observe/histogram.ts'
import { Series } from '../../src/observe/series.ts'
import { coarseSlots, fineSlots } from '../../src/observe/slots.ts'
import { finishedWith } from './records.ts'

const START = 1_800_000_000_123
const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Whole numbers, so that the order of adding is not seen in the sums. */
const finished = finishedWith({ attempts: [], overheadMs: 1, tokensPerSecond: 4 })

function ends(series: Series, at: number): void {
  series.openAt(at).record(finished, emptySpread)
}

const requestsIn = (series: Series, windowMs: number, now: number): number =>
  series.totals(windowMs, now).totals.requests

describe.each([
  ['all requests', fineSlots],
  ['a group', coarseSlots],
])('a series of %s', (_name, kinds) => {
  test('has all that ended in a window, but for one slot, and nothing older', () => {
    const steps = fc.array(fc.oneof(fc.nat(3000), fc.nat(200_000), fc.nat(5_000_000)), {
      minLength: 1,
      maxLength: 120,
    })
    const windows = fc.constantFrom(MINUTE, 5 * MINUTE, HOUR, 24 * HOUR)
    fc.assert(
      fc.property(steps, windows, fc.nat(100_000), (list, windowMs, restMs) => {
        const series = new Series(kinds, START)
        const times: number[] = []
        let now = START
        for (const step of list) {
          now += step
          times.push(now)
          ends(series, now)
        }
        now += restMs
        const found = requestsIn(series, windowMs, now)
        const slot = kinds.find(({ stepMs, kept }) => stepMs * kept >= windowMs)?.stepMs ?? 0
        const newer = (ms: number): number => times.filter((at) => at >= now - ms).length
        expect(found).toBeLessThanOrEqual(newer(windowMs))
        expect(found).toBeGreaterThanOrEqual(newer(windowMs - slot))
      }),
      { numRuns: 60 },
    )
  })

  test('covers as much as there was', () => {
    const series = new Series(kinds, START)
    expect(series.totals(HOUR, START + 5000).coveredMs).toBe(5000)
    const { coveredMs } = series.totals(HOUR, START + 10 * HOUR)
    expect(coveredMs).toBeLessThanOrEqual(HOUR)
    expect(coveredMs).toBeGreaterThan(HOUR - 5 * MINUTE)
  })

  test('forgets what is a day old', () => {
    const series = new Series(kinds, START)
    ends(series, START)
    expect(requestsIn(series, 24 * HOUR, START + 22 * HOUR)).toBe(1)
    expect(requestsIn(series, 24 * HOUR, START + 26 * HOUR)).toBe(0)
  })

  test('goes on when the clock is set back, and keeps within its bound', () => {
    const series = new Series(kinds, START)
    for (let hour = 0; hour < 2000; hour += 1) {
      ends(series, START + (hour % 2 === 0 ? 1000 : 0) * HOUR + hour * MINUTE)
    }
    ends(series, START)
    expect(requestsIn(series, MINUTE, START)).toBeGreaterThan(0)
    const slots = series.bequeath(START).kinds.map(({ length }) => length)
    for (const [index, { kept }] of kinds.entries()) {
      expect(slots[index]).toBeLessThanOrEqual(kept + 1)
    }
  })

  test('is handed on whole, from one worker to the next', () => {
    const steps = fc.array(fc.oneof(fc.nat(3000), fc.nat(400_000)), { maxLength: 60 })
    const windows = fc.constantFrom(MINUTE, 5 * MINUTE, HOUR, 24 * HOUR)
    fc.assert(
      fc.property(steps, steps, windows, (first, second, windowMs) => {
        const alone = new Series(kinds, START)
        const before = new Series(kinds, START)
        let now = START
        for (const step of first) {
          now += step
          for (const series of [alone, before]) ends(series, now)
        }
        const after = new Series(kinds, now)
        // The successor has begun before it is given what was left.
        ends(after, now)
        ends(alone, now)
        after.inherit(JSON.parse(JSON.stringify(before.bequeath(now))))
        for (const step of second) {
          now += step
          for (const series of [alone, after]) ends(series, now)
        }
        expect(after.totals(windowMs, now)).toEqual(alone.totals(windowMs, now))
        expect(new Set(after.points(0, now).map(({ at }) => at)).size).toBe(
          after.points(0, now).length,
        )
      }),
      { numRuns: 60 },
    )
  })
})

describe('points', () => {
  test('are the seconds that are over, each with what ended in it', () => {
    const series = new Series(fineSlots, START)
    for (const ms of [0, 100, 900, 4000, 4100]) ends(series, START + ms)
    const [first, second] = [1_800_000_000_000, 1_800_000_001_000]
    expect(
      series.points(first, START + 4000).map(({ at, totals }) => [at, totals.requests]),
    ).toEqual([
      [first, 2],
      [second, 1],
    ])
    expect(series.points(second, START + 5000).map(({ at }) => at)).toEqual([
      second,
      1_800_000_004_000,
    ])
  })

  test('go back two minutes', () => {
    const series = new Series(fineSlots, START)
    for (let second = 0; second < 300; second += 1) ends(series, START + second * 1000)
    expect(series.points(0, START + 300_000).length).toBe(120)
  })
})
