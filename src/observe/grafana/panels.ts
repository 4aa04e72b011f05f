/** Small pieces from which the panels of the Grafana dashboard are put together. */

/** One line of a panel, in PromQL, and what the legend calls it. */
export interface Query {
  readonly expr: string
  readonly legend: string
}

/** How Grafana writes the numbers of a panel. */
export type Unit = 'short' | 's' | 'reqps' | 'ops' | 'bytes' | 'Bps' | 'percentunit' | 'currencyUSD'

/** A panel before it has its place. */
export interface Panel {
  readonly title: string
  readonly description: string
  readonly type: 'timeseries' | 'stat' | 'heatmap' | 'bargauge' | 'state-timeline' | 'piechart'
  readonly queries: readonly Query[]
  readonly unit: Unit
  /** Columns of 24. */
  readonly width: number
  readonly height: number
  /** Values from which a panel turns to another colour. */
  readonly thresholds?: readonly (readonly [color: string, from: number])[]
  readonly isStacked?: boolean
  /** Words for numbers. */
  readonly words?: Readonly<Record<number, readonly [text: string, color: string]>>
}

/** A row with its panels. */
export interface DashboardRow {
  readonly title: string
  readonly panels: readonly Panel[]
}

/** The time over which rates are taken: Grafana's, at least four scrapes long. */
const rateWindow = '$__rate_interval'

/** What the variables of the dashboard leave over. */
export const chosen = 'provider=~"$provider"'

/** What the model variable leaves over besides, for metrics that tell models apart. */
export const chosenModel = `${chosen},gen_ai_response_model=~"$model"`

/** The series of a metric on the machines that were chosen. */
export function selected(metric: string, matchers = ''): string {
  const others = matchers === '' ? '' : `,${matchers}`
  return `${metric}{instance=~"$instance"${others}}`
}

/** A rate, summed by labels. */
export function rate(metric: string, matchers: string, by: readonly string[] = []): string {
  return `sum${byLabels(by)}(rate(${selected(metric, matchers)}[${rateWindow}]))`
}

/** A quantile of a histogram, by labels. */
export function quantile(
  part: number,
  metric: string,
  matchers: string,
  by: readonly string[] = [],
): string {
  return `histogram_quantile(${part}, ${rate(`${metric}_bucket`, matchers, ['le', ...by])})`
}

/** A sum of what is the case now. */
export function total(metric: string, by: readonly string[] = []): string {
  return `sum${byLabels(by)}(${selected(metric)})`
}

/** The worst of what is the case now. */
export function worst(metric: string, by: readonly string[] = []): string {
  return `max${byLabels(by)}(${selected(metric)})`
}

/** `part` of `whole`; nothing where the whole is zero. */
export const share = (part: string, whole: string): string => `${part} / (${whole} > 0)`

const byLabels = (labels: readonly string[]): string =>
  labels.length === 0 ? '' : ` by (${labels.join(', ')}) `

/** Three lines: the middle, the slow, and the slowest. */
export const quantiles = (metric: string, matchers: string): readonly Query[] => [
  { expr: quantile(0.5, metric, matchers), legend: 'p50' },
  { expr: quantile(0.95, metric, matchers), legend: 'p95' },
  { expr: quantile(0.99, metric, matchers), legend: 'p99' },
]

/** Lines over time. */
export const lines = (
  title: string,
  description: string,
  unit: Unit,
  queries: readonly Query[],
  more: Partial<Panel> = {},
): Panel => ({
  ...{ title, description, unit, queries, type: 'timeseries', width: 8, height: 8, ...more },
})

/** One number. */
export const number = (
  title: string,
  description: string,
  unit: Unit,
  expr: string,
  thresholds: Panel['thresholds'] = [],
): Panel => ({
  ...{ title, description, unit, thresholds, type: 'stat', width: 4, height: 4 },
  queries: [{ expr, legend: '' }],
})
