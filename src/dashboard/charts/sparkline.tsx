/** A line without axes, behind a figure that says the same in words. */
import type { LineColour } from './palette.ts'

const WIDTH = 120
const HEIGHT = 28

/** Gaps stay gaps. Hidden from screen readers: the charts below have it all as tables. */
export function Sparkline(props: { values: readonly (number | null)[]; colour: LineColour }) {
  return (
    <svg
      className={`sparkline sparkline-${props.colour}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={sparkPath(props.values)} fill="none" vectorEffect="non-scaling-stroke" />
    </svg>
  )
}

/** The path of a row of values, the highest at the top, zero at the bottom. */
export function sparkPath(values: readonly (number | null)[]): string {
  const max = Math.max(1e-9, ...values.map((value) => value ?? 0))
  const step = WIDTH / Math.max(1, values.length - 1)
  let isOpen = false
  let path = ''
  for (const [index, value] of values.entries()) {
    if (value === null) {
      isOpen = false
      continue
    }
    const y = HEIGHT - 1.5 - (value / max) * (HEIGHT - 3)
    path += `${isOpen ? 'L' : 'M'}${(index * step).toFixed(1)} ${y.toFixed(1)}`
    isOpen = true
  }
  return path
}
