/** The last gaps between tokens, one bar each: an even stream is an even row. */

const BARS = 96
const BAR = 4
const HEIGHT = 36

/** Hidden from screen readers: the figures beside it say the same. */
export function GapStrip({ gapsMs }: { gapsMs: readonly number[] }) {
  const highestMs = Math.max(1, ...gapsMs)
  const first = BARS - gapsMs.length
  return (
    <svg
      className="gap-strip"
      viewBox={`0 0 ${BARS * BAR} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={barsPath(gapsMs, first, highestMs)} />
    </svg>
  )
}

/** One path for all bars, so that a frame changes one attribute. */
export function barsPath(gapsMs: readonly number[], first: number, highestMs: number): string {
  return gapsMs
    .map((gapMs, index) => {
      const height = Math.max(1, (gapMs / highestMs) * HEIGHT)
      return `M${(first + index) * BAR} ${HEIGHT}v${(-height).toFixed(1)}h${BAR - 1}V${HEIGHT}z`
    })
    .join('')
}
