/** The options of uPlot for one of our charts. */
import type uPlot from 'uplot'
import type { ChartSpec, LineSpec } from './charts.ts'
import type { Palette } from './palette.ts'

/** Charts of this name move their cursors together. */
const CURSOR_KEY = 'overview'

/** What a chart asks for while it is drawn. */
export interface PlotParts {
  readonly spec: ChartSpec
  readonly size: { readonly width: number; readonly height: number }
  /** Read at each drawing, because the colours change with the theme. */
  readonly palette: () => Palette
  /** Told where the cursor is; null is nowhere. */
  readonly onCursor: (index: number | null) => void
}

/** A font is not inherited by a canvas. */
const font = '11px system-ui, sans-serif'

/** Makes the options. */
export function plotOptions({ spec, size, palette, onCursor }: PlotParts): uPlot.Options {
  const hasRight = spec.lines.some(({ isRight }) => isRight)
  return {
    ...size,
    padding: [8, hasRight ? 0 : 22, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: CURSOR_KEY, setSeries: false },
      drag: { x: false, y: false, setScale: false },
      points: { size: 6 },
      y: false,
    },
    scales: {
      x: { time: true },
      y: { range: (_plot, _min, max) => [0, spec.max ?? roomAbove(max)] },
      right: { range: (_plot, _min, max) => [0, roomAbove(max)] },
    },
    axes: [timeAxis(palette), ...valueAxes(spec, palette, hasRight)],
    series: [{}, ...spec.lines.map((line) => seriesOf(line, palette))],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
  }
}

/** Some air above the highest line; an axis of nothing still has a height. */
const roomAbove = (max: number | null): number => (max === null || max <= 0 ? 1 : max * 1.12)

/** `20.0 ms` is `20 ms` where there is a line at it. */
const short = (text: string): string => text.replace(/\.0+(?= |$)/, '')

function timeAxis(palette: () => Palette): uPlot.Axis {
  return {
    ...lookOf(palette),
    size: 26,
    gap: 4,
    space: 52,
    incrs: [1, 5, 10, 15, 30, 60, 120, 300],
    values: (_plot, splits) => splits.map((at) => timeOf(at)),
  }
}

/** `14:03` at a whole minute, else with the seconds. */
function timeOf(at: number): string {
  const time = new Date(at * 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  const minutes = `${two(time.getHours())}:${two(time.getMinutes())}`
  return time.getSeconds() === 0 ? minutes : `${minutes}:${two(time.getSeconds())}`
}

function valueAxes(spec: ChartSpec, palette: () => Palette, hasRight: boolean): uPlot.Axis[] {
  const axis = (isRight: boolean): uPlot.Axis => {
    const line = spec.lines.find((candidate) => (candidate.isRight ?? false) === isRight)
    const format = line?.format ?? String
    return {
      ...lookOf(palette),
      scale: isRight ? 'right' : 'y',
      side: isRight ? 1 : 3,
      size: 62,
      gap: 6,
      space: 34,
      ...(line?.steps !== undefined && { incrs: increments[line.steps] }),
      values: (_plot, splits) => splits.map((value) => short(format(value))),
      grid: { show: !isRight, stroke: () => palette().grid, width: 1 },
    }
  }
  return hasRight ? [axis(false), axis(true)] : [axis(false)]
}

/** Distances of the lines of an axis: 1, 2, 5, 10 …, and from a kibibyte to a tebibyte. */
const increments = {
  whole: Array.from({ length: 12 }, (_, power) =>
    [1, 2, 5].map((step) => step * 10 ** power),
  ).flat(),
  binary: Array.from({ length: 31 }, (_, index) => 2 ** (index + 10)),
}

function lookOf(palette: () => Palette): uPlot.Axis {
  return {
    font,
    stroke: () => palette().label,
    grid: { stroke: () => palette().grid, width: 1 },
    ticks: { show: false },
  }
}

function seriesOf({ label, colour, isRight, isFilled }: LineSpec, palette: () => Palette) {
  const stroke = (): string => palette().lines[colour]
  return {
    label,
    stroke,
    scale: isRight ? 'right' : 'y',
    width: 1.5,
    points: { size: 4, show: true, filter: alone },
    ...(isFilled && { fill: () => tinted(stroke()) }),
  } satisfies uPlot.Series
}

/** Which values have none beside them: no line leads to them, so they are drawn as a dot. */
function alone(plot: uPlot, series: number): number[] {
  const values = plot.data[series] ?? []
  const isKnown = (index: number): boolean => (values[index] ?? null) !== null
  return [...values.keys()].filter(
    (index) => isKnown(index) && !isKnown(index - 1) && !isKnown(index + 1),
  )
}

/** The same colour, hardly there. */
const tinted = (colour: string): string => `color-mix(in srgb, ${colour} 14%, transparent)`
