/**
 * Counts for each set of labels: one row of numbers, in which several metrics with the same labels
 * have their columns. So a request looks its row up once and adds to it, and the library that
 * writes the text is not there until somebody asks for it.
 */
import type { Family } from './family.ts'

/** One metric of a table, or a part of one: labels may be fixed for a column. */
export interface Column {
  readonly family: Family
  /** Values of those labels of the family that the table does not have, by their names. */
  readonly fixed: Readonly<Record<string, string>>
}

/** Which metrics a table has, by the names that the code calls them. */
export type Columns<Name extends string> = Readonly<Record<Name, Column>>

/** The row of a set of labels: a counter is one number, a histogram its buckets and its sum. */
export type Row = Float64Array

/** A table as it is sent, kept and left to a successor. */
export interface TableCounts {
  /** Of what the rows consist; rows of another shape cannot be added. */
  readonly shape: string
  readonly rows: readonly (readonly [labels: readonly string[], numbers: readonly number[]])[]
  /** How many observations found no room for a series of their own. */
  readonly overflow: number
}

/** What every label of the series says that takes what has none of its own. */
export const other = 'other'

/** Numbers of a column: buckets, the infinite one, and the sum. */
const widthOf = ({ bounds }: Family): number => (bounds.length === 0 ? 1 : bounds.length + 2)

/** Counts in a row. */
export function add(row: Row, at: number, amount: number): void {
  row[at] = (row[at] ?? 0) + amount
}

/** Counts a value into a histogram of a row. */
export function observe(row: Row, at: number, bounds: readonly number[], value: number): void {
  let bucket = 0
  while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1
  add(row, at + bucket, 1)
  add(row, at + bounds.length + 1, value)
}

/** The rows of one set of labels. */
export class SeriesTable<Name extends string = string> {
  readonly labels: readonly string[]
  readonly columns: Columns<Name>
  /** Of what its rows consist, so that two programs can tell whether it is the same. */
  readonly shape: string
  /** Where each column begins in a row. */
  readonly at: Readonly<Record<Name, number>>
  readonly #width: number
  readonly #seriesMax: number
  readonly #rows = new Map<string, { readonly labels: readonly string[]; readonly row: Row }>()
  #overflowRow: Row | null = null
  #overflow = 0

  /** @param seriesMax rows at most; what would be one more is counted under `other`. */
  constructor(labels: readonly string[], columns: Columns<Name>, seriesMax: number) {
    this.labels = labels
    this.columns = columns
    this.#seriesMax = seriesMax
    const at: Partial<Record<Name, number>> = {}
    let width = 0
    for (const [name, { family }] of entriesOf(columns)) {
      at[name] = width
      width += widthOf(family)
    }
    this.at = at as Record<Name, number>
    this.#width = width
    this.shape = shapeOf(labels, columns)
  }

  /** The row of these values of the labels, in their order. */
  row(...values: readonly string[]): Row {
    const key = values.length === 1 ? (values[0] ?? '') : values.join('\n')
    return this.#rows.get(key)?.row ?? this.#newRow(key, values)
  }

  /** How many observations found no room for a row of their own. */
  get overflow(): number {
    return this.#overflow
  }

  /** How many rows there are. */
  get size(): number {
    return this.#rows.size
  }

  /** Everything that was counted. */
  counts(): TableCounts {
    const rows = [...this.#rows.values()].map(
      ({ labels, row }) => [labels, [...row]] as [readonly string[], number[]],
    )
    return { shape: this.shape, rows, overflow: this.#overflow }
  }

  /** Adds what another one counted; nothing where that consists of something else. */
  add({ shape, rows, overflow }: TableCounts): void {
    if (shape !== this.shape) return
    for (const [labels, numbers] of rows) {
      if (labels.length !== this.labels.length || numbers.length !== this.#width) continue
      const row = this.row(...labels)
      for (const [index, number] of numbers.entries()) add(row, index, number)
    }
    this.#overflow += overflow
  }

  #rowOfOthers(): Row {
    const labels = this.labels.map(() => other)
    const key = labels.join('\n')
    const row = this.#rows.get(key)?.row ?? new Float64Array(this.#width)
    this.#rows.set(key, { labels, row })
    return row
  }

  #newRow(key: string, values: readonly string[]): Row {
    if (this.#rows.size < this.#seriesMax) {
      const row = new Float64Array(this.#width)
      this.#rows.set(key, { labels: [...values], row })
      return row
    }
    this.#overflow += 1
    this.#overflowRow ??= this.#rowOfOthers()
    return this.#overflowRow
  }
}

/** Names and columns with their types. */
export function entriesOf<Name extends string>(columns: Columns<Name>): [Name, Column][] {
  return Object.entries(columns) as [Name, Column][]
}

/** Two tables of the same shape can be added number by number. */
function shapeOf(labels: readonly string[], columns: Columns<string>): string {
  const parts = Object.values(columns).map(({ family, fixed }) =>
    [family.name, ...Object.values(fixed), ...family.bounds].join(' '),
  )
  return Bun.hash([...labels, ...parts].join(',')).toString(36)
}
