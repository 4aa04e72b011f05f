/** What a worker counted, as the SDK exports it: the same series that Prometheus gets. */
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import type { Family } from '../metrics/family.ts'
import { allFamilies } from '../metrics/metrics.ts'
import { requestTables } from '../metrics/request-families.ts'
import { entriesOf, type SeriesTable, type TableCounts } from '../metrics/series-table.ts'
import type { WorkerMetrics } from '../metrics/worker-metrics.ts'
import { attributeNameOf, otelNameOf } from './metric-names.ts'

/** One series: a number, or the buckets of a histogram and behind them the sum. */
export interface Series {
  readonly family: Family
  readonly attributes: Attributes
  readonly numbers: readonly number[]
}

/** All series of a worker. */
export function seriesOf(metrics: WorkerMetrics): Series[] {
  const ofTables = Object.entries(emptyTables).flatMap(([name, table]) => {
    const counts = metrics.tables[name]
    return counts?.shape === table.shape ? tableSeries(table, counts) : []
  })
  const ofStates = allFamilies.flatMap((family) =>
    (metrics.states[family.name] ?? []).map(([values, value]) => ({
      family,
      attributes: attributesOf(family.labels, values),
      numbers: [value],
    })),
  )
  return [...ofTables, ...ofStates]
}

const emptyTables: Readonly<Record<string, SeriesTable>> = requestTables()

function tableSeries(table: SeriesTable, { rows }: TableCounts): Series[] {
  return rows.flatMap(([values, numbers]) =>
    entriesOf(table.columns).flatMap(([name, { family, fixed }]) => {
      const at = table.at[name] ?? 0
      const width = family.bounds.length === 0 ? 1 : family.bounds.length + 2
      const own = numbers.slice(at, at + width)
      // A row has all metrics of its labels; those of which nothing was counted are no series.
      if (own.every((number) => number === 0)) return []
      const labels = attributesOf(table.labels, values)
      const fixedLabels = attributesOf(Object.keys(fixed), Object.values(fixed))
      return [{ family, attributes: { ...labels, ...fixedLabels }, numbers: own }]
    }),
  )
}

/** An empty value is none, as that of `error.type` where there was no error. */
function attributesOf(labels: readonly string[], values: readonly string[]): Attributes {
  const attributes: Attributes = {}
  for (const [index, label] of labels.entries()) {
    const value = values[index] ?? ''
    if (value !== '') attributes[attributeNameOf(label)] = value
  }
  return attributes
}

/** Since when the numbers were counted, until when, and whether they begin anew each time. */
export interface Span {
  readonly from: HrTime
  readonly to: HrTime
  readonly isDelta: boolean
}

/** The series as metrics, each with its points. */
export function metricsOf(series: readonly Series[], span: Span): MetricData[] {
  const byFamily = Map.groupBy(series, ({ family }) => family)
  return [...byFamily].flatMap(([family, own]): MetricData[] => {
    const named = otelNameOf(family.name)
    if (named === null) return []
    const { isDelta } = span
    const shared = {
      descriptor: { ...named, description: family.help, valueType: ValueType.DOUBLE },
      aggregationTemporality: isDelta
        ? AggregationTemporality.DELTA
        : AggregationTemporality.CUMULATIVE,
    }
    if (family.type === 'histogram') {
      const dataPoints = own.map((one) => histogramPoint(one, span))
      return [{ ...shared, dataPointType: DataPointType.HISTOGRAM, dataPoints }]
    }
    const dataPoints = own.map((one) => numberPoint(one, span))
    if (family.type === 'gauge') {
      return [{ ...shared, dataPointType: DataPointType.GAUGE, dataPoints }]
    }
    return [{ ...shared, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }]
  })
}

const numberPoint = ({ attributes, numbers }: Series, { from, to }: Span): DataPoint<number> => ({
  startTime: from,
  endTime: to,
  attributes,
  value: numbers[0] ?? 0,
})

function histogramPoint(
  { family, attributes, numbers }: Series,
  { from, to }: Span,
): DataPoint<Histogram> {
  const boundaries = [...family.bounds]
  const counts = numbers.slice(0, boundaries.length + 1)
  const count = counts.reduce((sum, bucket) => sum + bucket, 0)
  const sum = numbers[boundaries.length + 1] ?? 0
  const value = { buckets: { boundaries, counts }, count, sum }
  return { startTime: from, endTime: to, attributes, value }
}

/** What was counted since the last time, of what only grows. */
export class Deltas {
  #before = new Map<string, readonly number[]>()

  /** The series without what they had the last time; those that are as they were are left out. */
  of(series: readonly Series[]): Series[] {
    const now = new Map<string, readonly number[]>()
    const grown = series.flatMap((one) => {
      if (one.family.type === 'gauge') return [one]
      const key = `${one.family.name} ${JSON.stringify(one.attributes)}`
      now.set(key, one.numbers)
      const before = this.#before.get(key) ?? []
      const numbers = one.numbers.map((number, index) => number - (before[index] ?? 0))
      return numbers.every((number) => number === 0) ? [] : [{ ...one, numbers }]
    })
    this.#before = now
    return grown
  }
}
