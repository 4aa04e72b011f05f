/** In which order the rows of a table stand, and when that may change. */
import type { Column } from './data-table.tsx'

/** What a column is sorted by; null comes last in either direction. */
export type SortValue = number | string | null

/** By which column, and in which direction. */
export interface Sort {
  readonly column: string
  readonly isDescending: boolean
}

/** Sorts; rows that are equal keep their order. */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: Sort | null,
): readonly Row[] {
  const sortBy = columns.find(({ name }) => name === sort?.column)?.sortBy
  if (sort === null || sortBy === undefined) return rows
  const sign = sort.isDescending ? -1 : 1
  return rows.toSorted((a, b) => {
    const [left, right] = [sortBy(a), sortBy(b)]
    if (left === null || right === null) return Number(left === null) - Number(right === null)
    if (typeof left === 'string' || typeof right === 'string') {
      return sign * String(left).localeCompare(String(right))
    }
    return sign * (left - right)
  })
}

/** The order of before; rows that were not there come last. For who is about to press something. */
export function keepOrder<Row>(
  rows: readonly Row[],
  before: readonly string[],
  keyOf: (row: Row) => string,
): readonly Row[] {
  const places = new Map(before.map((key, index) => [key, index]))
  const placeOf = (row: Row): number => places.get(keyOf(row)) ?? before.length
  return rows.toSorted((a, b) => placeOf(a) - placeOf(b))
}
