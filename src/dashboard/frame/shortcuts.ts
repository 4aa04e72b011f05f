/** Single keys that do something, where nobody is writing. */
import { useEffect } from 'react'
import { usePage } from '../feed/context.tsx'
import { chartWindows, prefer, themes, usePreferences } from '../preferences.ts'
import { go, viewNames } from '../route.ts'

/** Each key and what it does, as the list shows them. */
export const shortcuts: readonly (readonly [keys: string, meaning: string])[] = [
  ['1 – 9', 'Go to a view, in the order of the navigation'],
  ['/', 'Filter the table'],
  ['p', 'Pause, or go on with the newest'],
  ['w', 'Change the time span of the charts'],
  ['t', 'Change the colours: system, light, dark'],
  ['?', 'Show this list'],
  ['Esc', 'Close what is open'],
]

/** Listens to the keyboard while the page is there. */
export function useShortcuts(openList: () => void): void {
  const { store } = usePage()
  const { hasShortcuts, theme, windowSeconds } = usePreferences()
  useEffect(() => {
    if (!hasShortcuts) return
    const actions: Readonly<Record<string, () => void>> = {
      '?': openList,
      p: () => store.pause(!store.latest.isPaused),
      t: () => prefer({ theme: following(themes, theme) }),
      w: () => prefer({ windowSeconds: following(chartWindows, windowSeconds) }),
      '/': () => document.querySelector<HTMLElement>('input[type=search]')?.focus(),
    }
    const listen = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return
      if (document.querySelector('dialog[open]') !== null) return
      const view = viewNames[Number(event.key) - 1]
      const action = view === undefined ? actions[event.key] : () => go(view)
      if (action === undefined) return
      event.preventDefault()
      action()
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [store, hasShortcuts, theme, windowSeconds, openList])
}

/** The next of a row, and behind the last one the first. */
export function following<Value>(values: readonly Value[], value: Value): Value {
  return values[(values.indexOf(value) + 1) % values.length] ?? value
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
  )
}
