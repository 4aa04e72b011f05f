/** What the overview draws: each chart, its lines, and how their figures read. */
import type { DashboardPoint } from '../../observe/dashboard/frame.ts'
import { bytes, count, duration, percent, wholeRate } from '../format.ts'
import type { LineColour } from './palette.ts'

/** One line of a chart. */
export interface LineSpec {
  readonly label: string
  readonly colour: LineColour
  readonly read: (point: DashboardPoint) => number | null
  readonly format: (value: number | null) => string
  /** What the axis counts by, where tenths of it mean nothing. */
  readonly steps?: 'whole' | 'binary'
  /** The axis on the right, where the unit is another than on the left. */
  readonly isRight?: boolean
  /** Whether the ground below it is tinted. */
  readonly isFilled?: boolean
}

/** One chart. */
export interface ChartSpec {
  readonly name: string
  readonly title: string
  /** What is measured, and over what; stands below the title. */
  readonly note: string
  readonly lines: readonly LineSpec[]
  /** The highest value of the axis, where that is known; else the data decide. */
  readonly max?: number
}

const milliseconds = (label: string, colour: LineColour, read: LineSpec['read']): LineSpec => ({
  label,
  colour,
  read,
  format: duration,
})

/** The charts of the overview. */
export const overviewCharts: readonly ChartSpec[] = [
  {
    name: 'throughput',
    title: 'Throughput',
    note: 'Ended within each second; tokens on the right',
    lines: [
      {
        ...{
          label: 'Requests/s',
          colour: 'blue',
          format: wholeRate,
          isFilled: true,
          steps: 'whole',
        },
        read: ({ requests }) => requests,
      },
      { label: 'Errors/s', colour: 'red', format: wholeRate, read: ({ errors }) => errors },
      {
        ...{ label: 'Tokens/s', colour: 'teal', format: wholeRate, isRight: true, steps: 'whole' },
        read: ({ outputTokens }) => outputTokens,
      },
    ],
  },
  {
    name: 'first-token',
    title: 'First token',
    note: 'Of the last ten seconds',
    lines: [
      milliseconds('p50', 'blue', ({ firstContentP50Ms }) => firstContentP50Ms),
      milliseconds('p95', 'amber', ({ firstContentP95Ms }) => firstContentP95Ms),
      milliseconds('p99', 'violet', ({ firstContentP99Ms }) => firstContentP99Ms),
    ],
  },
  {
    name: 'gaps',
    title: 'Gaps between events',
    note: 'Of the last ten seconds',
    lines: [
      milliseconds('p50', 'blue', ({ gapP50Ms }) => gapP50Ms),
      milliseconds('p99', 'violet', ({ gapP99Ms }) => gapP99Ms),
    ],
  },
  {
    name: 'live',
    title: 'Under way',
    note: 'At the end of each second',
    lines: [
      {
        ...{ label: 'Live', colour: 'blue', format: count, isFilled: true, steps: 'whole' },
        read: ({ live }) => live,
      },
      { label: 'Waiting', colour: 'amber', format: count, read: ({ waiting }) => waiting },
    ],
  },
  {
    name: 'pool',
    title: 'Pool hit rate',
    note: 'Buffers that were at hand when one was needed',
    max: 1,
    lines: [
      {
        ...{ label: 'Hit rate', colour: 'teal', format: percent, isFilled: true },
        read: ({ poolHitRate }) => poolHitRate,
      },
    ],
  },
  {
    name: 'memory',
    title: 'Memory and event loop',
    note: 'Of all workers; lateness of the loop on the right',
    lines: [
      {
        ...{ label: 'Memory', colour: 'blue', format: bytes, isFilled: true, steps: 'binary' },
        read: ({ memoryBytes }) => memoryBytes,
      },
      {
        ...{ label: 'Loop lag', colour: 'grey', format: duration, isRight: true },
        read: ({ eventLoopLagMs }) => eventLoopLagMs,
      },
    ],
  },
]
