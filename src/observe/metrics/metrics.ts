/**
 * The metrics of one worker: what it counted of its requests, and what it is like when it is asked.
 * A worker that is replaced leaves its counts to its successor, because a sum over the workers that
 * became smaller would be read as a restart of them all.
 */
import type { Exchange } from '../exchange.ts'
import type { Spread } from '../totals.ts'
import { counter, type Family } from './family.ts'
import type { Names } from './names.ts'
import { Recorder } from './record.ts'
import { type RequestTables, requestTables } from './request-families.ts'
import { entriesOf, type SeriesTable } from './series-table.ts'
import { stateFamilies } from './state-families.ts'
import { SumsByLabels } from './sums.ts'
import { toWorkerMetrics, type WorkerMetrics } from './worker-metrics.ts'
import type { WorkerState } from './worker-state.ts'

/** What found no series of its own, by metric. */
export const overflowFamily = counter(
  'sluice_metrics_overflow_total',
  'Observations that were counted under `other` because their metric has as many series as it may.',
  ['metric'],
)

/** Every metric there is, in the order in which they are written. */
export const allFamilies: readonly Family[] = [
  ...new Set(
    Object.values(requestTables()).flatMap((table: SeriesTable) =>
      entriesOf(table.columns).map(([, { family }]) => family),
    ),
  ),
  ...stateFamilies.map(({ family }) => family),
  overflowFamily,
]

/** Predecessors that are remembered: their own answers may still be on the way for a moment. */
const INHERITED_MAX = 16

/** The metrics of a worker. */
export class Metrics {
  readonly #tables: RequestTables = requestTables()
  readonly #inherited = new SumsByLabels()
  readonly #source = crypto.randomUUID()
  readonly #state: () => WorkerState
  readonly #recorder: Recorder
  #predecessors: readonly string[] = []

  /** @param state looked at once a scrape. */
  constructor(names: Names, state: () => WorkerState) {
    this.#recorder = new Recorder(this.#tables, names)
    this.#state = state
  }

  /** The names that labels may have now. */
  get names(): Names {
    return this.#recorder.names
  }

  /** Goes by another configuration. */
  rename(names: Names): void {
    this.#recorder.rename(names)
  }

  /** Counts a request that has ended. Never throws. @param gapMs the gaps of its stream. */
  record(exchange: Exchange, gapMs: Spread): void {
    this.#recorder.record(exchange, gapMs)
  }

  /** All series that were made of requests so far. */
  get seriesCount(): number {
    return tablesOf(this.#tables).reduce((sum, [, table]) => sum + table.size, 0)
  }

  /** Everything as of now; also what a worker that ends leaves behind. */
  read(): WorkerMetrics {
    const state = this.#state()
    return {
      source: this.#source,
      inherited: this.#predecessors,
      tables: Object.fromEntries(
        tablesOf(this.#tables).map(([name, table]) => [name, table.counts()]),
      ),
      states: Object.fromEntries(
        stateFamilies.map(({ family, read }) => [
          family.name,
          this.#inherited.with(family.name, read(state)),
        ]),
      ),
    }
  }

  /** Takes over what a worker counted that has ended; anything else is ignored. */
  inherit(value: unknown): void {
    const left = toWorkerMetrics(value)
    if (left === null || this.#predecessors.includes(left.source)) return
    this.#predecessors = [left.source, ...left.inherited, ...this.#predecessors].slice(
      0,
      INHERITED_MAX,
    )
    for (const [name, table] of tablesOf(this.#tables)) {
      const counts = left.tables[name]
      if (counts !== undefined) table.add(counts)
    }
    for (const { family } of stateFamilies) {
      if (family.type === 'counter') {
        this.#inherited.add(family.name, left.states[family.name] ?? [], family.labels.length)
      }
    }
  }
}

function tablesOf(tables: RequestTables): [string, SeriesTable][] {
  return Object.entries(tables) as [string, SeriesTable][]
}
