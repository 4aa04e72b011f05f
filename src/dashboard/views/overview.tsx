/** Everything at a glance: the figures of now, and how they came to be. */
import type { DashboardFrame, DashboardPoint } from '../../observe/dashboard/frame.ts'
import { Chart } from '../charts/chart.tsx'
import { overviewCharts } from '../charts/charts.ts'
import { lastSeconds } from '../feed/history.ts'
import { Choice } from '../parts/choice.tsx'
import { chartWindows, prefer, usePreferences } from '../preferences.ts'
import { Firing } from './alerts.tsx'
import { BigFigures } from './big-figures.tsx'
import { LastMinutes } from './last-minutes.tsx'

const windowOptions = chartWindows.map((seconds) => [seconds, `${seconds / 60} min`] as const)

/** Figures, charts, and what ended in the last minutes. */
export function Overview(props: { frame: DashboardFrame; points: readonly DashboardPoint[] }) {
  const { frame, points } = props
  const { windowSeconds } = usePreferences()
  const seconds = lastSeconds(points, windowSeconds)
  return (
    <>
      <div className="view-tools is-beside-title">
        <Choice
          label="Time span of the charts"
          options={windowOptions}
          value={windowSeconds}
          onChange={(value) => prefer({ windowSeconds: value })}
        />
      </div>
      <Firing alerts={frame.alerts} />
      <BigFigures frame={frame} points={points} />
      <div className="charts">
        {overviewCharts.map((spec) => (
          <Chart key={spec.name} spec={spec} seconds={seconds} />
        ))}
      </div>
      <LastMinutes totals={frame.totals} />
    </>
  )
}
