/** The metrics of a worker, wired to what they are of. */
import { overloadStages } from '../admission/overload.ts'
import type { Config } from '../config/config.ts'
import type { Exposition } from '../observe/metrics/exposition.ts'
import { LastKnown } from '../observe/metrics/last-known.ts'
import { Metrics } from '../observe/metrics/metrics.ts'
import { Names } from '../observe/metrics/names.ts'
import type { WorkerState } from '../observe/metrics/worker-state.ts'
import { version } from '../version.ts'
import type { Kept } from './kept.ts'

/** What the rest of the program has of them. */
export interface WorkerMetricsControl {
  /**
   * The text of all workers of the machine; `accept` decides on its format. Null where nothing is
   * to be shown.
   */
  readonly expose: ((accept: string | null) => Promise<Exposition>) | null
  /** Names that labels may have, of another configuration. */
  rename(config: Config): void
  /** All that was counted so far. */
  bequeath(): unknown
  /** Takes over what another worker counted. */
  inherit(value: unknown): void
}

/** What all workers are asked at a scrape. */
const TOPIC = 'metrics'

/** Begins to count, as far as the counts are shown or sent, and answers for this worker. */
export function startMetrics(kept: Kept, config: Config, status: Status): WorkerMetricsControl {
  const { observer, fleet, telemetry } = kept
  const shown = config.metrics ? countingMetrics(kept, config, status) : null
  // What is sent is what this worker counted; what is shown has that of its predecessors in it.
  const sent = telemetry?.sendsMetrics ? countingMetrics(kept, config, status) : null
  if (shown !== null) fleet.answer(TOPIC, () => shown.read())
  if (sent !== null) telemetry?.sendMetrics(() => sent.read())
  const lastKnown = new LastKnown()
  const expose = async (accept: string | null): Promise<Exposition> => {
    // Loaded with the first scrape: a program that nobody scrapes does without it.
    const { expose } = await import('../observe/metrics/exposition.ts')
    return await expose(lastKnown.complete(await fleet.ask(TOPIC)), accept)
  }
  return {
    expose: shown === null ? null : expose,
    rename(next) {
      const names = new Names(next, observer.models)
      shown?.rename(names)
      sent?.rename(names)
    },
    bequeath: () => shown?.read() ?? null,
    inherit: (value) => shown?.inherit(value),
  }
}

type Status = () => { readonly draining: boolean; readonly configurations: number }

/** Metrics that count every request from now on. */
function countingMetrics(kept: Kept, config: Config, status: Status): Metrics {
  const { observer } = kept
  const startedAtSeconds = Math.round((Date.now() - performance.now()) / 1000)
  const metrics = new Metrics(new Names(config, observer.models), () => ({
    ...status(),
    ...stateOf(kept, metrics.names),
    process: processOf(kept, startedAtSeconds),
  }))
  observer.onFinished((_finished, exchange, gaps) => metrics.record(exchange, gaps))
  return metrics
}

type State = Omit<WorkerState, 'process' | 'draining' | 'configurations'>

function stateOf(kept: Kept, names: Names): State {
  const { underway, streams, resilience, breakers, pool, spool, sweep } = kept
  const { overload, ledger, log, store } = kept
  const { slots, standings } = resilience
  const view = overload.view()
  const { looks, lateMs, heldUp } = sweep.times
  const written = ledger?.view() ?? null
  const shared = store.view()
  return {
    version,
    runtime: `bun ${Bun.version}`,
    live: { requests: underway.size, streams: underway.streams },
    inFlight: inFlightByProvider(standings.underway(), names),
    queue: { waiting: slots.waiting, rejected: slots.rejected },
    gates: slots.view().map((gate) => ({ ...gate, name: names.target(gate.name) })),
    breakers: breakers.list().map(({ target, override, state }) => ({
      target: names.target(target),
      state: override === 'auto' ? state : override,
    })),
    pool: pool.getMetrics(),
    spoolFiles: spool.filesOpen,
    resumable: { streams: streams.size, readers: streams.readers, bytes: streams.bytes },
    clocks: { waiting: sweep.size, looks, lateSeconds: lateMs / 1000, heldUp },
    overload: {
      stage: overloadStages.indexOf(view.stage),
      pressures: {
        memory: view.memory.pressure,
        'event-loop': view.eventLoop.pressure,
        descriptors: view.descriptors.pressure,
      },
      lagSeconds: view.eventLoop.lagMs / 1000,
      lagWorstSeconds: view.eventLoop.worstMs / 1000,
      lateSeconds: overload.lateMs / 1000,
      shed: {
        low_priority: view.shed.lowPriority,
        pressure: view.shed.pressure,
        concurrency: view.shed.concurrency,
      },
      evicted: view.evicted,
    },
    ledger: written === null ? null : { ...written, isFailing: written.state === 'failing' },
    logLinesLost: log.lostLines?.() ?? 0,
    spans: kept.telemetry?.spans() ?? null,
    store: { ...shared, isReady: shared.state === 'ready' },
  }
}

function inFlightByProvider(
  underway: Iterable<readonly [target: string, count: number]>,
  names: Names,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const [target, count] of underway) {
    const provider = names.provider(target.slice(0, Math.max(0, target.indexOf('/'))))
    sums.set(provider, (sums.get(provider) ?? 0) + count)
  }
  return sums
}

function processOf({ overload }: Kept, startedAtSeconds: number): WorkerState['process'] {
  const { user, system } = process.cpuUsage()
  const { memory, descriptors } = overload.view()
  return {
    cpuUserSeconds: user / 1e6,
    cpuSystemSeconds: system / 1e6,
    // What was read last is at most a quarter of a second old; before that there is nothing.
    residentBytes: memory.bytes > 0 ? memory.bytes : process.memoryUsage.rss(),
    descriptorsOpen: descriptors.open,
    descriptorsMax: descriptors.max,
    startedAtSeconds,
  }
}
