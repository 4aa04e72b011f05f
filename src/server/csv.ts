/** Tables as CSV (RFC 4180): CRLF, quotes where they are needed, and no formulas. */

/** What a cell can be; null is an empty one. */
export type Cell = string | number | null

/** Rows as one text; the first is the header. */
export const csvText = (rows: readonly (readonly Cell[])[]): string =>
  rows.map((row) => `${row.map(cellText).join(',')}\r\n`).join('')

/**
 * A text that a spreadsheet would take for a formula gets an apostrophe before it, which is how
 * they write "this is a text": a model's name can be what a client wrote.
 */
function cellText(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = /^[=+\-@\t\r\n]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]|^'|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
