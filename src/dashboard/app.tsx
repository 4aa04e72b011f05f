/** The page as a whole: head, navigation, and the view that was chosen. */
import { useEffect, useMemo, useRef, useState } from 'react'
import type { FeedConnection } from './feed/connection.ts'
import { type PageParts, PageProvider, useFeed } from './feed/context.tsx'
import type { FeedStore } from './feed/store.ts'
import { Header } from './frame/header.tsx'
import { Login } from './frame/login.tsx'
import { Navigation } from './frame/navigation.tsx'
import { useNews } from './frame/news.ts'
import { Notices, useNotices } from './frame/notices.tsx'
import { ShortcutList } from './frame/shortcut-list.tsx'
import { useShortcuts } from './frame/shortcuts.ts'
import { useRoute, viewTitles } from './route.ts'
import { View } from './views/view.tsx'

/** Everything, and what its parts share. */
export function App({ store, connection }: { store: FeedStore; connection: FeedConnection }) {
  const { notices, announce, dismiss } = useNotices()
  const parts = useMemo<PageParts>(
    () => ({ store, connection, announce }),
    [store, connection, announce],
  )
  return (
    <PageProvider parts={parts}>
      <Page />
      <Notices notices={notices} dismiss={dismiss} />
    </PageProvider>
  )
}

function Page() {
  const { status, frame } = useFeed()
  const { view } = useRoute()
  const [isListOpen, setListOpen] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  useShortcuts(() => setListOpen(true))
  useTitle(viewTitles[view], frame?.alerts.filter(({ state }) => state === 'firing').length ?? 0)
  useFocusOnChange(heading, view)
  useNews(frame)

  if (status === 'locked') return <Login />
  const isOld = status === 'stale' || status === 'lost'
  return (
    <div className={isOld ? 'page is-old' : 'page'}>
      <button type="button" className="skip" onClick={() => heading.current?.focus()}>
        Skip to the content
      </button>
      <Header openShortcuts={() => setListOpen(true)} />
      <Navigation />
      <main id="main">
        <h1 ref={heading} tabIndex={-1}>
          {viewTitles[view]}
        </h1>
        <View name={view} />
      </main>
      <ShortcutList isOpen={isListOpen} close={() => setListOpen(false)} />
    </div>
  )
}

/** The title of the tab tells what one would look for among many tabs. */
function useTitle(title: string, firing: number): void {
  useEffect(() => {
    document.title = `${firing > 0 ? `(${firing}) ` : ''}${title} · sluice`
  }, [title, firing])
}

/** Another view begins at its heading, for the keyboard and for who listens. */
function useFocusOnChange(heading: React.RefObject<HTMLElement | null>, view: string): void {
  const before = useRef(view)
  useEffect(() => {
    if (before.current === view) return
    before.current = view
    heading.current?.focus({ preventScroll: true })
    scrollTo({ top: 0 })
  }, [heading, view])
}
