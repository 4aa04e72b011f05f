/** A table that can be sorted, and leaves out what there is no room for. */
import { type ReactNode, useState } from 'react'

/** What a column is sorted by; null comes last in either direction. */
export type SortValue = number | string | null

/** One column. */
export interface Column<Row> {
  readonly name: string
  readonly title: string
  readonly cell: (row: Row) => ReactNode
  /** Without it the column cannot be sorted. */
  readonly sortBy?: (row: Row) => SortValue
  readonly isNumber?: boolean
  /** Whether it stands at the end of the row, as what can be done does. */
  readonly isEnd?: boolean
  /** From which width on it is shown; without one, always. */
  readonly from?: 'medium' | 'wide' | 'widest'
  /** For a title that says too little when it is read out, or for a column of buttons. */
  readonly isTitleUnseen?: boolean
}

/** By which column, and in which direction. */
export interface Sort {
  readonly column: string
  readonly isDescending: boolean
}

/** What a table shows. */
export interface DataTableProps<Row> {
  /** Read out as the table's name. */
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly initialSort?: Sort
  /** Marks rows; a class of the style sheet. */
  readonly toneOf?: (row: Row) => string | undefined
}

/** The first column names the row. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { caption, columns, rows, keyOf, initialSort, toneOf } = props
  const [sort, setSort] = useState<Sort | null>(initialSort ?? null)
  const sorted = sortRows(rows, columns, sort)
  return (
    <div className="table-room">
      <table className="data">
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <HeadCell key={column.name} column={column} sort={sort} setSort={setSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)} className={toneOf?.(row)}>
              {columns.map((column, index) => {
                const className = classOf(column)
                return index === 0 ? (
                  <th key={column.name} scope="row" className={className}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.name} className={className}>
                    {column.cell(row)}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function HeadCell<Row>(props: {
  column: Column<Row>
  sort: Sort | null
  setSort: (sort: Sort) => void
}) {
  const { column, sort, setSort } = props
  const { name, title, sortBy, isNumber, isTitleUnseen } = column
  if (sortBy === undefined) {
    return (
      <th scope="col" className={classOf(column)}>
        <span className={isTitleUnseen ? 'unseen' : undefined}>{title}</span>
      </th>
    )
  }
  const own = sort?.column === name ? sort : null
  const direction = own === null ? 'none' : own.isDescending ? 'descending' : 'ascending'
  // A first press shows what stands out: the highest number, or the first of the alphabet.
  const isDescending = own === null ? (isNumber ?? false) : !own.isDescending
  return (
    <th scope="col" className={classOf(column)} aria-sort={direction}>
      <button
        type="button"
        className="sort"
        onClick={() => setSort({ column: name, isDescending })}
      >
        {title}
        <span aria-hidden="true" className="arrow">
          {own === null ? '' : own.isDescending ? '▾' : '▴'}
        </span>
      </button>
    </th>
  )
}

function classOf<Row>({ isNumber, isEnd, from }: Column<Row>): string | undefined {
  const names = [
    isNumber ? 'number' : '',
    isEnd ? 'is-end' : '',
    from === undefined ? '' : `from-${from}`,
  ]
  return names.filter(Boolean).join(' ') || undefined
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
