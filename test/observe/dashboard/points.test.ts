/** The charts' points: taken down by the second in each worker, and added up over all. */
import { describe, expect, test } from 'bun:test'
import { DashboardHistory } from '../../../src/observe/dashboard/history.ts'
import type { Gauges, PartSecond } from '../../../src/observe/dashboard/part.ts'
import { pointsOf } from '../../../src/observe/dashboard/points.ts'
import { bucketOf, emptySpread } from '../../../src/observe/histogram.ts'
import type { SlotTotals } from '../../../src/observe/series.ts'
import { emptyTotals } from '../../../src/observe/tally.ts'
import type { Spread } from '../../../src/observe/totals.ts'

const start = 1_700_000_000_000

const gauges = (rest: Partial<Gauges> = {}): Gauges => ({
  ...{ live: 0, waiting: 0, poolHits: 0, poolAcquisitions: 0, eventLoopLagMs: 0, memoryBytes: 0 },
  ...rest,
})

/** The second of that number. */
const second = (number: number, rest: Partial<PartSecond> = {}): PartSecond => ({
  ...{ at: start + number * 1000, requests: 0, errors: 0, outputTokens: 0, bytesOut: 0 },
  ...{ firstContentMs: emptySpread, gapMs: emptySpread, gauges: gauges() },
  ...rest,
})

const once = (ms: number): Spread => ({
  ...{ count: 1, sum: ms, max: ms, buckets: [[bucketOf(ms), 1]] },
})

describe('points', () => {
  test('are sums of all workers, the worst lag of them, and what is under way', () => {
    const one = second(0, {
      ...{ requests: 2, errors: 1, outputTokens: 30, bytesOut: 100 },
      gauges: gauges({ live: 3, waiting: 1, eventLoopLagMs: 2, memoryBytes: 10 }),
    })
    const two = second(0, {
      ...{ requests: 1, outputTokens: 5, bytesOut: 1 },
      gauges: gauges({ live: 4, eventLoopLagMs: 9, memoryBytes: 5 }),
    })
    expect(pointsOf([[one], [two]], 0)).toEqual([
      {
        ...{ at: start, requests: 3, errors: 1, outputTokens: 35, bytesOut: 101 },
        ...{ live: 7, waiting: 1, eventLoopLagMs: 9, memoryBytes: 15, poolHitRate: null },
        ...{ firstContentP50Ms: null, firstContentP95Ms: null, firstContentP99Ms: null },
        ...{ gapP50Ms: null, gapP99Ms: null },
      },
    ])
  })

  test('are those behind a moment, in their order, of whichever worker knows them', () => {
    const workers = [
      [second(0), second(1), second(2)],
      [second(2), second(3)],
    ]
    const moments = pointsOf(workers, start).map(({ at }) => (at - start) / 1000)
    expect(moments).toEqual([1, 2, 3])
  })

  test('have percentiles of ten seconds', () => {
    const early = second(0, { firstContentMs: once(100), gapMs: once(40) })
    const late = second(9, { firstContentMs: once(300) })
    const points = pointsOf([[early, late], [second(10)]], 0)
    const [first, ninth, tenth] = points
    expect([first?.firstContentP50Ms, first?.gapP99Ms]).toEqual([100, 40])
    expect(ninth?.firstContentP50Ms).toBeWithin(100, 301)
    expect(ninth?.firstContentP99Ms).toBeWithin(250, 301)
    expect([tenth?.firstContentP50Ms, tenth?.gapP50Ms]).toEqual([300, null])
  })

  test('have the hits of the pool within the second, worker by worker', () => {
    const counted = (number: number, poolHits: number, poolAcquisitions: number) =>
      second(number, { gauges: gauges({ poolHits, poolAcquisitions }) })
    const old = [counted(0, 90, 100), counted(1, 99, 110)]
    // It has begun to count anew: a roll is no second without hits.
    const anew = [counted(0, 500, 1000), counted(1, 1, 1)]
    expect(pointsOf([old, anew], start).map(({ poolHitRate }) => poolHitRate)).toEqual([0.9])
    expect(pointsOf([[counted(1, 1, 1)]], start)[0]?.poolHitRate).toBeNull()
  })
})

describe('what a worker takes down', () => {
  const slot = (number: number, requests: number): SlotTotals => ({
    at: start + number * 1000,
    totals: { ...emptyTotals(), requests },
  })

  /** A history over these slots; `live` is how often it was asked for gauges. */
  function historyOf(slots: readonly SlotTotals[]) {
    let looks = 0
    const history = new DashboardHistory(
      {
        seconds: (since) => slots.filter(({ at }) => at >= since),
        gauges: () => gauges({ live: ++looks }),
      },
      start,
    )
    return history
  }

  test('are the seconds that are over, each once, and gauges of the last of them', () => {
    const history = historyOf([slot(0, 5), slot(2, 7)])
    history.take(start + 500)
    expect(history.since(0)).toEqual([])
    history.take(start + 1020)
    history.take(start + 1900)
    // The event loop was held up for two seconds.
    history.take(start + 4020)
    const [seconds = []] = history.since(0)
    expect(seconds.map(({ requests, gauges: taken }) => [requests, taken?.live ?? null])).toEqual([
      ...[
        [5, 1],
        [0, null],
        [7, null],
        [0, 2],
      ],
    ])
    expect(history.since(start + 1000)[0]?.map(({ at }) => at - start)).toEqual([2000, 3000])
  })

  test('is ten minutes, and not more', () => {
    const history = historyOf([])
    for (let number = 1; number <= 700; number++) history.take(start + number * 1000)
    const [seconds = []] = history.since(0)
    expect(seconds).toHaveLength(612)
    expect(seconds.at(-1)?.at).toBe(start + 699_000)
    history.take(start + 86_400_000)
    expect(history.since(start + 700_000)).toEqual([])
    history.take(start + 86_401_000)
    expect(history.since(start + 700_000)[0]).toHaveLength(1)
  })

  test('is kept by its successors for as long as it is shown', () => {
    const before = historyOf([slot(0, 5)])
    before.take(start + 1000)
    const after = historyOf([])
    after.take(start + 1000)
    after.inherit(JSON.parse(JSON.stringify(before.since(0))), start + 2000)
    expect(pointsOf(after.since(0), 0).map(({ requests, live }) => [requests, live])).toEqual([
      [5, 2],
    ])
    after.inherit([], start + 700_000)
    expect(after.since(0)).toHaveLength(1)
  })
})
