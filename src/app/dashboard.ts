/** What the dashboard is told: each worker tells its part, and the one that is watched adds up. */
import type { Config } from '../config/config.ts'
import { nowMs } from '../core/clock.ts'
import type { DashboardFrame } from '../observe/dashboard/frame.ts'
import { DashboardHistory } from '../observe/dashboard/history.ts'
import {
  type DashboardPart,
  ERRORS_MAX,
  type Gauges,
  type PartPool,
  STREAMS_MAX,
} from '../observe/dashboard/part.ts'
import type { LiveStream } from '../observe/live.ts'
import { liveStreamOf } from '../observe/live-stream.ts'
import { emptyTotals } from '../observe/tally.ts'
import { version } from '../version.ts'
import type { Alerts } from './alerts.ts'
import type { Kept, WorkerIdentity } from './kept.ts'
import { KeySpend } from './key-spend.ts'

/** What all workers are asked for a frame. */
const TOPIC = 'dashboard'

/** Over which totals and providers are told. */
const WINDOW_MS = 300_000

/** A second is taken down so long behind its end. */
const BEHIND_SECOND_MS = 20

/** Percentiles of a point look back so far. */
const LOOK_BACK_MS = 10_000

/** The dashboard's part of a worker. */
export interface Dashboard {
  /** A frame of all workers with the points behind `since`, in wall milliseconds. */
  frame(since: number): Promise<DashboardFrame>
  /** What charts show, for the worker that has this one's place next. */
  bequeath(): unknown
  inherit(seconds: unknown): void
  stop(): void
}

/**
 * Begins to take down what charts show, and answers for this worker from now on. Who uses what
 * is told only where there is an `adminToken`, as everywhere else.
 */
export function startDashboard(
  kept: Kept,
  worker: WorkerIdentity,
  { adminToken }: Pick<Config, 'adminToken'>,
  alerts: Pick<Alerts, 'shown'>,
): Dashboard {
  const history = new DashboardHistory(
    { seconds: (since) => kept.observer.points(since), gauges: () => gaugesOf(kept) },
    Date.now(),
  )
  const stopTicking = everySecond(() => history.take(Date.now()))
  kept.fleet.answer(TOPIC, (detail) => {
    const since = typeof detail === 'number' ? detail : Date.now()
    return partOf(kept, worker, history, since)
  })
  const keysHidden =
    adminToken === null ? 'no-admin-token' : kept.ledger === null ? 'no-ledger' : null
  const spend = new KeySpend(kept)
  return {
    async frame(since) {
      // Loaded when somebody looks for the first time: most workers are never looked at.
      const { frameOf } = await import('../observe/dashboard/assemble.ts')
      const parts = (await kept.fleet.ask(TOPIC, since - LOOK_BACK_MS)) as DashboardPart[]
      const keys = keysHidden === null ? await spend.current(liveByKey(parts)) : []
      const shown = await alerts.shown()
      return frameOf(parts, since, { version, at: Date.now(), keys, keysHidden, alerts: shown })
    },
    bequeath: () => history.since(0),
    inherit: (seconds) => history.inherit(seconds as DashboardPart['seconds'], Date.now()),
    stop: stopTicking,
  }
}

function partOf(
  kept: Kept,
  worker: WorkerIdentity,
  history: DashboardHistory,
  since: number,
): DashboardPart {
  const { underway, overload, breakers, resilience, observer } = kept
  const { streams, liveByProvider, liveByKey } = liveOf(kept, worker)
  const asked = new Map(observer.byProvider(WINDOW_MS).map((each) => [each.provider, each.totals]))
  return {
    worker: worker.id,
    load: overload.load,
    seconds: history.since(since),
    totals: observer.totals(WINDOW_MS).totals,
    providers: [...new Set([...asked.keys(), ...liveByProvider.keys()])].map((name) => ({
      name,
      live: liveByProvider.get(name) ?? 0,
      totals: asked.get(name) ?? emptyTotals(),
    })),
    streams,
    liveCount: underway.size,
    liveByKey: Object.fromEntries(liveByKey),
    breakers: breakers.list(),
    gates: resilience.slots.view(),
    pool: poolOf(kept),
    errors: observer.recent.list({ failed: true, limit: ERRORS_MAX }),
  }
}

/** What is under way: the oldest one by one, all of them by provider and by key. */
function liveOf({ underway }: Kept, worker: WorkerIdentity) {
  const now = nowMs()
  const streams: LiveStream[] = []
  const liveByProvider = new Map<string, number>()
  const liveByKey = new Map<string, number>()
  for (const exchange of underway.exchanges()) {
    if (streams.length < STREAMS_MAX) streams.push(liveStreamOf(exchange, worker.id, now))
    const { provider, keyId } = exchange
    if (provider !== null) liveByProvider.set(provider, (liveByProvider.get(provider) ?? 0) + 1)
    if (keyId !== null) liveByKey.set(keyId, (liveByKey.get(keyId) ?? 0) + 1)
  }
  return { streams, liveByProvider, liveByKey }
}

function gaugesOf({ underway, pool, overload, resilience }: Kept): Gauges {
  const { tiers, overflow } = pool.getMetrics()
  const poolHits = tiers.reduce((sum, { hits }) => sum + hits, 0)
  const { eventLoop, memory } = overload.view()
  return {
    live: underway.size,
    waiting: resilience.slots.waiting,
    poolHits,
    poolAcquisitions: tiers.reduce((sum, { misses }) => sum + misses, poolHits + overflow),
    eventLoopLagMs: eventLoop.lagMs,
    memoryBytes: memory.bytes,
  }
}

function poolOf({ pool }: Kept): PartPool {
  const { enabled, overflow, overflowInUse, totalBytes, bytesMax, tiers } = pool.getMetrics()
  return {
    ...{ enabled, overflow, overflowInUse, bytes: totalBytes, bytesMax },
    tiers: tiers.map(({ size, inUse, available, hits, misses }) => ({
      ...{ sizeBytes: size, inUse, free: available, hits, misses },
    })),
  }
}

/** Requests that are under way in all workers, by key. */
function liveByKey(parts: readonly DashboardPart[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const part of parts) {
    for (const [key, live] of Object.entries(part.liveByKey)) sums[key] = (sums[key] ?? 0) + live
  }
  return sums
}

/** Calls `tick` shortly behind each whole second of the wall clock. Keeps no process alive. */
function everySecond(tick: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>
  const wait = (): void => {
    const untilMs = 1000 - (Date.now() % 1000) + BEHIND_SECOND_MS
    timer = setTimeout(() => {
      wait()
      tick()
    }, untilMs)
    timer.unref()
  }
  wait()
  return () => clearTimeout(timer)
}
