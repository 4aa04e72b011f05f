/**
 * A table that can be sorted, and leaves out what there is no room for. While somebody points at a
 * row or has the focus in one, the rows keep their places: none moves away below a finger.
 */
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { keepOrder, type Sort, type SortValue, sortRows } from './row-order.ts'

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
  const { ref, isHeld, holders } = useHold()
  const order = useRef<readonly string[]>([])
  const sorted = isHeld ? keepOrder(rows, order.current, keyOf) : sortRows(rows, columns, sort)
  order.current = sorted.map(keyOf)
  return (
    <div className="table-room" ref={ref} tabIndex={-1}>
      <table className="data">
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <HeadCell key={column.name} column={column} sort={sort} setSort={setSort} />
            ))}
          </tr>
        </thead>
        <tbody {...holders}>
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

/** Notes whether a row is pointed at or focused, and keeps the focus near when its row goes. */
function useHold() {
  const ref = useRef<HTMLDivElement>(null)
  const [isPointed, setPointed] = useState(false)
  const [isFocused, setFocused] = useState(false)
  useEffect(() => {
    if (!isFocused || document.activeElement !== document.body) return
    setFocused(false)
    ref.current?.focus({ preventScroll: true })
  })
  const holders = {
    onPointerEnter: () => setPointed(true),
    onPointerLeave: () => setPointed(false),
    onFocus: () => setFocused(true),
    onBlur: () => setFocused(false),
  }
  return { ref, isHeld: isPointed || isFocused, holders }
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
