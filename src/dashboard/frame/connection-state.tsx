/** Whether what is shown is of now, and if not, of when. */
import { useEffect, useState } from 'react'
import { useFeed } from '../feed/context.tsx'
import type { FeedState } from '../feed/store.ts'
import { age, clock } from '../format.ts'

/** A short text with a sign. The text is told to screen readers where its kind changes. */
export function ConnectionState() {
  const state = useFeed()
  const now = useNow()
  const { tone, text, detail } = describe(state, now)
  return (
    <div className={`connection connection-${tone}`}>
      <span className="dot" aria-hidden="true" />
      <span role="status">{text}</span>
      <span className="detail">{detail}</span>
    </div>
  )
}

/** What is said of a state; `detail` changes by the second and is not read out. */
export function describe(state: FeedState, now: number) {
  const { status, frame, receivedAt, retryAt, isPaused } = state
  const shownAt = clock(frame?.at)
  const silent = age(now - receivedAt)
  if (status === 'lost' || status === 'stale') {
    const seen = receivedAt === 0 ? '' : `shown as of ${silent} ago`
    const retry = retryAt === null ? '' : retryText(retryAt - now)
    const text = status === 'lost' ? 'Not connected' : 'No data'
    return { tone: 'bad', text, detail: [seen, retry].filter(Boolean).join(', ') }
  }
  if (frame === null) return { tone: 'calm', text: 'Connecting', detail: '' }
  if (isPaused) return { tone: 'warn', text: 'Paused', detail: `at ${shownAt}` }
  return { tone: 'good', text: 'Live', detail: shownAt }
}

const retryText = (waitMs: number): string =>
  waitMs <= 0 ? 'trying again' : `next try in ${age(waitMs)}`

/** The time, each half second. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return now
}
