/** What ended in the last five minutes, and how. */
import type { EndReason } from '../../observe/exchange.ts'
import type { Totals } from '../../observe/totals.ts'
import { bytes, count, duration, exact, percent, words } from '../format.ts'
import { Meter } from '../parts/meter.tsx'
import { Empty, Facts, Panel } from '../parts/pieces.tsx'

/** Ends that are nobody's fault, or the caller's own. */
const calmEnds: ReadonlySet<string> = new Set(['completed', 'client_gone', 'rejected'])

/** Two panels: ends by reason, and sums. */
export function LastMinutes({ totals }: { totals: Totals }) {
  return (
    <div className="two">
      <Panel title="How requests ended" note="Last 5 minutes">
        <Ends totals={totals} />
      </Panel>
      <Panel title="Sums" note="Last 5 minutes">
        <Facts rows={sumsOf(totals)} />
      </Panel>
    </div>
  )
}

function Ends({ totals: { ends, requests } }: { totals: Totals }) {
  const rows = (Object.entries(ends) as [EndReason, number][])
    .filter(([, number]) => number > 0)
    .toSorted(([, a], [, b]) => b - a)
  if (rows.length === 0) {
    return (
      <Empty title="Nothing ended in the last 5 minutes.">
        Send a request to <code>/v1/chat/completions</code>, or try the{' '}
        <a href="#/playground">playground</a>.
      </Empty>
    )
  }
  return (
    <ul className="bars">
      {rows.map(([reason, number]) => (
        <li key={reason}>
          <span>{words(reason)}</span>
          <Meter parts={[{ share: number / Math.max(1, requests), tone: toneOf(reason) }]} />
          <span className="number">{exact(number)}</span>
          <span className="number soft">{percent(number / Math.max(1, requests))}</span>
        </li>
      ))}
    </ul>
  )
}

function toneOf(reason: EndReason) {
  if (reason === 'completed') return 'good'
  return calmEnds.has(reason) ? 'calm' : 'bad'
}

function sumsOf(totals: Totals): readonly (readonly [string, string])[] {
  return [
    ['Requests', exact(totals.requests)],
    ['Streams', exact(totals.streams)],
    ['Attempts', exact(totals.attempts)],
    ['Retries', exact(totals.retries)],
    ['Failovers', exact(totals.failovers)],
    ['Hedges', exact(totals.hedges)],
    ['Recovered in the middle', exact(totals.recoveries)],
    ['Resumed by clients', exact(totals.resumes)],
    ['Events', count(totals.events)],
    ['Sent to clients', bytes(totals.bytesOut)],
    ['Input tokens', count(totals.inputTokens)],
    ['of them from a cache', count(totals.cachedInputTokens)],
    ['Output tokens', count(totals.outputTokens)],
    ['Gaps of a second and more', exact(totals.stalls)],
    ['Waited for clients', duration(totals.backpressureMs)],
    ['Heartbeats', exact(totals.heartbeats)],
    ['Mean duration', duration(meanOf(totals.durationMs))],
    ['Mean overhead', duration(meanOf(totals.overheadMs))],
  ]
}

const meanOf = ({ sum, count: n }: { sum: number; count: number }): number | null =>
  n === 0 ? null : sum / n
