/** Makes one frame of what all workers of the machine tell of themselves. */
import { quantileOf } from '../histogram.ts'
import { addTotals } from '../tally.ts'
import type { Totals } from '../totals.ts'
import type {
  DashboardBreaker,
  DashboardFrame,
  DashboardGate,
  DashboardPoolTier,
  DashboardProvider,
} from './frame.ts'
import { type DashboardPart, ERRORS_MAX, STREAMS_MAX } from './part.ts'
import { pointsOf } from './points.ts'

/** What is not of the workers. */
export type FrameRest = Pick<DashboardFrame, 'version' | 'at' | 'keys' | 'keysHidden' | 'alerts'>

/** @param since the points behind this moment, in wall milliseconds. */
export function frameOf(
  parts: readonly DashboardPart[],
  since: number,
  rest: FrameRest,
): DashboardFrame {
  return {
    ...rest,
    workers: parts.length,
    load: worstLoad(parts),
    points: pointsOf(
      parts.flatMap(({ seconds }) => seconds),
      since,
    ),
    totals: addTotals(parts.map(({ totals }) => totals)),
    providers: providersOf(parts),
    streams: parts
      .flatMap(({ streams }) => streams)
      .sort((a, b) => a.at - b.at)
      .slice(0, STREAMS_MAX),
    liveCount: parts.reduce((sum, { liveCount }) => sum + liveCount, 0),
    breakers: breakersOf(parts),
    gates: gatesOf(parts),
    pool: poolOf(parts),
    errors: parts
      .flatMap(({ errors }) => errors)
      .sort((a, b) => b.at + b.durationMs - (a.at + a.durationMs))
      .slice(0, ERRORS_MAX),
  }
}

const loads = ['normal', 'strained', 'shedding'] as const

function worstLoad(parts: readonly DashboardPart[]): DashboardFrame['load'] {
  const worst = Math.max(0, ...parts.map(({ load }) => loads.indexOf(load)))
  return loads[worst] ?? 'normal'
}

function providersOf(parts: readonly DashboardPart[]): DashboardProvider[] {
  return gathered(parts.flatMap(({ providers }) => providers)).map(([name, all]) => {
    const totals = addTotals(all.map((each) => each.totals))
    return { name, live: all.reduce((sum, { live }) => sum + live, 0), ...providerFigures(totals) }
  })
}

function providerFigures(totals: Totals): Omit<DashboardProvider, 'name' | 'live'> {
  const {
    requests,
    attempts,
    failedAttempts,
    firstContentMs,
    gapMs,
    tokensPerSecond,
    costMicroUsd,
  } = totals
  return {
    requests,
    // Of attempts: a provider that always fails over is behind no request that failed.
    errorRate: attempts === 0 ? 0 : failedAttempts / attempts,
    firstContentP50Ms: quantileOf(firstContentMs, 0.5),
    firstContentP95Ms: quantileOf(firstContentMs, 0.95),
    gapP99Ms: quantileOf(gapMs, 0.99),
    tokensPerSecond: quantileOf(tokensPerSecond, 0.5),
    costMicroUsd,
  }
}

const states = ['closed', 'half-open', 'open'] as const

/** The worst of all workers: a target that one of them does not ask is one to look at. */
export function breakersOf(parts: readonly Pick<DashboardPart, 'breakers'>[]): DashboardBreaker[] {
  const named = parts.flatMap(({ breakers }) =>
    breakers.map((breaker) => ({ ...breaker, name: breaker.target })),
  )
  return gathered(named).map(([target, all]) => {
    const worst = Math.max(...all.map(({ state }) => states.indexOf(state)))
    return {
      target,
      state: states[worst] ?? 'closed',
      override: all.find(({ override }) => override !== 'auto')?.override ?? 'auto',
      consecutiveFailures: Math.max(...all.map((each) => each.consecutiveFailures)),
      openForMs: Math.max(...all.map(({ openForMs }) => openForMs)),
    }
  })
}

/** Each worker has a limit of its own; where one has none there is none for all. */
export function gatesOf(parts: readonly Pick<DashboardPart, 'gates'>[]): DashboardGate[] {
  return gathered(parts.flatMap(({ gates }) => gates)).map(([name, all]) => ({
    name,
    inside: all.reduce((sum, { inside }) => sum + inside, 0),
    waiting: all.reduce((sum, { waiting }) => sum + waiting, 0),
    limit: all.reduce<number | null>(
      (sum, { limit }) => (sum === null || limit === null ? null : sum + limit),
      0,
    ),
  }))
}

function poolOf(parts: readonly DashboardPart[]): DashboardFrame['pool'] {
  const pools = parts.map(({ pool }) => pool)
  const named = pools.flatMap(({ tiers }) =>
    tiers.map((tier) => ({ ...tier, name: String(tier.sizeBytes) })),
  )
  const tiers = gathered(named)
    .map(([name, all]): DashboardPoolTier => {
      const sum = (of: (tier: DashboardPoolTier) => number): number =>
        all.reduce((total, tier) => total + of(tier), 0)
      return {
        sizeBytes: Number(name),
        inUse: sum(({ inUse }) => inUse),
        free: sum(({ free }) => free),
        hits: sum(({ hits }) => hits),
        misses: sum(({ misses }) => misses),
      }
    })
    .sort((a, b) => a.sizeBytes - b.sizeBytes)
  const total = (of: (pool: DashboardPart['pool']) => number): number =>
    pools.reduce((sum, pool) => sum + of(pool), 0)
  const hits = tiers.reduce((sum, tier) => sum + tier.hits, 0)
  const tries =
    hits +
    tiers.reduce(
      (sum, { misses }) => sum + misses,
      total((pool) => pool.overflow),
    )
  return {
    enabled: pools.some(({ enabled }) => enabled),
    hitRate: tries === 0 ? 0 : hits / tries,
    overflowInUse: total(({ overflowInUse }) => overflowInUse),
    bytes: total(({ bytes }) => bytes),
    bytesMax: total(({ bytesMax }) => bytesMax),
    tiers,
  }
}

/** What several workers tell of one thing, together, by the name of the thing. */
function gathered<Item extends { readonly name: string }>(
  items: readonly Item[],
): readonly (readonly [name: string, all: readonly Item[]])[] {
  const groups = new Map<string, Item[]>()
  for (const item of items) groups.set(item.name, [...(groups.get(item.name) ?? []), item])
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
}
