/** What a metric is: its name, its labels, and how the workers' values become one. */

/** How the values of several workers become the one of the machine, by prom-client's names. */
export type Aggregator = 'sum' | 'max' | 'min'

/** All series of one metric. */
export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** One sentence, for operators. */
  readonly help: string
  /** Names of its labels, without `le`. */
  readonly labels: readonly string[]
  /** Upper bounds of the buckets, ascending, without the infinite one; empty for others. */
  readonly bounds: readonly number[]
  readonly aggregator: Aggregator
}

/** What only ever grows. Its name ends in `_total`. */
export const counter = (name: string, help: string, labels: readonly string[] = []): Family => ({
  name,
  type: 'counter',
  help,
  labels,
  bounds: [],
  aggregator: 'sum',
})

/** What is the case at this moment. */
export const gauge = (
  name: string,
  help: string,
  labels: readonly string[] = [],
  aggregator: Aggregator = 'sum',
): Family => ({ name, type: 'gauge', help, labels, bounds: [], aggregator })

/** A distribution. */
export const histogram = (
  name: string,
  help: string,
  labels: readonly string[],
  bounds: readonly number[],
): Family => ({ name, type: 'histogram', help, labels, bounds, aggregator: 'sum' })
