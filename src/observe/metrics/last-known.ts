/**
 * What the workers told at the scrapes before. One that crashed, or is too busy to answer in time,
 * still counts with what it last told: without it the sums would become smaller, and who watches
 * takes a counter that becomes smaller for one that began anew at zero.
 */
import { stateFamilies } from './state-families.ts'
import { toWorkerMetrics, type WorkerMetrics } from './worker-metrics.ts'

/** Workers that are remembered; only one that crashes again and again gets there. */
const REMEMBERED_MAX = 64

/** Metrics of a worker that only ever grow; its gauges are over with it. */
const counters = stateFamilies
  .filter(({ family }) => family.type === 'counter')
  .map(({ family }) => family.name)

/** The memory of the worker that is scraped. A monitoring system keeps its connection to one. */
export class LastKnown {
  readonly #known = new Map<string, WorkerMetrics>()

  /**
   * What counts at this scrape: each worker that answered, without those whose counts are with
   * their successors already, and the counters of those that answered before and do not now.
   * @param answers as the fleet gave them; what is no worker's metrics is left out.
   */
  complete(answers: readonly unknown[]): readonly WorkerMetrics[] {
    const told = answers.map(toWorkerMetrics).filter((metrics) => metrics !== null)
    // Who ends may still answer when its counts are with its successor already.
    const inherited = new Set(told.flatMap((metrics) => metrics.inherited))
    for (const source of inherited) this.#known.delete(source)
    const counting = told.filter(({ source }) => !inherited.has(source))
    for (const { source } of counting) this.#known.delete(source)
    const missing = [...this.#known.values()]
    for (const metrics of counting) this.#remember(metrics)
    return [...counting, ...missing]
  }

  #remember(metrics: WorkerMetrics): void {
    const states = Object.fromEntries(counters.map((name) => [name, metrics.states[name] ?? []]))
    this.#known.set(metrics.source, { ...metrics, states })
    if (this.#known.size <= REMEMBERED_MAX) return
    const [oldest] = this.#known.keys()
    if (oldest !== undefined) this.#known.delete(oldest)
  }
}
