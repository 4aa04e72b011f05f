import { describe, expect, test } from 'bun:test'
import { FeedStore } from '../../src/dashboard/feed/store.ts'
import { describe as describeState } from '../../src/dashboard/frame/connection-state.tsx'
import { newlyFiring } from '../../src/dashboard/frame/news.ts'
import { following } from '../../src/dashboard/frame/shortcuts.ts'
import type { Column } from '../../src/dashboard/parts/data-table.tsx'
import { keepOrder, sortRows } from '../../src/dashboard/parts/row-order.ts'
import { matches } from '../../src/dashboard/parts/search-field.tsx'
import { readPreferences } from '../../src/dashboard/preferences.ts'
import { hrefOf, readRoute } from '../../src/dashboard/route.ts'
import { measureText } from '../../src/dashboard/views/alert-rules.tsx'
import { orderAlerts } from '../../src/dashboard/views/alerts.tsx'
import { describeRows, timelineRows } from '../../src/dashboard/views/spans.ts'
import type { DashboardAlert } from '../../src/observe/dashboard/frame.ts'
import { attempt, frameOf, point, request } from './frames.ts'

describe('the course of a request', () => {
  test('each attempt is a row of spans that follow each other', () => {
    const [queue, first, second] = timelineRows(
      request({
        queueWaitMs: 20,
        attempts: [
          attempt({ startedMs: 20, endedMs: 50 }),
          attempt({
            ...{ target: 'anthropic/claude', kind: 'failover', outcome: 'answered', status: 200 },
            ...{ startedMs: 60, headersMs: 100, answeredMs: 300, endedMs: 300 },
          }),
        ],
      }),
    )
    expect(queue?.spans).toEqual([{ kind: 'queued', fromMs: 0, toMs: 20 }])
    expect(first?.spans).toEqual([{ kind: 'headers', fromMs: 20, toMs: 50 }])
    expect(first?.result).toBe('first · upstream closed')
    expect(second?.spans).toEqual([
      { kind: 'headers', fromMs: 60, toMs: 100 },
      { kind: 'first-content', fromMs: 100, toMs: 300 },
      { kind: 'answer', fromMs: 300, toMs: 1000 },
    ])
    expect(second?.result).toBe('failover · 200 · answered, then upstream reset')
  })

  test('one that was outrun is no failure, and one that never ended lasts to the end', () => {
    const rows = timelineRows(
      request({
        attempts: [attempt({ outcome: 'outrun' }), attempt({ outcome: null, endedMs: null })],
      }),
    )
    expect(rows.map(({ isFailure }) => isFailure)).toEqual([false, true])
    expect(rows[1]?.spans.at(-1)?.toMs).toBe(1000)
  })

  test('the same can be read', () => {
    const texts = describeRows(request({ attempts: [attempt({ startedMs: 5 })] }))
    expect(texts).toEqual([
      'openai/gpt-5: first · upstream closed, waited for headers from 5.00 ms to 10.0 ms.',
    ])
  })
})

describe('tables', () => {
  const columns: readonly Column<number | null>[] = [
    { name: 'size', title: 'Size', cell: String, sortBy: (row) => row },
  ]
  const sorted = (isDescending: boolean) =>
    sortRows([3, null, 20, 1], columns, { column: 'size', isDescending })

  test('what is not known is last in either direction', () => {
    expect(sorted(false)).toEqual([1, 3, 20, null])
    expect(sorted(true)).toEqual([20, 3, 1, null])
    expect(sortRows([2, 1], columns, { column: 'other', isDescending: true })).toEqual([2, 1])
  })

  test('while they are held rows keep their places, and new ones come last', () => {
    expect(keepOrder([9, 1, 2, 3], ['3', '7', '1', '2'], String)).toEqual([3, 1, 2, 9])
    expect(keepOrder([], ['1'], String)).toEqual([])
  })

  test('all words of a filter must be there', () => {
    expect(matches('GPT open', ['openai', 'gpt-5', null])).toBe(true)
    expect(matches('gpt claude', ['openai', 'gpt-5', null])).toBe(false)
    expect(matches('', [null])).toBe(true)
  })
})

