/** Composition root: configuration in, a listening server out. Long-lived objects are made here. */
import { startSampling } from './admission/sampler.ts'
import { type Alerts, startAlerts } from './app/alerts.ts'
import { catalogueBehind } from './app/catalogue.ts'
import { type Dashboard, startDashboard } from './app/dashboard.ts'
import {
  type AppParts,
  clocksOf,
  closeStores,
  type Kept,
  keptOf,
  leftoversOf,
  limitsViewOf,
  type WorkerIdentity,
} from './app/kept.ts'
import { startMetrics, type WorkerMetricsControl } from './app/metrics.ts'
import type { News } from './app/news.ts'
import { observationOf } from './app/performance.ts'
import { resumptionOf } from './app/resumption.ts'
import { changedProviders, reloaded, type Snapshot, snapshotOf } from './app/snapshot.ts'
import { installBufferPool } from './buffer/installed.ts'
import { type Config, versionText } from './config/config.ts'
import { secretsOf } from './config/secrets.ts'
import { nowMs, sweepPeriodMs } from './core/clock.ts'
import { GatewayError } from './core/errors.ts'
import { handle } from './gateway/handle.ts'
import type { ObserverBequest } from './observe/observer.ts'
import { protocols } from './protocol/registry.ts'
import type { BreakerControl, ServerOptions } from './server/options.ts'
import { type RunningServer, startServer } from './server/server.ts'
import { version } from './version.ts'

/** A worker's server. */
export interface App {
  /** Where it listens, with the real port. */
  readonly url: URL
  /** Starts the drain: readiness answers 503, answers carry `connection: close`. */
  drain(): void
  /**
   * Stops listening, lets what is under way finish for up to `graceMs`, ends the rest with an
   * in-band `server_shutdown`, and resolves when nothing is left.
   */
  stop(graceMs: number): Promise<void>
  /**
   * Obeys another configuration in all that the file can say: routes, providers, streams, keys of
   * clients. What is under way ends as it began; what is kept between requests stays.
   * @throws GatewayError `internal_error` for a provider that cannot be; then nothing has changed.
   */
  reload(config: Config): void
  /** Takes in what another worker told. */
  hear(news: News): void
  /** What it has counted so far, for the worker that has its place next. */
  bequeath(): unknown
  /** Takes over what the worker counted that had its place before. */
  inherit(value: unknown): void
  /** What is held at this moment, by name; all zero when nothing is under way. */
  leftovers(): Readonly<Record<string, number>>
}

/** What a worker leaves; it comes from this very program. */
interface Bequest {
  readonly metrics: unknown
  readonly alerts: unknown
  readonly dashboard: unknown
  readonly observer: ObserverBequest
}

/** How often idle buffers of the pool are looked for. */
const TRIM_PERIOD_MS = 5000

/** How long streams get to write their in-band error before their connections are cut. */
const LAST_WORDS_MS = 1000

/**
 * Starts a worker's server.
 * @throws where the port cannot be had or a TLS file cannot be read.
 */
export async function startApp(
  config: Config,
  worker: WorkerIdentity,
  parts: AppParts = {},
): Promise<App> {
  const kept = await keptOf(config, worker, parts)
  installBufferPool(kept.pool)
  const alerts = startAlerts(kept, worker, config.alerts)
  return new RunningApp(kept, { config, worker, parts, alerts })
}

/** What an app is made of besides what is kept. */
interface Beginnings {
  readonly config: Config
  readonly worker: WorkerIdentity
  readonly parts: AppParts
  readonly alerts: Alerts
}

class RunningApp implements App {
  readonly #kept: Kept
  /** What only a new worker could change is as it was at the start. */
  readonly #beginnings: Beginnings
  readonly #metrics: WorkerMetricsControl
  readonly #dashboard: Dashboard
  readonly #server: RunningServer
  readonly #trim: ReturnType<typeof setInterval>
  readonly #stopSampling: () => void
  #current: Snapshot
  #isDraining = false

