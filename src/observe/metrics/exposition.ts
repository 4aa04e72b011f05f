/**
 * The text of the metrics of all workers. Format, registry and the sums over the workers are
 * prom-client's; this makes its JSON of what the workers told. Loaded with the first scrape.
 */
import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
  type RegistryContentType,
} from 'prom-client'
import type { Family } from './family.ts'
import { allFamilies, overflowFamily } from './metrics.ts'
import { requestTables } from './request-families.ts'
import { type Column, entriesOf, type SeriesTable, type TableCounts } from './series-table.ts'
import type { WorkerMetrics } from './worker-metrics.ts'

/** A text and its type. */
export interface Exposition {
  readonly text: string
  readonly contentType: RegistryContentType
}

type Value = Pick<MetricValue<string>, 'labels' | 'value'> & { readonly metricName?: string }

/** One metric in the library's JSON. */
type MetricJson = MetricObjectWithValues<MetricValue<string>>

const plain: RegistryContentType = 'text/plain; version=0.0.4; charset=utf-8'
const open: RegistryContentType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/**
 * Writes what the workers told as one.
 * @param workers each of them once.
 * @param accept of the request: who prefers OpenMetrics gets it.
 */
export async function expose(
  workers: readonly WorkerMetrics[],
  accept: string | null,
): Promise<Exposition> {
  const contentType = prefersOpenMetrics(accept) ? open : plain
  const json = workers.map((worker) => jsonOf(worker, contentType === open))
  const registry = aggregate(json, contentType)
  return { text: await registry.metrics(), contentType }
}

/** Its types leave out that the sum can be of either format. */
const aggregate = AggregatorRegistry.aggregate as unknown as (
  metrics: readonly MetricJson[][],
  contentType: RegistryContentType,
) => Registry<RegistryContentType>

/** Whether OpenMetrics comes before the plain text, by the weights that the client gave them. */
function prefersOpenMetrics(accept: string | null): boolean {
  const weightOf = (type: RegExp): number => {
    const weights = (accept ?? '').split(',').flatMap((range) => {
      const [name = '', ...parameters] = range.split(';').map((part) => part.trim())
      if (!type.test(name)) return []
      const weight = parameters.find((parameter) => /^q=/i.test(parameter))
      return [weight === undefined ? 1 : Number(weight.slice(2)) || 0]
    })
    return Math.max(0, ...weights)
  }
  const weight = weightOf(/^application\/openmetrics-text$/i)
  return weight > 0 && weight >= weightOf(/^text\/(plain|\*)$/i)
}

function jsonOf(worker: WorkerMetrics, isOpen: boolean): MetricJson[] {
  const values = new Map<string, Value[]>(allFamilies.map(({ name }) => [name, []]))
  for (const [name, table] of Object.entries(emptyTables)) {
    const counts = worker.tables[name]
    if (counts?.shape === table.shape) putTable(values, table, counts, isOpen)
  }
  for (const { name, labels } of allFamilies) {
    for (const [labelValues, value] of worker.states[name] ?? []) {
      values.get(name)?.push({ labels: labelled(labels, labelValues), value })
    }
  }
  return allFamilies.map((family) => jsonOfFamily(family, values.get(family.name) ?? [], isOpen))
}

/** The library adds the ending of counters itself where it writes OpenMetrics. */
function jsonOfFamily(family: Family, values: Value[], isOpen: boolean): MetricJson {
  const { name, help, type, aggregator } = family
  const isRenamed = isOpen && type === 'counter'
  const shown = isRenamed ? name.replace(/_total$/, '') : name
  return { name: shown, help, type, aggregator, values } as unknown as MetricJson
}

const emptyTables: Readonly<Record<string, SeriesTable>> = requestTables()

function putTable(
  values: Map<string, Value[]>,
  table: SeriesTable,
  { rows, overflow }: TableCounts,
  isOpen: boolean,
): void {
  const columns = entriesOf(table.columns)
  for (const [labelValues, numbers] of rows) {
    const labels = labelled(table.labels, labelValues)
    for (const [name, column] of columns) {
      const at = table.at[name] ?? 0
      values.get(column.family.name)?.push(...valuesOf(column, labels, numbers, at, isOpen))
    }
  }
  for (const name of new Set(columns.map(([, { family }]) => family.name))) {
    values.get(overflowFamily.name)?.push({ labels: { metric: name }, value: overflow })
  }
}

/** A counter's one value, or the lines of a histogram; none of one in which nothing was counted. */
function valuesOf(
  { family, fixed }: Column,
  rowLabels: Readonly<Record<string, string>>,
  numbers: readonly number[],
  at: number,
  isOpen: boolean,
): Value[] {
  const { name, bounds } = family
  const labels = { ...rowLabels, ...fixed }
  if (bounds.length === 0) return [{ labels, value: numbers[at] ?? 0 }]
  const values: Value[] = []
  let count = 0
  for (const [index, bound] of [...bounds, Number.POSITIVE_INFINITY].entries()) {
    count += numbers[at + index] ?? 0
    const le = boundText(bound, isOpen)
    values.push({ metricName: `${name}_bucket`, labels: { le, ...labels }, value: count })
  }
  if (count === 0) return []
  values.push({ metricName: `${name}_sum`, labels, value: numbers[at + bounds.length + 1] ?? 0 })
  values.push({ metricName: `${name}_count`, labels, value: count })
  return values
}

/** OpenMetrics wants bounds as floating point numbers, the other format leaves it open. */
function boundText(bound: number, isOpen: boolean): string {
  if (bound === Number.POSITIVE_INFINITY) return '+Inf'
  return isOpen && Number.isInteger(bound) ? `${bound}.0` : String(bound)
}

function labelled(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
}
