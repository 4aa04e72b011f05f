/** What lives as long as the worker does, and is kept when the configuration changes. */
import { type Admission, createAdmission } from '../admission/admit.ts'
import { overloadLimits } from '../admission/limits.ts'
import { type Keys, openKeys } from '../admission/open-keys.ts'
import { Overload } from '../admission/overload.ts'
import { Quota } from '../admission/quota.ts'
import type { BufferPool } from '../buffer/lease.ts'
import { createBufferPool } from '../buffer/pool.ts'
import type { Config, StreamSettings } from '../config/config.ts'
import { secretsOf } from '../config/secrets.ts'
import { Sweep, sweepPeriodMs } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import { type Fleet, soloFleet } from '../core/fleet.ts'
import { Pauses } from '../core/pause.ts'
import type { Stages } from '../gateway/handle.ts'
import { Underway } from '../gateway/underway.ts'
import { openSpool, type Spool } from '../intake/spool.ts'
import { LineSink } from '../observe/line-sink.ts'
import { createLog, type Log } from '../observe/log.ts'
import { logSettingsOf } from '../observe/log-settings.ts'
import { Observer } from '../observe/observer.ts'
import type { Telemetry } from '../observe/otlp/telemetry.ts'
import { Redactor } from '../observe/redact.ts'
import { BreakerTable } from '../resilience/breaker-table.ts'
import { noBreakers } from '../resilience/breakers.ts'
import { Resilience } from '../resilience/resilience.ts'
import { type Database, openDatabase } from '../store/database.ts'
import { type Ledger, startLedger } from '../store/ledger.ts'
import type { Store } from '../store/store.ts'
import { Reach } from '../upstream/reach.ts'
import { openLimits } from './limits.ts'
import { type News, type ParentNews, parentNews } from './news.ts'
import { type HeldStreams, heldStreams } from './resumption.ts'
import { openTelemetry } from './telemetry.ts'

/** What surrounds the server. */
export interface AppParts {
  /** A test brings one that it reads. */
  readonly log?: Log
  /** A test brings one that checks more. */
  readonly pool?: BufferPool
  /** A bench brings one that remembers nothing. */
  readonly observer?: Observer
  /** A bench brings what measures the stages. */
  readonly around?: (stages: Stages) => Stages
  /** Tells the other workers. */
  readonly announce?: (news: News) => void
  /** All workers of the machine; absent where this is the only one. */
  readonly fleet?: Fleet
}

/** Which worker of how many this is. */
export interface WorkerIdentity {
  readonly id: number
  readonly total: number
}

/** The long-lived objects that more than one part of the program uses. */
export interface Kept {
  readonly log: Log
  /** Takes out of a text what may not be written down. */
  readonly redactor: Redactor
  readonly pool: BufferPool
  readonly sweep: Sweep
  readonly reach: Reach
  readonly underway: Underway
  /** Those that can be resumed, and the way to those of other workers. */
  readonly streams: HeldStreams['streams']
  readonly peers: HeldStreams['peers']
  readonly spool: Spool
  readonly overload: Overload
  readonly admission: Admission
  readonly database: Database
  readonly keys: Keys
  /** Null where it is not kept what each request used. */
  readonly ledger: Ledger | null
  readonly store: Store
  readonly quota: Quota
  readonly news: ParentNews
  /** Asks all workers of the machine. */
  readonly fleet: Fleet
  /** What is remembered of requests that have ended. */
  readonly observer: Observer
  /** Null where nothing is sent to an OpenTelemetry collector. */
  readonly telemetry: Telemetry | null
  readonly pauses: Pauses
  readonly breakers: BreakerTable
  readonly resilience: Resilience
  /** What is laid around the stages of every configuration. */
  readonly around: (stages: Stages) => Stages
}

/** Which managed key has changed, so that no worker goes by what it remembers of it. */
const KEYS_TOPIC = 'keys'

/** What became of the breakers of other processes, and what an operator set there. */
const BREAKER_TOPIC = 'breaker'

