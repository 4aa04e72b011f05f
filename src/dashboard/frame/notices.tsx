/** What the page has to say once: in the corner, and to screen readers. */
import { useCallback, useRef, useState } from 'react'

/** One of them. */
export interface Notice {
  readonly id: number
  readonly message: string
  readonly tone: 'good' | 'bad'
}

/** How long one stays; a failure stays until it is put away. */
const SHOWN_MS = 6000

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
      if (tone === 'good') setTimeout(() => dismiss(id), SHOWN_MS)
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
