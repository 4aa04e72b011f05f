/** What a stream is like for whoever reads it here, measured in this page. */
import { useEffect, useState } from 'react'
import { bytes, duration, exact, NONE, rate } from '../format.ts'
import { Facts, Panel } from '../parts/pieces.tsx'
import { GapStrip } from './gap-strip.tsx'
import type { ShownAnswer } from './turn.ts'

/** The figures of the newest answer; without one they are dashes. */
export function LiveFigures({ answer }: { answer: ShownAnswer | null }) {
  const metadata = answer?.metadata ?? null
  const metrics = metadata?.metrics ?? null
  const isWaiting = answer?.isStreaming === true && (metrics?.firstContentMs ?? null) === null
  const waitedMs = useWaiting(isWaiting)
  const usage = metadata?.usage ?? null
  return (
    <Panel title="Measured in this page" note="from the click to what arrived here">
      <div className="live-figures">
        <Figure name="First token">
          {isWaiting ? `${duration(waitedMs)} …` : duration(metrics?.firstContentMs)}
        </Figure>
        <Figure name={metrics?.tokensPerSecond ? 'Tokens/s' : 'Events/s'}>
          {rate(metrics?.tokensPerSecond ?? metrics?.eventsPerSecond)}
        </Figure>
        <Figure name="Gap p50">{duration(metrics?.gapP50Ms)}</Figure>
        <Figure name="Gap p99">{duration(metrics?.gapP99Ms)}</Figure>
        <Figure name="Longest gap">{duration(metrics?.gapMaxMs)}</Figure>
        <Figure name="Resumed">{metrics === null ? NONE : `${metrics.resumes} ×`}</Figure>
      </div>
      <GapStrip gapsMs={metrics?.recentGapsMs ?? []} />
      <Facts
        rows={[
          ['Duration', duration(metrics?.durationMs)],
          ['Events', exact(metrics?.events)],
          ['Bytes', bytes(metrics?.bytes)],
          ['Tokens in / out', `${exact(usage?.inputTokens)} / ${exact(usage?.outputTokens)}`],
          ['Retries', exact(metrics?.retries)],
          ['Came twice, left out', exact(metrics?.duplicates)],
          ['Finish', metadata?.finishReason ?? NONE],
          ['Provider', metadata?.provider ?? NONE],
          ['Model', metadata?.model ?? NONE],
          [
            'Request',
            <span className="id" key="id">
              {metadata?.requestId ?? NONE}
            </span>,
          ],
        ]}
      />
    </Panel>
  )
}

function Figure({ name, children }: { name: string; children: string }) {
  return (
    <div data-figure={name}>
      <span className="soft">{name}</span>
      <span className="value">{children}</span>
    </div>
  )
}

/** How long something has been waited for; ticks ten times a second while it is. */
function useWaiting(isWaiting: boolean): number {
  const [waitedMs, setWaitedMs] = useState(0)
  useEffect(() => {
    if (!isWaiting) return
    const startedMs = performance.now()
    setWaitedMs(0)
    const timer = setInterval(() => setWaitedMs(performance.now() - startedMs), 100)
    return () => clearInterval(timer)
  }, [isWaiting])
  return waitedMs
}
