import { describe, expect, test } from 'bun:test'
import { overviewCharts } from '../../src/dashboard/charts/charts.ts'
import { sparkPath } from '../../src/dashboard/charts/sparkline.tsx'
import { chartRows, describeChart } from '../../src/dashboard/charts/summary.ts'
import {
  HISTORY_SECONDS,
  lastSeconds,
  perSecond,
  withPoints,
} from '../../src/dashboard/feed/history.ts'
import { point } from './frames.ts'

const at = (second: number): number => 1_700_000_000_000 + second * 1000

describe('points', () => {
  test('new ones follow, and the server is believed about what it repeats', () => {
    const known = [0, 1, 2].map((second) => point(at(second), { requests: 1 }))
    const added = [2, 3].map((second) => point(at(second), { requests: 7 }))
    const all = withPoints(known, added)
    expect(all.map(({ requests }) => requests)).toEqual([1, 1, 7, 7])
    expect(withPoints(all, [])).toBe(all)
  })

  test('are kept for the longest window and no longer', () => {
    const many = Array.from({ length: HISTORY_SECONDS + 50 }, (_, second) => point(at(second)))
    let all: ReturnType<typeof withPoints> = []
    for (const each of many) all = withPoints(all, [each])
    expect(all).toHaveLength(HISTORY_SECONDS)
    expect(all.at(-1)).toBe(many.at(-1))
  })

  test('a second that is missing is a gap', () => {
    const points = [point(at(0)), point(at(1)), point(at(4))]
    const row = lastSeconds(points, 6).map((each) => each?.at ?? null)
    expect(row).toEqual([null, at(0), at(1), null, null, at(4)])
    expect(lastSeconds(points, 2).map((each) => each?.at ?? null)).toEqual([null, at(4)])
    expect(lastSeconds([], 3)).toEqual([null, null, null])
  })

  test('a rate is over the seconds that are known', () => {
    const points = [point(at(0), { requests: 2 }), point(at(3), { requests: 4 })]
    expect(perSecond(points, 10, ({ requests }) => requests)).toBe(3)
    expect(perSecond([], 10, ({ requests }) => requests)).toBeNull()
  })
})

describe('charts without eyes', () => {
  const spec = overviewCharts[0]
  if (spec === undefined) throw new Error('there is no chart')

  test('a sentence tells the newest, the lowest and the highest', () => {
    const points = [4, 1, 2].map((requests, index) => point(at(index), { requests }))
    expect(describeChart(spec, lastSeconds(points, 60))).toContain(
      'The last 1 minute. Requests/s: now 2, from 1 to 4.',
    )
    expect(describeChart(spec, [null, null])).toBe('Nothing was measured yet.')
  })

  test('a table has a peak for each span, the newest first', () => {
    const points = Array.from({ length: 300 }, (_, index) =>
      point(at(index), { requests: index === 290 ? 50 : 1 }),
    )
    const rows = chartRows(spec, lastSeconds(points, 300))
    expect(rows).toHaveLength(20)
    expect(rows[0]).toEqual({ at: at(299), values: [50, 0, 0] })
    expect(rows[1]?.values[0]).toBe(1)
    expect(chartRows(spec, [null, null])).toEqual([])
  })

  test('a small line has gaps where nothing is known', () => {
    expect(sparkPath([0, 2, null, 1])).toBe('M0.0 26.5L40.0 1.5M120.0 14.0')
    expect(sparkPath([])).toBe('')
  })
})
