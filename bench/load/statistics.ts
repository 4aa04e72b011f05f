/** Numbers of a sample, and tables of them. */

/** The value below which the share `q` of the sample lies; NaN for an empty one. */
export function quantile(sample: readonly number[], q: number): number {
  const sorted = [...sample].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

/** The middle of a sample. */
export function median(sample: readonly number[]): number {
  return quantile(sample, 0.5)
}

/** The mean of a sample. */
export const mean = (sample: readonly number[]): number =>
  sum(sample, (value) => value) / sample.length

/**
 * The mean of the cheapest quarter of some costs: what else a machine does only ever adds to them.
 */
export const cheapest = (costs: readonly number[]): number =>
  mean(costs.toSorted((a, b) => a - b).slice(0, Math.ceil(costs.length / 4)))

/** The sum of what `of` says of each. */
export function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

/** Rows under a line of titles: the first column flush left, the others flush right. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd()
  return [titles, ...rows].map(line).join('\n')
}
