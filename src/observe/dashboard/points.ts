/** The points of the charts, from the seconds of all workers. */
import { addSpreads, quantileOf } from '../histogram.ts'
import type { Spread } from '../totals.ts'
import type { DashboardPoint } from './frame.ts'
import type { Gauges, PartSecond } from './part.ts'

/** Percentiles of a point are those of so many seconds, because one has too few requests. */
export const WINDOW_SECONDS = 10

/** A worker's seconds by their beginnings. */
type Seconds = ReadonlyMap<number, PartSecond>

/**
 * One point for each second behind `since` that any worker knows of, in their order.
 * @param workers the seconds of each, from `WINDOW_SECONDS` before the first point on.
 * @param since wall milliseconds.
 */
export function pointsOf(
  workers: readonly (readonly PartSecond[])[],
  since: number,
): readonly DashboardPoint[] {
  const all = workers.map((seconds): Seconds => new Map(seconds.map((each) => [each.at, each])))
  const moments = new Set(workers.flatMap((seconds) => seconds.map(({ at }) => at)))
  return [...moments]
    .filter((at) => at > since)
    .sort((a, b) => a - b)
    .map((at) => pointAt(all, at))
}

function pointAt(workers: readonly Seconds[], at: number): DashboardPoint {
  const seconds = workers.flatMap((each) => each.get(at) ?? [])
  const gauges = seconds.flatMap((each) => each.gauges ?? [])
  const firstContent = recent(workers, at, ({ firstContentMs }) => firstContentMs)
  const gaps = recent(workers, at, ({ gapMs }) => gapMs)
  return {
    at,
    requests: sum(seconds, ({ requests }) => requests),
    errors: sum(seconds, ({ errors }) => errors),
    outputTokens: sum(seconds, ({ outputTokens }) => outputTokens),
    bytesOut: sum(seconds, ({ bytesOut }) => bytesOut),
    live: sum(gauges, ({ live }) => live),
    waiting: sum(gauges, ({ waiting }) => waiting),
    firstContentP50Ms: quantile(firstContent, 0.5),
    firstContentP95Ms: quantile(firstContent, 0.95),
    firstContentP99Ms: quantile(firstContent, 0.99),
    gapP50Ms: quantile(gaps, 0.5),
    gapP99Ms: quantile(gaps, 0.99),
    poolHitRate: hitRate(workers, at),
    eventLoopLagMs: Math.max(0, ...gauges.map(({ eventLoopLagMs }) => eventLoopLagMs)),
    memoryBytes: sum(gauges, ({ memoryBytes }) => memoryBytes),
  }
}

/** The distribution of the seconds up to that of a point. */
function recent(
  workers: readonly Seconds[],
  at: number,
  spreadOf: (second: PartSecond) => Spread,
): Spread {
  const spreads: Spread[] = []
  for (const seconds of workers) {
    for (let back = 0; back < WINDOW_SECONDS; back++) {
      const second = seconds.get(at - back * 1000)
      const spread = second === undefined ? null : spreadOf(second)
      if (spread !== null && spread.count > 0) spreads.push(spread)
    }
  }
  return addSpreads(spreads)
}

/** Of what was acquired within the second; null where nothing was, or nobody looked. */
function hitRate(workers: readonly Seconds[], at: number): number | null {
  let [hits, acquisitions] = [0, 0]
  for (const seconds of workers) {
    const now = seconds.get(at)?.gauges ?? null
    const before = seconds.get(at - 1000)?.gauges ?? null
    if (now === null || before === null) continue
    hits += grown(now, before, 'poolHits')
    acquisitions += grown(now, before, 'poolAcquisitions')
  }
  return acquisitions === 0 ? null : hits / acquisitions
}

/** A worker that has replaced another counts from zero. */
const grown = (now: Gauges, before: Gauges, name: 'poolHits' | 'poolAcquisitions'): number =>
  Math.max(0, now[name] - before[name])

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0)

/** To microseconds; what is behind them is noise. */
function quantile(spread: Spread, part: number): number | null {
  const value = quantileOf(spread, part)
  return value === null ? null : Math.round(value * 1000) / 1000
}
