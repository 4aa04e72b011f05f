/** The store, and what can be done, for every component of the page. */
import { createContext, type ReactNode, use, useSyncExternalStore } from 'react'
import type { DashboardFrame } from '../../observe/dashboard/frame.ts'
import type { FeedConnection } from './connection.ts'
import type { FeedState, FeedStore } from './store.ts'

/** What surrounds all views. */
export interface PageParts {
  readonly store: FeedStore
  readonly connection: FeedConnection
  /** Says something in the corner and to screen readers, once. */
  readonly announce: (message: string, tone?: 'good' | 'alert' | 'bad') => void
}

const PageContext = createContext<PageParts | null>(null)

/** Makes the parts known to what is inside. */
export function PageProvider({ parts, children }: { parts: PageParts; children: ReactNode }) {
  return <PageContext value={parts}>{children}</PageContext>
}

/** The parts of the page. */
export function usePage(): PageParts {
  const parts = use(PageContext)
  if (parts === null) throw new TypeError('used outside of the page')
  return parts
}

/** What is to be shown; renders anew with each frame. */
export function useFeed(): FeedState {
  const { store } = usePage()
  return useSyncExternalStore(
    (listener) => store.subscribe(listener),
    () => store.shown,
  )
}

/** A view of a frame: it is there only where there is one. */
export interface FrameProps {
  readonly frame: DashboardFrame
}
