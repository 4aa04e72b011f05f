/** The figures that one looks at first. */
import type { ReactNode } from 'react'
import type { DashboardFrame, DashboardPoint } from '../../observe/dashboard/frame.ts'
import type { LineColour } from '../charts/palette.ts'
import { Sparkline } from '../charts/sparkline.tsx'
import { lastSeconds, perSecond } from '../feed/history.ts'
import { count, duration, money, NONE, percent, rate } from '../format.ts'

/** A rate of one second jumps; this many are read as "now". */
const NOW_SECONDS = 10

/** What the small lines show. */
const SPARK_SECONDS = 120

/** Above this part of failures the figure is marked. */
const MANY_ERRORS = 0.05

interface FigureProps {
  readonly title: string
  readonly note: string
  readonly value: ReactNode
  readonly tone?: 'bad'
  readonly isWide?: boolean
  readonly spark?: readonly (number | null)[]
  readonly colour?: LineColour
}

function Figure(props: FigureProps) {
  const { title, note, value, tone, isWide, spark, colour = 'blue' } = props
  return (
    <div className={isWide ? 'figure is-wide' : 'figure'} data-figure={title}>
      <h2>{title}</h2>
      <p className={tone === 'bad' ? 'value is-bad' : 'value'}>{value}</p>
      <p className="hint">{note}</p>
      {spark !== undefined && <Sparkline values={spark} colour={colour} />}
    </div>
  )
}

/** A row of figures, each with its last two minutes. */
export function BigFigures(props: { frame: DashboardFrame; points: readonly DashboardPoint[] }) {
  const { frame, points } = props
  const spark = lastSeconds(points, SPARK_SECONDS)
  const line = (read: (point: DashboardPoint) => number | null): (number | null)[] =>
    spark.map((point) => (point === null ? null : read(point)))
  const now = points.at(-1)
  const { requests, errors, costMicroUsd } = frame.totals
  const errorRate = requests === 0 ? null : errors / requests
  return (
    <section className="figures is-overview" aria-label="Figures of now">
      <Figure
        title="Live"
        note={waitingNote(now)}
        value={count(frame.liveCount)}
        spark={line(({ live }) => live)}
        colour="blue"
      />
      <Figure
        title="Requests/s"
        note="over 10 s"
        value={rate(perSecond(points, NOW_SECONDS, (point) => point.requests))}
        spark={line((point) => point.requests)}
        colour="blue"
      />
      <Figure
        title="Tokens/s"
        note="as reported, 10 s"
        value={rate(perSecond(points, NOW_SECONDS, ({ outputTokens }) => outputTokens))}
        spark={line(({ outputTokens }) => outputTokens)}
        colour="teal"
      />
      <Figure
        title="Errors"
        note={`${count(errors)} of ${count(requests)} in 5 min`}
        value={percent(errorRate)}
        {...(errorRate !== null && errorRate >= MANY_ERRORS && { tone: 'bad' as const })}
        spark={line((point) => point.errors)}
        colour="red"
      />
      <Figure
        title="First token"
        isWide
        note="p50 · p95 · p99, over 10 s"
        value={<Three now={now} />}
        spark={line(({ firstContentP95Ms }) => firstContentP95Ms)}
        colour="amber"
      />
      <Figure
        title="Gap p99"
        note="between events, 10 s"
        value={duration(now?.gapP99Ms)}
        spark={line(({ gapP99Ms }) => gapP99Ms)}
        colour="violet"
      />
      <Figure title="Spent" note="known costs, 5 min" value={money(costMicroUsd)} />
    </section>
  )
}

function waitingNote(now: DashboardPoint | undefined): string {
  return now === undefined || now.waiting === 0 ? 'nobody waits' : `${count(now.waiting)} waiting`
}

/** Three percentiles in the room of one figure. */
function Three({ now }: { now: DashboardPoint | undefined }) {
  if (now === undefined || now.firstContentP50Ms === null) return NONE
  return (
    <span className="three">
      <span>{duration(now.firstContentP50Ms)}</span>
      <span>{duration(now.firstContentP95Ms)}</span>
      <span>{duration(now.firstContentP99Ms)}</span>
    </span>
  )
}
