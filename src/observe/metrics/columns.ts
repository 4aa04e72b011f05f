/** Pieces from which the tables of requests are put together. */
import { counter, type Family } from './family.ts'
import type { Column } from './series-table.ts'

/** Series of a counter, at most. */
export const COUNTERS_MAX = 500

/** Of a histogram, which is twenty lines each. */
export const HISTOGRAMS_MAX = 200

/** A metric with the labels of its table. */
export const whole = (family: Family): Column => ({ family, fixed: {} })

/** A counter of each provider. */
export const perProvider = (name: string, help: string): Column =>
  whole(counter(name, help, ['provider']))
