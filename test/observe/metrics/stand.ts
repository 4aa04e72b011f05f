/** Metrics of workers without the workers. */
import { loadConfig } from '../../../src/config/env.ts'
import { Exchange } from '../../../src/observe/exchange.ts'
import { KnownModels } from '../../../src/observe/known-models.ts'
import { expose } from '../../../src/observe/metrics/exposition.ts'
import { LastKnown } from '../../../src/observe/metrics/last-known.ts'
import { Metrics } from '../../../src/observe/metrics/metrics.ts'
import { type NamedConfig, Names } from '../../../src/observe/metrics/names.ts'
import type { WorkerState } from '../../../src/observe/metrics/worker-state.ts'
import { Scrape } from '../../kit/prometheus.ts'

/** A worker that has nothing to do. */
export const idleState: WorkerState = {
  version: '0.0.0-test',
  runtime: 'test',
  configurations: 1,
  draining: false,
  live: { requests: 0, streams: 0 },
  inFlight: new Map(),
  queue: { waiting: 0, rejected: 0 },
  gates: [],
  breakers: [],
  pool: {
    ...{ enabled: true, tiers: [], totalBuffers: 0, totalInUse: 0, totalBytes: 0, bytesMax: 1 },
    ...{ overflow: 0, overflowInUse: 0, overflowBytes: 0, allocations: 0, hitRate: 0 },
    ...{ doubleReleases: 0, timestamp: 1 },
  },
  spoolFiles: 0,
  resumable: { streams: 0, readers: 0, bytes: 0 },
  clocks: { waiting: 0, looks: 0, lateSeconds: 0, heldUp: 0 },
  overload: {
    stage: 0,
    pressures: { memory: 0, 'event-loop': 0, descriptors: 0 },
    ...{ lagSeconds: 0, lagWorstSeconds: 0, lateSeconds: 0 },
    shed: { low_priority: 0, pressure: 0, concurrency: 0 },
    evicted: 0,
  },
  ledger: null,
  logLinesLost: 0,
  spans: null,
  store: {
    ...{ name: 'memory', isReady: true, operations: 0, failures: 0, timeouts: 0, reconnects: 0 },
    ...{ decidedLocally: 0, undecided: 0, lostSettlements: 0, lostNews: 0 },
  },
  process: {
    ...{ cpuUserSeconds: 1, cpuSystemSeconds: 0.5, residentBytes: 1000 },
    ...{ descriptorsOpen: 10, descriptorsMax: 100, startedAtSeconds: 1000 },
  },
}

/** The configuration of an environment, with what a test adds. */
export function namedConfig(added: Partial<NamedConfig> = {}): NamedConfig {
  const loaded = loadConfig({ OPENAI_API_KEY: 'sk-test', ANTHROPIC_API_KEY: 'sk-test' })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return { ...loaded.config, ...added }
}

/** The metrics of a worker. @param known names of models as `provider/model`. */
export function metricsOf(
  state: Partial<WorkerState> = {},
  config: NamedConfig = namedConfig(),
  known: readonly string[] = ['openai/gpt-5', 'openai/gpt-5-mini', 'anthropic/claude-opus-4-1'],
): Metrics {
  const models = new KnownModels()
  models.configure(known)
  return new Metrics(new Names(config, models), () => ({ ...idleState, ...state }))
}

/** A stream of `openai` that was completed, with what a test changes. */
export function finishedStream(
  changes: Partial<Exchange> | ((exchange: Exchange) => void) = {},
): Exchange {
  const exchange = new Exchange('chat-completions', 'POST')
  const begun = exchange.startedAtMs
  Object.assign(exchange, {
    ...{ provider: 'openai', model: 'openai/gpt-5', upstreamModel: 'gpt-5', streaming: true },
    ...{ status: 200, endReason: 'completed', attempts: 1, events: 12 },
    ...{ requestBytes: 100, bytesIn: 2000, bytesOut: 2000, inputTokens: 7, outputTokens: 11 },
    ...{ openedAtMs: begun + 200, firstContentAtMs: begun + 250, endedAtMs: begun + 1000 },
    costMicroUsd: 30,
  })
  if (typeof changes === 'function') changes(exchange)
  else Object.assign(exchange, changes)
  return exchange
}

/** Counts a request. */
export function record(metrics: Metrics, exchange: Exchange): void {
  metrics.record(exchange, exchange.gaps.spread())
}

/** The text of several workers, as it comes over the channel between them. */
export async function textOf(
  workers: readonly Metrics[],
  accept: string | null = null,
  lastKnown = new LastKnown(),
): Promise<string> {
  const answers = JSON.parse(JSON.stringify(workers.map((metrics) => metrics.read())))
  return (await expose(lastKnown.complete(answers), accept)).text
}

/** The same, read. */
export async function scrapeOf(...workers: readonly Metrics[]): Promise<Scrape> {
  return new Scrape(await textOf(workers))
}
