/** What a chart shows, in words and in rows. */
import type { DashboardPoint } from '../../observe/dashboard/frame.ts'
import { counted } from '../format.ts'
import type { ChartSpec, LineSpec } from './charts.ts'

type Seconds = readonly (DashboardPoint | null)[]

/** One sentence for each line: the newest figure, the lowest and the highest. */
export function describeChart({ lines }: ChartSpec, seconds: Seconds): string {
  const known = seconds.filter((point) => point !== null)
  if (known.length === 0) return 'Nothing was measured yet.'
  const span = counted(seconds.length / 60, 'minute')
  return `The last ${span}. ${lines.map((line) => describeLine(line, known)).join(' ')}`
}

function describeLine({ label, read, format }: LineSpec, points: readonly DashboardPoint[]) {
  const values = points.map(read).filter((value) => value !== null)
  if (values.length === 0) return `${label}: not measured.`
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return `${label}: now ${format(values.at(-1) ?? null)}, from ${format(low)} to ${format(high)}.`
}

/** One row of a chart's table. */
export interface ChartRow {
  /** Wall time in milliseconds: the last second of the row. */
  readonly at: number
  /** For each line the highest value; null where nothing was measured. */
  readonly values: readonly (number | null)[]
}

/** About this many rows are still read by somebody. */
const ROWS = 20

/**
 * The newest first, each over as many seconds as make about twenty rows. The highest value of each
 * is told, because what is looked for in a table is a peak.
 */
export function chartRows({ lines }: ChartSpec, seconds: Seconds): readonly ChartRow[] {
  const size = Math.ceil(seconds.length / ROWS)
  const rows: ChartRow[] = []
  for (let end = seconds.length; end > 0; end -= size) {
    const points = seconds.slice(Math.max(0, end - size), end).filter((point) => point !== null)
    const last = points.at(-1)
    if (last === undefined) continue
    const values = lines.map(({ read }) => highest(points.map(read)))
    rows.push({ at: last.at, values })
  }
  return rows
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}