/** Makes them. */
export async function keptOf(
  config: Config,
  worker: WorkerIdentity,
  parts: AppParts,
): Promise<Kept> {
  const redactor = new Redactor(secretsOf(config))
  const log = parts.log ?? defaultLog(config, worker, redactor)
  const sweep = new Sweep(sweepPeriodMs(clocksOf(config)))
  const underway = new Underway()
  const pool = parts.pool ?? createBufferPool(config.bufferPool)
  const { streams, peers } = heldStreams(config, worker.total, sweep, pool, log)
  const overload = overloadOf(config, worker, { underway, streams }, log)
  const pauses = new Pauses()
  const database = openDatabase(config.databaseUrl)
  openEarly(database, log)
  const news = parentNews(parts.announce)
  const store = await openLimits(config, worker.total, news, log)
  const keys = openKeys(config, database, (key, action) => {
    log.line('info', `key ${action}`, { key })
    store.publish(KEYS_TOPIC, key, 'surely')
  })
  store.subscribe(
    KEYS_TOPIC,
    (key) => keys.ring.forget(key),
    () => keys.ring.doubt(),
  )
  const breakers = sharedBreakers(config, store)
  const observer = parts.observer ?? new Observer()
  return {
    log,
    redactor,
    pool,
    sweep,
    reach: new Reach(sweep),
    underway,
    streams,
    peers,
    spool: openSpool(config.intake, worker.id),
    overload,
    admission: createAdmission(keys.ring, overload),
    database,
    keys,
    ledger: ledgerOf(config, database, log),
    store,
    quota: new Quota(store),
    news,
    fleet: parts.fleet ?? soloFleet(),
    observer,
    telemetry: await openTelemetry(config, worker, log, observer, redactor),
    pauses,
    breakers,
    around: parts.around ?? ((stages) => stages),
    resilience: new Resilience(
      config.resilience,
      pauses,
      config.resilience.breaker ? breakers : noBreakers,
      () => overload.load !== 'normal',
      (target) => log.line('error', 'a provider refused our credentials', { target }),
    ),
  }
}

/** The breakers of this process, which tell and hear of those of the others. */
function sharedBreakers({ resilience }: Config, store: Store): BreakerTable {
  const breakers = new BreakerTable(resilience, undefined, undefined, (text) =>
    store.publish(BREAKER_TOPIC, text),
  )
  store.subscribe(BREAKER_TOPIC, (text) => breakers.hear(text))
  return breakers
}

/** Keeps what each request used, where the operator wants that. */
function ledgerOf({ ledger }: Config, database: Database, log: Log): Ledger | null {
  if (!ledger.enabled) return null
  const { retentionDays } = ledger
  return startLedger(database, { retentionDays }, ({ state, waiting, dropped, failures }) => {
    const level = state === 'failing' ? 'error' : 'info'
    log.line(level, `usage ledger ${state}`, { waiting, dropped, failures })
  })
}

/** Opens a database that is there, so that its tables are up to date before they are needed. */
function openEarly(database: Database, log: Log): void {
  if (!database.isThere()) return
  database.ready().catch((error: GatewayError) => {
    const { cause } = error.detail
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null
    log.line('warn', 'the database cannot be used', { cause: code })
  })
}

/** Writes what waits for the database, for up to `limitMs`, and closes it. */
export async function closeStores(kept: Kept, limitMs: number): Promise<void> {
  const { ledger, database, quota, store, telemetry } = kept
  const sent = telemetry?.close(limitMs)
  quota.close()
  await store.close()
  await ledger?.close(limitMs)
  await database.close()
  await sent
}

/** What is held, by name. */
export function leftoversOf(kept: Kept, pendingRequests: number): Readonly<Record<string, number>> {
  const { pool, sweep, underway, streams, spool, admission, quota, pauses, resilience } = kept
  const { totalInUse, overflowInUse } = pool.getMetrics()
  return {
    requests: underway.size,
    journals: streams.size,
    journalBytes: streams.bytes,
    readers: streams.readers,
    pendingRequests,
    tickets: admission.inside,
    places: quota.inside,
    clocks: sweep.size,
    pauses: pauses.size,
    slots: resilience.standings.inFlight,
    queued: resilience.slots.waiting,
    leases: totalInUse + overflowInUse,
    spoolFiles: spool.filesOpen,
  }
}

/** What limits are counted in, for an operator. */
export const limitsViewOf = ({ store, quota, keys }: Kept) => ({
  store: store.view(),
  places: quota.inside,
  keys: keys.ring.view(),
})

/** All clocks; the sweep must be finer than the shortest. */
export const clocksOf = ({ stream, routes, resume }: Config): number[] => [
  resume.graceMs,
  resume.keepMs,
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

/** The overload of a worker, and what its stages do. */
function overloadOf(
  config: Config,
  worker: WorkerIdentity,
  { underway, streams }: Pick<Kept, 'underway' | 'streams'>,
  log: Log,
): Overload {
  return new Overload(overloadLimits(config.overload, Math.max(1, worker.total)), {
    evict: () => {
      streams.dropEnded()
      return underway.abortHeaviest(new GatewayError('evicted'))
    },
    collectGarbage: () => Bun.gc(true),
    changed: (stage, { cause, pressure }) =>
      log.line(stage === 'normal' ? 'info' : 'warn', 'overload', { stage, cause, pressure }),
  })
}

function defaultLog(config: Config, worker: WorkerIdentity, redactor: Redactor): Log {
  const sink = new LineSink(1, (lines) => log.line('warn', 'log lines were lost', { lines }))
  const settings = logSettingsOf(config, worker.id, redactor)
  const log = createLog(settings, (line) => sink.write(line))
  return { ...log, flush: () => sink.flush(), lostLines: () => sink.lostTotal }
}