describe('what is remembered and where one is', () => {
  test('preferences that are not understood are as if they were not there', () => {
    const usual = { theme: 'auto', windowSeconds: 300, hasShortcuts: true } as const
    for (const kept of [null, 7, 'x', {}, { theme: 'pink', windowSeconds: 7 }]) {
      expect(readPreferences(kept)).toEqual(usual)
    }
    const own = { theme: 'dark', windowSeconds: 60, hasShortcuts: false } as const
    expect(readPreferences({ ...own, other: 1 })).toEqual(own)
  })

  test('a place has an address, whatever its id is', () => {
    for (const id of [null, 'req_1', 'a/b?c#d é']) {
      expect(readRoute(hrefOf('errors', id))).toEqual({ view: 'errors', id })
    }
    expect(readRoute('')).toEqual({ view: 'overview', id: null })
    expect(readRoute('#/nowhere')).toEqual({ view: 'overview', id: null })
    expect(readRoute('#/streams/%E0%A4%A')).toEqual({ view: 'streams', id: null })
  })

  test('behind the last comes the first', () => {
    expect(following(['a', 'b'], 'a')).toBe('b')
    expect(following(['a', 'b'], 'b')).toBe('a')
  })
})

describe('alerts', () => {
  const alert = (rule: string, state: 'firing' | 'resolved', since: number): DashboardAlert => ({
    ...{ rule, state, since, value: 1, limit: 1, message: rule },
  })

  test('a measure has the unit of its rule', () => {
    expect(measureText('errorRate', 0.05)).toBe('5 %')
    expect(measureText('firstTokenP95Ms', 1500)).toBe('1.50 s')
    expect(measureText('spendUsd', 2.5)).toBe('$2.50')
    expect(measureText('queueWaiting', 12)).toBe('12')
    expect(measureText('gapP99Ms', null)).toBe('–')
  })

  test('those that hold come first, then the newest', () => {
    const alerts = [alert('a', 'resolved', 9), alert('b', 'firing', 1), alert('c', 'firing', 2)]
    expect(orderAlerts(alerts).map(({ rule }) => rule)).toEqual(['c', 'b', 'a'])
  })

  test('one is told when it begins, and again when it begins again', () => {
    const first = [alert('a', 'firing', 1)]
    expect(newlyFiring([], first)).toEqual(first)
    expect(newlyFiring(first, [alert('a', 'firing', 5)])).toEqual([])
    expect(newlyFiring(first, [alert('a', 'resolved', 2)])).toEqual([])
    const again = [alert('a', 'firing', 3)]
    expect(newlyFiring([alert('a', 'resolved', 2)], again)).toEqual(again)
  })
})

describe('the store', () => {
  test('while paused what is shown stands still, and nothing is lost', () => {
    const store = new FeedStore()
    let told = 0
    const stop = store.subscribe(() => told++)
    store.accept(frameOf(1000, [point(1000)]), 5)
    store.pause(true)
    store.accept(frameOf(2000, [point(2000)]), 6)
    expect(store.shown.frame?.at).toBe(1000)
    expect(store.shown.points).toHaveLength(1)
    store.report('lost', 99)
    expect(store.shown.status).toBe('lost')
    store.pause(false)
    expect(store.shown.frame?.at).toBe(2000)
    expect(store.shown.points).toHaveLength(2)
    expect(told).toBe(5)
    stop()
    store.lock()
    expect(told).toBe(5)
    expect(store.shown).toMatchObject({ status: 'locked', frame: null, points: [] })
  })

  test('its state in words is of now, or says of when', () => {
    const store = new FeedStore()
    expect(describeState(store.shown, 0)).toEqual({ tone: 'calm', text: 'Connecting', detail: '' })
    store.report('lost', 3000)
    expect(describeState(store.shown, 1000).detail).toBe('next try in 2 s')
    store.accept(frameOf(1000, []), 10_000)
    expect(describeState(store.shown, 0).text).toBe('Live')
    store.report('stale')
    expect(describeState(store.shown, 18_000)).toMatchObject({
      ...{ tone: 'bad', text: 'No data', detail: 'shown as of 8 s ago' },
    })
    store.accept(frameOf(2000, []), 20_000)
    store.pause(true)
    expect(describeState(store.shown, 0).text).toBe('Paused')
  })
})
