/** Composition root: configuration in, a listening server out. Long-lived objects are made here. */
import { type Admission, createAdmission } from './admission/admit.ts'
import { overloadLimits } from './admission/limits.ts'
import { Overload } from './admission/overload.ts'
import { startSampling } from './admission/sampler.ts'
import { installBufferPool } from './buffer/installed.ts'
import type { BufferPool } from './buffer/lease.ts'
import { createBufferPool } from './buffer/pool.ts'
import {
  type Config,
  type ProviderSettings,
  type StreamSettings,
  versionText,
} from './config/config.ts'
import { nowMs, Sweep, sweepPeriodMs } from './core/clock.ts'
import { GatewayError } from './core/errors.ts'
import { requestId } from './core/ids.ts'
import { Pauses } from './core/pause.ts'
import { failureResponse } from './gateway/fail.ts'
import { handle, type Stages } from './gateway/handle.ts'
import { asGeminiModel, asGeminiModels, createModels } from './gateway/models.ts'
import { Underway } from './gateway/underway.ts'
import { readIntent } from './intake/read.ts'
import { openSpool, type Spool } from './intake/spool.ts'
import { LineSink } from './observe/line-sink.ts'
import { createLog, type Log } from './observe/log.ts'
import type { Protocol } from './protocol/protocol.ts'
import { protocols } from './protocol/registry.ts'
import { targetKey } from './provider/call.ts'
import type { Provider } from './provider/provider.ts'
import { buildProviders } from './provider/registry.ts'
import { relay } from './relay/relay.ts'
import { BreakerTable } from './resilience/breaker-table.ts'
import { noBreakers } from './resilience/breakers.ts'
import { Resilience } from './resilience/resilience.ts'
import { createPlanner } from './routing/plan.ts'
import type { BreakerControl, ModelCatalogue } from './server/options.ts'
import { startServer } from './server/server.ts'
import { open } from './upstream/open.ts'
import { Reach } from './upstream/reach.ts'
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
  /** What is held at this moment, by name; all zero when nothing is under way. */
  leftovers(): Readonly<Record<string, number>>
}

/** What one worker tells the others. */
export type News = {
  readonly type: 'breaker'
  readonly target: string
  readonly override: 'auto' | 'open' | 'closed'
}

/** What surrounds the server. */
export interface AppParts {
  /** A test brings one that it reads. */
  readonly log?: Log
  /** A test brings one that checks more. */
  readonly pool?: BufferPool
  /** Tells the other workers. */
  readonly announce?: (news: News) => void
}

/** Which worker of how many this is. */
export interface WorkerIdentity {
  readonly id: number
  readonly total: number
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
  const kept = keptOf(config, worker, parts)
  const { log, pool, sweep, underway, overload, admission, breakers } = kept
  installBufferPool(pool)
  const trim = setInterval(() => pool.trim(nowMs()), TRIM_PERIOD_MS)
  trim.unref()
  let current = snapshotOf(kept, config)
  let isDraining = false
  const server = startServer({
    hostname: config.host,
    port: config.port,
    reusePort: worker.total > 0,
    tls: config.tls,
    corsOrigins: config.corsOrigins,
    adminToken: config.adminToken,
    requestBytesMax: config.intake.requestBytesMax,
    gateway: (request, call, connection) => handle(request, call, connection, current.stages),
    models: catalogueBehind(() => current.models),
    pool,
    breakers: breakerControl(breakers, parts),
    overload: () => overload.view(),
    protocols,
    status: () => ({
      ready: true,
      draining: isDraining,
      load: overload.load,
      configuration: versionText(current.config.version),
    }),
    worker,
    version,
    onError: (error, requestId) =>
      log.line('error', 'internal error', { id: requestId, cause: nameOf(error) }),
  })
  const stopSampling = startSampling(overload, () => server.closeIdle())
  return {
    url: server.url,
    drain() {
      isDraining = true
    },
    reload(next) {
      const { routes, providers, stream, apiKeys, version } = next
      const before = current.config
      current = snapshotOf(kept, { ...config, routes, providers, stream, apiKeys, version })
      admission.renew(apiKeys)
      sweep.tighten(sweepPeriodMs(clocksOf(next)))
      for (const { name } of changedProviders(before, next)) kept.resilience.parking.forget(name)
    },
    async stop(graceMs) {
      isDraining = true
      const stopped = server.stop(false)
      await within(graceMs, underway.whenIdle())
      underway.abortAll(new GatewayError('server_shutdown'))
      await within(LAST_WORDS_MS, underway.whenIdle())
      await within(LAST_WORDS_MS, stopped)
      await server.stop(true)
      clearInterval(trim)
      stopSampling()
      kept.spool.close()
      await within(LAST_WORDS_MS, log.flush?.() ?? Promise.resolve())
    },
    hear: ({ target, override }) => breakers.set(target, override),
    leftovers: () => leftoversOf(kept, server.pendingRequests),
  }
}

