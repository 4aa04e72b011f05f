/** What the page has to say once: in the corner, and to screen readers. */
import { useCallback, useRef, useState } from 'react'

/** One of them. */
export interface Notice {
  readonly id: number
  readonly message: string
  readonly tone: NoticeTone
}

/** What a notice is of: something that was done, an alert, or something that failed. */
export type NoticeTone = 'good' | 'alert' | 'bad'

/** How long one stays. Alerts are told elsewhere too; a failure stays until it is put away. */
const shownMs: Readonly<Record<NoticeTone, number | null>> = {
  good: 6_000,
  alert: 15_000,
  bad: null,
}

/** Three are enough to see what happened. */
const NOTICES_MAX = 3

/** Keeps the notices of the page. */
export function useNotices() {
  const [notices, setNotices] = useState<readonly Notice[]>([])
  const lastId = useRef(0)
  const dismiss = useCallback((id: number) => {
    setNotices((shown) => shown.filter((notice) => notice.id !== id))
  }, [])
  const announce = useCallback(
    (message: string, tone: Notice['tone'] = 'good') => {
      const id = ++lastId.current
      setNotices((shown) => [...shown, { id, message, tone }].slice(-NOTICES_MAX))
      const { [tone]: stayMs } = shownMs
      if (stayMs !== null) setTimeout(() => dismiss(id), stayMs)
    },
    [dismiss],
  )
  return { notices, announce, dismiss }
}

/** Shows them. The region is always there, or what comes into it would not be read out. */
export function Notices(props: { notices: readonly Notice[]; dismiss: (id: number) => void }) {
  return (
    <section className="notices" aria-label="Notices" aria-live="polite" aria-relevant="additions">
      {props.notices.map(({ id, message, tone }) => (
        <div key={id} className={`notice notice-${tone}`}>
          <span>{message}</span>
          <button
            type="button"
            className="plain"
            aria-label="Put the notice away"
            onClick={() => props.dismiss(id)}
          >
            ✕
          </button>
        </div>
      ))}
    </section>
  )
}
