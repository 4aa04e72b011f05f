/** What the routes about performance and streams are told: all workers are asked, and summed. */
import type { Config } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import { breakersOf, gatesOf } from '../observe/dashboard/assemble.ts'
import type { DashboardBreaker, DashboardGate } from '../observe/dashboard/frame.ts'
import type { FinishedRequest } from '../observe/finished.ts'
import type { ProviderTotals, VariantTotals } from '../observe/observer.ts'
import {
  addByKey,
  addWindows,
  statsOf,
  streamingOf,
  topPerforming,
  variantsOf,
} from '../observe/performance.ts'
import type { WindowTotals } from '../observe/series.ts'
import type {
  HealthStats,
  Observation,
  PerformanceAnswer,
  PerformanceMetric,
  PerformanceQuery,
  WorkerHealth,
} from '../server/performance-answer.ts'
import type { Kept, WorkerIdentity } from './kept.ts'
import { streamsOf } from './streams.ts'

const TOPIC = 'performance'

/** How many errors are told of. */
const ERRORS_MAX = 10

/** What one worker answers. */
interface Part {
  readonly window: WindowTotals
  readonly live: number
  readonly liveStreams: number
  readonly providers: readonly ProviderTotals[]
  readonly variants: readonly VariantTotals[]
  readonly health: Health | null
}

interface Health {
  readonly worker: WorkerHealth
  readonly breakers: readonly DashboardBreaker[]
  readonly gates: readonly DashboardGate[]
  readonly errors: readonly FinishedRequest[]
}

/**
 * Answers for this worker from now on, and asks all.
 * @param config the configuration that holds now.
 */
export function observationOf(
  kept: Kept,
  worker: WorkerIdentity,
  config: () => Config,
): Observation {
  return { ...streamsOf(kept, worker), performance: performanceOf(kept, worker, config) }
}

function performanceOf(
  kept: Kept,
  worker: WorkerIdentity,
  config: () => Config,
): Observation['performance'] {
  kept.fleet.answer(TOPIC, (detail) => partOf(kept, worker, detail as PerformanceQuery))
  return async (query) => {
    const { metric, provider, windowMs } = query
    const parts = (await kept.fleet.ask(TOPIC, query)) as readonly Part[]
    const window = addWindows(parts.map((part) => part.window))
    const span = { metric, windowMs, coveredMs: Math.round(window.coveredMs) }
    const told = answers[metric](parts, window, provider, config())
    return { ...span, workers: parts.length, ...told }
  }
}

function partOf(kept: Kept, worker: WorkerIdentity, query: PerformanceQuery): Part {
  const { observer, underway } = kept
  const { metric, windowMs } = query
  const wantsProviders = metric === 'summary' || metric === 'provider'
  let liveStreams = 0
  for (const { streaming } of underway.exchanges()) if (streaming) liveStreams += 1
  return {
    window: observer.totals(windowMs),
    live: underway.size,
    liveStreams,
    providers: wantsProviders ? observer.byProvider(windowMs) : [],
    variants: metric === 'variant' ? observer.byVariant(windowMs) : [],
    health: metric === 'health' ? healthPart(kept, worker, windowMs) : null,
  }
}

function healthPart(kept: Kept, worker: WorkerIdentity, windowMs: number): Health {
  const { overload, underway, breakers, resilience, observer, store } = kept
  const { pressure, cause, memory, eventLoop } = overload.view()
  const { name, state } = store.view()
  const sinceAt = Date.now() - windowMs
  return {
    worker: {
      worker: worker.id,
      load: overload.load,
      pressure,
      cause,
      liveRequests: underway.size,
      memoryBytes: memory.bytes,
      eventLoopLagMs: eventLoop.lagMs,
      store: { name, state },
    },
    breakers: breakers.list(),
    gates: resilience.slots.view(),
    errors: observer.recent
      .list({ failed: true, limit: ERRORS_MAX })
      .filter((finished) => endedAt(finished) >= sinceAt),
  }
}

const endedAt = ({ at, durationMs }: FinishedRequest): number => at + durationMs

type Told = Partial<PerformanceAnswer>

/** How each metric is told. */
const answers: Readonly<
  Record<
    PerformanceMetric,
    (parts: readonly Part[], window: WindowTotals, provider: string | null, config: Config) => Told
  >
> = {
  summary(parts, window) {
    const topPerformingProvider = topPerforming(providersOf(parts))
    const liveRequests = sum(parts, ({ live }) => live)
    return { performance: { ...statsOf(window), topPerformingProvider, liveRequests } }
  },
  provider(parts, window, provider, config) {
    const asked = providersOf(parts)
    if (provider === null) {
      return {
        providers: asked.map(({ provider, ...totals }) => ({ provider, ...statsOf(totals) })),
      }
    }
    const found = asked.find((each) => each.provider === provider)
    if (found === undefined && config.providers.every(({ name }) => name !== provider)) {
      throw new GatewayError('provider_not_found')
    }
    const nothing = { coveredMs: window.coveredMs, totals: addWindows([]).totals }
    return { stats: { provider, ...statsOf(found ?? nothing) } }
  },
  health: (parts, window) => ({ health: healthOf(parts, window) }),
  streaming: (parts, window) => ({
    streaming: streamingOf(
      window,
      sum(parts, ({ liveStreams }) => liveStreams),
    ),
  }),
  variant: (parts) => ({
    variants: variantsOf(
      addByKey(
        parts.flatMap(({ variants }) => variants),
        ({ route, provider, model }) => JSON.stringify([route, provider, model]),
      ),
    ),
  }),
}

const providersOf = (parts: readonly Part[]): readonly ProviderTotals[] =>
  addByKey(
    parts.flatMap(({ providers }) => providers),
    ({ provider }) => provider,
  )

function healthOf(parts: readonly Part[], window: WindowTotals): HealthStats {
  const told = parts.flatMap(({ health }) => health ?? [])
  const workers = told.map(({ worker }) => worker).sort((a, b) => a.worker - b.worker)
  const breakers = breakersOf(told)
  const { totalRequests, totalErrors, errorRate, endReasons } = statsOf(window)
  return {
    status: statusOf(workers, breakers, window),
    totalRequests,
    totalErrors,
    errorRate,
    endReasons,
    breakers,
    limits: gatesOf(told),
    workers,
    recentErrors: told
      .flatMap(({ errors }) => errors)
      .sort((a, b) => endedAt(b) - endedAt(a))
      .slice(0, ERRORS_MAX),
  }
}

/** Of fewer requests than this a part that fails says little. */
const REQUESTS_MIN = 10

function statusOf(
  workers: readonly WorkerHealth[],
  breakers: readonly DashboardBreaker[],
  { totals: { requests, errors } }: WindowTotals,
): HealthStats['status'] {
  const share = requests < REQUESTS_MIN ? 0 : errors / requests
  if (share >= 0.5 || workers.some(({ load }) => load === 'shedding')) return 'failing'
  const isDegraded =
    share >= 0.05 ||
    breakers.some(({ state, override }) => state !== 'closed' || override === 'open') ||
    workers.some(({ load, store }) => load !== 'normal' || store.state === 'away')
  return isDegraded ? 'degraded' : 'healthy'
}

const sum = (parts: readonly Part[], of: (part: Part) => number): number =>
  parts.reduce((total, part) => total + of(part), 0)