/** The long-lived objects that more than one part of the program uses. */
interface Kept {
  readonly log: Log
  readonly pool: BufferPool
  readonly sweep: Sweep
  readonly reach: Reach
  readonly underway: Underway
  readonly spool: Spool
  readonly overload: Overload
  readonly admission: Admission
  readonly pauses: Pauses
  readonly breakers: BreakerTable
  readonly resilience: Resilience
}

/** Makes them. */
function keptOf(config: Config, worker: WorkerIdentity, parts: AppParts): Kept {
  const log = parts.log ?? defaultLog(config, worker)
  const sweep = new Sweep(sweepPeriodMs(clocksOf(config)))
  const underway = new Underway()
  const overload = overloadOf(config, worker, underway, log)
  const pauses = new Pauses()
  const breakers = new BreakerTable(config.resilience)
  const inUse = config.resilience.breaker ? breakers : noBreakers
  return {
    log,
    pool: parts.pool ?? createBufferPool(config.bufferPool),
    sweep,
    reach: new Reach(sweep),
    underway,
    spool: openSpool(config.intake, worker.id),
    overload,
    admission: createAdmission(config.apiKeys, overload),
    pauses,
    breakers,
    resilience: new Resilience(
      config.resilience,
      pauses,
      inUse,
      () => overload.load !== 'normal',
      (target) => log.line('error', 'a provider refused our credentials', { target }),
    ),
  }
}

/** What is held, by name. */
function leftoversOf(kept: Kept, pendingRequests: number): Readonly<Record<string, number>> {
  const { pool, sweep, underway, spool, admission, pauses, resilience } = kept
  const { totalInUse, overflowInUse } = pool.getMetrics()
  return {
    requests: underway.size,
    pendingRequests,
    tickets: admission.inside,
    clocks: sweep.size,
    pauses: pauses.size,
    slots: resilience.standings.inFlight,
    leases: totalInUse + overflowInUse,
    spoolFiles: spool.filesOpen,
  }
}

/** With what a configuration makes of them. */
interface Shared extends Kept {
  readonly config: Config
  readonly providers: ReadonlyMap<string, Provider>
}

/** Everything that comes from one configuration: a request keeps the one it began with. */
interface Snapshot {
  readonly config: Config
  readonly stages: Stages
  readonly models: ModelCatalogue
}

function snapshotOf(kept: Kept, config: Config): Snapshot {
  const providers = buildProviders(config.providers, config.demo, protocols, config.upstreamProxy)
  const shared = { ...kept, config, providers }
  return { config, stages: stagesOf(shared), models: catalogueOf(shared) }
}

/** The list of models of whichever configuration holds when it is asked for. */
function catalogueBehind(models: () => ModelCatalogue): ModelCatalogue {
  return {
    list: (request) => models().list(request),
    get: (id, request) => models().get(id, request),
    listGemini: (request) => models().listGemini(request),
    getGemini: (id, request) => models().getGemini(id, request),
  }
}

/** The providers that are not what they were, those that are new among them. */
function changedProviders(before: Config, next: Config): readonly ProviderSettings[] {
  return next.providers.filter(
    (provider) => !before.providers.some((known) => Bun.deepEquals(known, provider)),
  )
}

