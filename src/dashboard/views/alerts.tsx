/** Alerts: what holds now, and what just ended. */
import type { DashboardAlert, DashboardFrame } from '../../observe/dashboard/frame.ts'
import { age, dayAndClock } from '../format.ts'
import { Badge, Empty } from '../parts/pieces.tsx'
import { hrefOf } from '../route.ts'

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

/** The view. */
export function Alerts({ frame: { alerts, at } }: { frame: DashboardFrame }) {
  if (alerts.length === 0) {
    return (
      <Empty title="Nothing is wrong that a rule looks for.">
        Rules are in <code>alerts</code> of the configuration file: error rate, first token, open
        breakers, waiting, the pool, spending. A webhook can be told as well.
      </Empty>
    )
  }
  return (
    <ul className="alerts">
      {orderAlerts(alerts).map((alert) => (
        <li key={`${alert.rule} ${alert.since}`} className={`panel alert alert-${alert.state}`}>
          <div className="alert-head">
            <Badge tone={alert.state === 'firing' ? 'bad' : 'good'}>{alert.state}</Badge>
            <h2>{alert.rule}</h2>
            <p className="hint">
              since {dayAndClock(alert.since)}, {age(at - alert.since)}
            </p>
          </div>
          <p>{alert.message}</p>
        </li>
      ))}
    </ul>
  )
}
