/** The views, and how much there is in each. */
import { useEffect, useRef } from 'react'
import type { DashboardFrame } from '../../observe/dashboard/frame.ts'
import { useFeed } from '../feed/context.tsx'
import { count } from '../format.ts'
import { hrefOf, useRoute, type ViewName, viewNames, viewTitles } from '../route.ts'

/** What stands behind the name of a view. */
interface Mark {
  readonly text: string
  /** What the number is of, for who does not see where it stands. */
  readonly meaning: string
  readonly tone: 'calm' | 'warn' | 'bad'
}

/** A list of links; the current one is marked. */
export function Navigation() {
  const { view } = useRoute()
  const { frame } = useFeed()
  const place = useRef<HTMLElement>(null)
  useEffect(() => {
    // On a phone the list is wider than the screen.
    const current = place.current?.querySelector(`a[href="${hrefOf(view)}"]`)
    current?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [view])
  return (
    <nav ref={place} className="views" aria-label="Views">
      <ul>
        {viewNames.map((name) => {
          const mark = frame === null ? null : markOf(name, frame)
          return (
            <li key={name}>
              <a href={hrefOf(name)} aria-current={name === view ? 'page' : undefined}>
                <span>{viewTitles[name]}</span>
                {mark !== null && (
                  <span className={`mark mark-${mark.tone}`}>
                    {mark.text}
                    <span className="unseen"> {mark.meaning}</span>
                  </span>
                )}
              </a>
            </li>
          )
        })}
      </ul>
    </nav>
  )
}

/** Nothing stands where there is nothing: a row of zeros is noise. */
function markOf(name: ViewName, frame: DashboardFrame): Mark | null {
  const mark = (value: number, meaning: string, tone: Mark['tone'] = 'calm'): Mark | null =>
    value === 0 ? null : { text: count(value), meaning, tone }
  switch (name) {
    case 'streams':
      return mark(frame.liveCount, 'under way')
    case 'providers':
      return mark(frame.breakers.filter(({ state }) => state !== 'closed').length, 'open', 'bad')
    case 'queue':
      return mark(waitingOf(frame), 'waiting', 'warn')
    case 'errors':
      return mark(frame.totals.errors, 'in 5 minutes', 'warn')
    case 'alerts':
      return mark(frame.alerts.filter(({ state }) => state === 'firing').length, 'firing', 'bad')
    default:
      return null
  }
}

/** Requests that wait for a provider. One that waits for several is counted at each. */
function waitingOf({ gates, points }: DashboardFrame): number {
  return points.at(-1)?.waiting ?? gates.reduce((most, { waiting }) => Math.max(most, waiting), 0)
}
