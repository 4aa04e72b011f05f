/** Alerts: what holds now, and what just ended. */
import type { DashboardAlert, DashboardFrame } from '../../observe/dashboard/frame.ts'
import { age, dayAndClock } from '../format.ts'
import { Badge } from '../parts/pieces.tsx'
import { hrefOf } from '../route.ts'
import { AlertRules } from './alert-rules.tsx'

/** Those that hold first, the newest of each kind before the others. */
export function orderAlerts(alerts: readonly DashboardAlert[]): readonly DashboardAlert[] {
  const rank = ({ state }: DashboardAlert): number => (state === 'firing' ? 0 : 1)
  return alerts.toSorted((a, b) => rank(a) - rank(b) || b.since - a.since)
}

/** Those that hold now, in one line each; nothing where none does. */
export function Firing({ alerts }: { alerts: readonly DashboardAlert[] }) {
  const firing = orderAlerts(alerts).filter(({ state }) => state === 'firing')
  if (firing.length === 0) return null
  return (
    <ul className="firing" aria-label="Alerts">
      {firing.map(({ rule, since, message }) => (
        <li key={`${rule} ${since}`}>
          <a href={hrefOf('alerts')}>{rule}</a> {message}
        </li>
      ))}
    </ul>
  )
}

/** The view: what is told now, and the rules behind it. */
export function Alerts({ frame: { alerts, at } }: { frame: DashboardFrame }) {
  return (
    <>
      {alerts.length === 0 ? (
        <p className="hint">No rule holds, and none did in the last quarter of an hour.</p>
      ) : (
        <ul className="alerts">
          {orderAlerts(alerts).map((alert) => (
            <AlertRow key={`${alert.rule} ${alert.since}`} alert={alert} at={at} />
          ))}
        </ul>
      )}
      <AlertRules />
    </>
  )
}

function AlertRow({ alert, at }: { alert: DashboardAlert; at: number }) {
  const { state, rule, since, message } = alert
  return (
    <li className={`panel alert alert-${state}`}>
      <div className="alert-head">
        <Badge tone={state === 'firing' ? 'bad' : 'good'}>{state}</Badge>
        <h2>{rule}</h2>
        <p className="hint">
          since {dayAndClock(since)}, {age(at - since)}
        </p>
      </div>
      <p>{message}</p>
    </li>
  )
}