  constructor(kept: Kept, beginnings: Beginnings) {
    const { config, worker, alerts } = beginnings
    this.#kept = kept
    this.#beginnings = beginnings
    this.#current = snapshotOf(kept, config)
    this.#metrics = startMetrics(kept, config, () => ({
      draining: this.#isDraining,
      configurations: this.#current.config.version.count,
    }))
    this.#dashboard = startDashboard(kept, worker, config, alerts)
    this.#server = startServer(this.#serverOptions())
    this.#trim = setInterval(() => kept.pool.trim(nowMs()), TRIM_PERIOD_MS).unref()
    this.#stopSampling = startSampling(kept.overload, () => this.#server.closeIdle())
  }

  get url(): URL {
    return this.#server.url
  }

  drain(): void {
    this.#isDraining = true
    this.#server.closeFeed()
    void this.#beginnings.alerts.resign()
  }

  reload(next: Config): void {
    const kept = this.#kept
    const before = this.#current.config
    this.#current = snapshotOf(kept, reloaded(this.#beginnings.config, next))
    const { config } = this.#current
    kept.keys.ring.renew(next)
    this.#beginnings.alerts.obey(next.alerts)
    this.#metrics.rename(config)
    // What is under way goes on with what the configuration before said.
    kept.redactor.renew([...secretsOf(before), ...secretsOf(config)])
    kept.sweep.tighten(sweepPeriodMs(clocksOf(next)))
    for (const { name } of changedProviders(before, next)) kept.resilience.parking.forget(name)
  }

  async stop(graceMs: number): Promise<void> {
    const { underway, streams, peers, spool, log } = this.#kept
    const { alerts } = this.#beginnings
    this.#isDraining = true
    const stopped = this.#server.stop(false)
    const whenIdle = () => Promise.all([underway.whenIdle(), streams.whenQuiet()])
    await within(graceMs, whenIdle())
    underway.abortAll(new GatewayError('server_shutdown'))
    await within(LAST_WORDS_MS, whenIdle())
    await within(LAST_WORDS_MS, stopped)
    await this.#server.stop(true)
    await alerts.resign()
    streams.close()
    await peers?.close()
    clearInterval(this.#trim)
    this.#stopSampling()
    this.#dashboard.stop()
    spool.close()
    await closeStores(this.#kept, LAST_WORDS_MS)
    await within(LAST_WORDS_MS, log.flush?.() ?? Promise.resolve())
  }

  hear(news: News): void {
    if (news.type === 'breaker') this.#kept.breakers.obey(news.target, news.override)
    else this.#kept.news.hear(news.topic, news.text)
  }

  bequeath(): Bequest {
    return {
      metrics: this.#metrics.bequeath(),
      alerts: this.#beginnings.alerts.bequeath(),
      dashboard: this.#dashboard.bequeath(),
      observer: this.#kept.observer.bequeath(),
    }
  }

  inherit(value: unknown): void {
    const left = value as Bequest
    this.#metrics.inherit(left.metrics)
    this.#beginnings.alerts.inherit(left.alerts)
    this.#dashboard.inherit(left.dashboard)
    void this.#kept.observer.inherit(left.observer)
  }

  leftovers(): Readonly<Record<string, number>> {
    const { pendingRequests, watchers } = this.#server
    return { ...leftoversOf(this.#kept, pendingRequests), watchers }
  }

  #serverOptions(): ServerOptions {
    const kept = this.#kept
    const { config, worker, parts, alerts } = this.#beginnings
    return {
      ...addressOf(config, worker),
      gateway: (request, call, connection) =>
        handle(request, call, connection, this.#current.stages),
      models: catalogueBehind(() => this.#current.models),
      resumption: resumptionOf(kept),
      pool: kept.pool,
      breakers: breakerControl(kept, parts),
      keys: kept.keys.admin,
      ledger: kept.ledger,
      overload: () => kept.overload.view(),
      limits: () => limitsViewOf(kept),
      gates: () => kept.resilience.slots.view(),
      metrics: this.#metrics.expose,
      frame: (since) => this.#dashboard.frame(since),
      alerts,
      observation: observationOf(kept, worker, () => this.#current.config),
      protocols,
      status: () => ({
        ready: true,
        draining: this.#isDraining,
        load: kept.overload.load,
        configuration: versionText(this.#current.config.version),
      }),
      worker,
      version,
      onError: (error, requestId) =>
        kept.log.line('error', 'internal error', { id: requestId, cause: nameOf(error) }),
      onWrongToken: (address) => kept.log.line('warn', 'dashboard: wrong token', { address }),
    }
  }
}

/** Where it listens, and whom it lets as far as the routes. */
function addressOf(config: Config, worker: WorkerIdentity) {
  return {
    hostname: config.host,
    port: config.port,
    reusePort: worker.total > 0,
    tls: config.tls,
    corsOrigins: config.corsOrigins,
    adminToken: config.adminToken,
    requestBytesMax: config.intake.requestBytesMax,
  }
}

/**
 * The breakers of this worker, and of all others where one is set by hand: by the store, and where
 * that is Redis, which may be away, by the parent as well. Hearing it twice does no harm.
 */
function breakerControl({ breakers, store }: Kept, { announce }: AppParts): BreakerControl {
  return {
    list: () => breakers.list(),
    set: (target, override) => {
      breakers.set(target, override)
      if (store.name === 'redis') announce?.({ type: 'breaker', target, override })
    },
  }
}

/** The class and code of an unexpected failure; its message could hold anything. */
function nameOf(error: unknown): string {
  const cause = error instanceof GatewayError ? (error.detail.cause ?? error) : error
  return cause instanceof Error ? cause.name : typeof cause
}

/** Waits for `promise`, but not longer than `limitMs`. */
async function within(limitMs: number, promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, Math.min(Math.max(limitMs, 0), 2 ** 31 - 1))
  })
  await Promise.race([promise, limit])
  clearTimeout(timer)
}