/** The six stages, each with what it needs of the others as an argument. */
function stagesOf(shared: Shared): Stages {
  const { config, log, pool, sweep, reach, underway, spool, admission, providers } = shared
  const { resilience } = shared
  const proxy = config.upstreamProxy
  return {
    settings: config.stream,
    sweep,
    pool,
    underway,
    admit: (headers, search) => admission.admit(headers, search),
    read: (request, call, stream, signal) =>
      readIntent(request, call, { settings: config.intake, stream, signal, sweep, spool }),
    plan: createPlanner(providers, {
      defaultProvider: config.defaultProvider,
      routes: config.routes,
      standing: (target) => resilience.standing(target),
    }),
    attempt: (ask, request, call, intent, prefill) =>
      resilience.attempt(ask, (target, attempt) =>
        open(target, { ...attempt, request, call, intent, sweep, reach, proxy, prefill }),
      ),
    brokeLater: (target) => resilience.breakers.failedLater(targetKey(target)),
    relay,
    record: (exchange) => log.request(exchange),
  }
}

/** The list of models, for those who may enter. */
function catalogueOf({ config, sweep, reach, admission, providers }: Shared): ModelCatalogue {
  const models = createModels({
    providers,
    settings: config.stream.models,
    sweep,
    reach,
    proxy: config.upstreamProxy,
    protocol: protocols.opaque,
    open,
  })
  const admitted = async (
    request: Request,
    protocol: Protocol,
    answer: () => Promise<object>,
  ): Promise<Response> => {
    const id = requestId()
    try {
      admission.admit(request.headers, new URL(request.url).search).release()
      return Response.json(await answer(), { headers: { 'x-request-id': id } })
    } catch (thrown) {
      return failureResponse(thrown, protocol, id)
    }
  }
  const { chat, gemini } = protocols
  return {
    list: (request) => admitted(request, chat, () => models.list()),
    get: (id, request) => admitted(request, chat, () => models.get(id)),
    listGemini: (request) =>
      admitted(request, gemini, async () => asGeminiModels(await models.list())),
    getGemini: (id, request) =>
      admitted(request, gemini, async () => asGeminiModel(await models.get(id))),
  }
}

/** All clocks; the sweep must be finer than the shortest. */
const clocksOf = ({ stream, routes }: Config): number[] => [
  ...Object.values(stream).flatMap(endpointClocks),
  ...routes.flatMap(({ targets }) => targets.flatMap(({ clocks }) => Object.values(clocks))),
]

const endpointClocks = (settings: StreamSettings): number[] => [
  settings.heartbeatIntervalMs,
  settings.headersTimeoutMs,
  settings.firstTokenTimeoutMs,
  settings.idleTimeoutMs,
  settings.totalTimeoutMs,
  settings.clientStallTimeoutMs,
]

/** The breakers of this worker, and of the others where one is set by hand. */
function breakerControl(breakers: BreakerTable, { announce }: AppParts): BreakerControl {
  return {
    list: () => breakers.list(),
    set: (target, override) => {
      breakers.set(target, override)
      announce?.({ type: 'breaker', target, override })
    },
  }
}

/** The overload of a worker, and what its stages do. */
function overloadOf(
  config: Config,
  worker: WorkerIdentity,
  underway: Underway,
  log: Log,
): Overload {
  return new Overload(overloadLimits(config.overload, Math.max(1, worker.total)), {
    evict: () => underway.abortHeaviest(new GatewayError('evicted')),
    collectGarbage: () => Bun.gc(true),
    changed: (stage, { cause, pressure }) =>
      log.line(stage === 'normal' ? 'info' : 'warn', 'overload', { stage, cause, pressure }),
  })
}

function defaultLog(config: Config, worker: WorkerIdentity): Log {
  const { logLevel: level, logFormat: format } = config
  const sink = new LineSink(1, (lines) => log.line('warn', 'log lines were lost', { lines }))
  const log = createLog({ level, format, worker: worker.id }, (line) => sink.write(line))
  return { ...log, flush: () => sink.flush() }
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
