/** The points of the charts, by second, for as long as the longest window. */
import type { DashboardPoint } from '../../observe/dashboard/frame.ts'

/** What the page remembers, in seconds; the longest window that can be chosen. */
export const HISTORY_SECONDS = 600

/**
 * Puts new points behind those that are known. A first frame repeats the last minutes: what the
 * server says of a second counts more than what was kept of it, and seconds it knows nothing of,
 * from before a restart, stay as they were seen.
 */
export function withPoints(
  known: readonly DashboardPoint[],
  added: readonly DashboardPoint[],
): readonly DashboardPoint[] {
  const first = added[0]
  const last = added.at(-1)
  if (first === undefined || last === undefined) return known
  const before = known.filter(({ at }) => at < first.at)
  const oldest = last.at - HISTORY_SECONDS * 1000
  return [...before, ...added].filter(({ at }) => at > oldest)
}

/**
 * The last `seconds` up to the newest point, one entry each; null is a second that nothing is known
 * of, so that a lost connection shows as a gap and not as a straight line.
 */
export function lastSeconds(
  points: readonly DashboardPoint[],
  seconds: number,
): readonly (DashboardPoint | null)[] {
  const last = points.at(-1)
  const row: (DashboardPoint | null)[] = Array.from({ length: seconds }, () => null)
  if (last === undefined) return row
  const end = secondOf(last)
  for (const point of points) {
    const index = seconds - 1 - (end - secondOf(point))
    if (index >= 0) row[index] = point
  }
  return row
}

const secondOf = ({ at }: DashboardPoint): number => Math.round(at / 1000)

/** Events a second over the last `seconds` that are known; null where none is. */
export function perSecond(
  points: readonly DashboardPoint[],
  seconds: number,
  read: (point: DashboardPoint) => number,
): number | null {
  const known = lastSeconds(points, seconds).filter((point) => point !== null)
  if (known.length === 0) return null
  return known.reduce((sum, point) => sum + read(point), 0) / known.length
}
