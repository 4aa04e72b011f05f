/** What this browser remembers of how somebody likes the page. Never a secret. */
import { useSyncExternalStore } from 'react'

/** Which colours; `auto` are those of the system. */
export const themes = ['auto', 'light', 'dark'] as const

/** Seconds that the charts can show. */
export const chartWindows = [60, 300, 600] as const

/** What is remembered. */
export interface Preferences {
  readonly theme: (typeof themes)[number]
  readonly windowSeconds: (typeof chartWindows)[number]
  /** Whether a single key does something. Who speaks to the machine may want that off. */
  readonly hasShortcuts: boolean
}

const storageKey = 'sluice-dashboard'

const defaults: Preferences = { theme: 'auto', windowSeconds: 300, hasShortcuts: true }

let current: Preferences = load()
const listeners = new Set<() => void>()

/** Reads what is kept; anything that is not understood is as if it were not there. */
function load(): Preferences {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '{}')
    return readPreferences(kept)
  } catch {
    return defaults
  }
}

/** Takes what is known from a kept value, whatever it is. */
export function readPreferences(kept: unknown): Preferences {
  if (typeof kept !== 'object' || kept === null) return defaults
  const { theme, windowSeconds, hasShortcuts } = kept as Readonly<Record<string, unknown>>
  return {
    theme: themes.find((name) => name === theme) ?? defaults.theme,
    windowSeconds: chartWindows.find((seconds) => seconds === windowSeconds) ?? 300,
    hasShortcuts: hasShortcuts !== false,
  }
}

/** Changes some of them, at once and for the next time. */
export function prefer(changes: Partial<Preferences>): void {
  current = { ...current, ...changes }
  try {
    localStorage.setItem(storageKey, JSON.stringify(current))
  } catch {
    // A browser that keeps nothing still shows what was chosen until the page is closed.
  }
  applyTheme()
  for (const listener of [...listeners]) listener()
}

/** Puts the chosen colours on the page. */
export function applyTheme(): void {
  const { dataset } = document.documentElement
  if (current.theme === 'auto') delete dataset.theme
  else dataset.theme = current.theme
}

/** The preferences; renders anew when they change. */
export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => current)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
