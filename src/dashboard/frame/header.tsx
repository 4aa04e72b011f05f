/** The head of the page: which program this is, how it does, and what can be done from anywhere. */
import { useFeed, usePage } from '../feed/context.tsx'
import { counted } from '../format.ts'
import { prefer, themes, usePreferences } from '../preferences.ts'
import { ConnectionState } from './connection-state.tsx'
import { following } from './shortcuts.ts'

const themeNames = { auto: 'System', light: 'Light', dark: 'Dark' } as const
const themeSigns = { auto: '◐', light: '☀', dark: '☾' } as const

const loadTones = { normal: 'good', strained: 'warn', shedding: 'bad' } as const

/** A banner. */
export function Header({ openShortcuts }: { openShortcuts: () => void }) {
  const { frame } = useFeed()
  return (
    <header className="head">
      <div className="brand">
        <img src="/dashboard/icon.svg" width="24" height="24" alt="" />
        <strong>sluice</strong>
        {frame !== null && <span className="version">{frame.version}</span>}
      </div>
      <ConnectionState />
      {frame !== null && (
        <ul className="facts" aria-label="Program">
          <li className={`badge badge-${loadTones[frame.load]}`}>Load {frame.load}</li>
          <li>{counted(Math.max(1, frame.workers), 'worker')}</li>
        </ul>
      )}
      <Tools openShortcuts={openShortcuts} />
    </header>
  )
}

function Tools({ openShortcuts }: { openShortcuts: () => void }) {
  const { store, connection, announce } = usePage()
  const { isPaused, hasSession } = useFeed()
  const { theme } = usePreferences()
  const leave = async (): Promise<void> => {
    const problem = await connection.signOut()
    announce(problem === '' ? 'Signed out.' : problem, problem === '' ? 'good' : 'bad')
  }
  return (
    <div className="tools">
      <button
        type="button"
        className="tool"
        aria-label="Pause"
        aria-pressed={isPaused}
        onClick={() => store.pause(!isPaused)}
      >
        <span aria-hidden="true">{isPaused ? '▶' : '❚❚'}</span>
        <span className="wide-only">Pause</span>
      </button>
      <button
        type="button"
        className="tool"
        aria-label={`Colours: ${themeNames[theme]}`}
        title={`Colours: ${themeNames[theme]}`}
        onClick={() => prefer({ theme: following(themes, theme) })}
      >
        <span aria-hidden="true">{themeSigns[theme]}</span>
      </button>
      <button
        type="button"
        className="tool"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts"
        onClick={openShortcuts}
      >
        <span aria-hidden="true">?</span>
      </button>
      <a className="tool wide-only" href="/docs">
        API
      </a>
      {hasSession && (
        <button type="button" className="tool" onClick={() => void leave()}>
          Sign out
        </button>
      )}
    </div>
  )
}
