/** What is read of a worker when it is asked: a metric, and where its value comes from. */
import { type Aggregator, counter, type Family, gauge } from './family.ts'
import type { Sample, WorkerState } from './worker-state.ts'

/** A metric that is read and not counted here. */
export interface StateFamily {
  readonly family: Family
  readonly read: (state: WorkerState) => readonly Sample[]
}

/** The value of a metric without labels, or those of its series; null is nothing to tell. */
export type Read = (state: WorkerState) => number | null | readonly Sample[]

const reading = (family: Family, read: Read): StateFamily => ({
  family,
  read: (state) => {
    const value = read(state)
    if (value === null) return []
    return typeof value === 'number' ? [[[], value]] : value
  },
})

/** What only grows. */
export const count = (name: string, help: string, read: Read, labels: readonly string[] = []) =>
  reading(counter(name, help, labels), read)

/** What is the case now. */
export const now = (
  name: string,
  help: string,
  read: Read,
  labels: readonly string[] = [],
  aggregator: Aggregator = 'sum',
) => reading(gauge(name, help, labels, aggregator), read)

/** The same, of the worst worker. */
export const worst = (name: string, help: string, read: Read, labels: readonly string[] = []) =>
  now(name, help, read, labels, 'max')

/** One label's values. */
export const samplesOf = (values: Readonly<Record<string, number>>): readonly Sample[] =>
  Object.entries(values).map(([label, value]) => [[label], value])
