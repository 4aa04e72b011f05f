/** One chart over time: a drawing, its figures as text, and a table for who does not see it. */
import { useEffect, useId, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import type { DashboardPoint } from '../../observe/dashboard/frame.ts'
import { clock } from '../format.ts'
import { ChartTable } from './chart-table.tsx'
import type { ChartSpec } from './charts.ts'
import { type Palette, readPalette } from './palette.ts'
import { plotOptions } from './plot.ts'
import { describeChart } from './summary.ts'

/** What a chart shows. */
export interface ChartProps {
  readonly spec: ChartSpec
  /** One entry a second; null where nothing is known. */
  readonly seconds: readonly (DashboardPoint | null)[]
}

/** A figure with a heading, a legend that has the values, and the drawing. */
export function Chart({ spec, seconds }: ChartProps) {
  const [cursor, setCursor] = useState<number | null>(null)
  const [isTable, setTable] = useState(false)
  const titleId = useId()
  const shown = (cursor === null ? null : seconds[cursor]) ?? seconds.at(-1) ?? null
  return (
    <figure className="panel chart" aria-labelledby={titleId} data-chart={spec.name}>
      <div className="chart-head">
        <h2 id={titleId}>{spec.title}</h2>
        <p className="hint">{cursor === null ? spec.note : `At ${clock(shown?.at)}`}</p>
        <button
          type="button"
          className="small"
          aria-pressed={isTable}
          onClick={() => setTable(!isTable)}
        >
          Table<span className="unseen"> of {spec.title}</span>
        </button>
      </div>
      <dl className="legend">
        {spec.lines.map(({ label, colour, read, format }) => (
          <div key={label}>
            <dt>
              <span className={`key key-${colour}`} aria-hidden="true" />
              {label}
            </dt>
            <dd>{format(shown === null ? null : read(shown))}</dd>
          </div>
        ))}
      </dl>
      {isTable ? (
        <ChartTable spec={spec} seconds={seconds} />
      ) : (
        <Plot spec={spec} seconds={seconds} onCursor={setCursor} />
      )}
    </figure>
  )
}

/** The drawing itself. */
function Plot(props: ChartProps & { onCursor: (index: number | null) => void }) {
  const { spec, seconds, onCursor } = props
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const data = useMemo(() => dataOf(spec, seconds), [spec, seconds])
  const newest = useRef(data)
  newest.current = data

  useEffect(() => {
    const element = place.current
    if (element === null) return
    let palette: Palette = readPalette(element)
    const made = new uPlot(
      plotOptions({ spec, size: sizeOf(element), palette: () => palette, onCursor }),
      newest.current,
      element,
    )
    plot.current = made
    const recolour = (): void => {
      palette = readPalette(element)
      made.redraw(false)
    }
    const stopWatching = watch(element, () => made.setSize(sizeOf(element)), recolour)
    return () => {
      stopWatching()
      made.destroy()
      plot.current = null
      onCursor(null)
    }
  }, [spec, onCursor])

  useEffect(() => plot.current?.setData(data), [data])
  const label = `${spec.title}. ${describeChart(spec, seconds)}`
  const isEmpty = data.slice(1).every((row) => [...row].every((value) => value === null))
  const className = isEmpty ? 'plot is-empty' : 'plot'
  return <div ref={place} className={className} role="img" aria-label={label} />
}

/** Watches what a drawing depends on besides its data. */
function watch(element: HTMLElement, resize: () => void, recolour: () => void): () => void {
  const sizes = new ResizeObserver(resize)
  const themes = new MutationObserver(recolour)
  const system = matchMedia('(prefers-color-scheme: dark)')
  sizes.observe(element)
  themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  system.addEventListener('change', recolour)
  return () => {
    sizes.disconnect()
    themes.disconnect()
    system.removeEventListener('change', recolour)
  }
}

const sizeOf = (element: HTMLElement) => ({
  width: Math.max(120, element.clientWidth),
  height: Math.max(80, element.clientHeight),
})

/** Columns for uPlot: the seconds, then a row for each line; null is a gap. */
function dataOf(
  { lines }: ChartSpec,
  seconds: readonly (DashboardPoint | null)[],
): uPlot.AlignedData {
  const lastAt = seconds.at(-1)?.at ?? Date.now()
  const end = Math.round(lastAt / 1000)
  const times = seconds.map((_, index) => end - (seconds.length - 1 - index))
  return [
    times,
    ...lines.map(({ read }) => seconds.map((point) => (point === null ? null : read(point)))),
  ]
}
