/** Which view is shown, by the part of the address behind `#`, so that back and links work. */
import { useSyncExternalStore } from 'react'

/** The views in the order of the navigation; the digits of the keyboard are theirs. */
export const viewNames = [
  'overview',
  'streams',
  'providers',
  'queue',
  'pool',
  'keys',
  'errors',
  'alerts',
  'playground',
] as const

/** One of the views. */
export type ViewName = (typeof viewNames)[number]

/** What the views are called. */
export const viewTitles: Readonly<Record<ViewName, string>> = {
  overview: 'Overview',
  streams: 'Streams',
  providers: 'Providers',
  queue: 'Queue',
  pool: 'Buffer pool',
  keys: 'Keys & spend',
  errors: 'Errors',
  alerts: 'Alerts',
  playground: 'Playground',
}

/** A place in the page: a view, and what of it is opened. */
export interface Route {
  readonly view: ViewName
  /** A stream or a request; null where none is opened. */
  readonly id: string | null
}

/** Reads `#/streams/req_1`. What is no place is the overview. */
export function readRoute(hash: string): Route {
  const [, name = '', ...rest] = hash.replace(/^#/, '').split('/')
  const view = viewNames.find((known) => known === name) ?? 'overview'
  const id = rest.join('/')
  try {
    return { view, id: id === '' ? null : decodeURIComponent(id) }
  } catch {
    return { view, id: null }
  }
}

/** The address of a place. */
export function hrefOf(view: ViewName, id: string | null = null): string {
  return id === null ? `#/${view}` : `#/${view}/${encodeURIComponent(id)}`
}

/** Goes to a place. */
export function go(view: ViewName, id: string | null = null): void {
  location.hash = hrefOf(view, id)
}

/** Where the page is; renders anew when that changes. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash)
  return readRoute(hash)
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}
