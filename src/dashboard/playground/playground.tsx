/**
 * The playground: a conversation with a model through the server, as an application would have it,
 * with the figures of the stream as they are here.
 */
import { useCallback, useEffect, useRef, useState } from 'react'
import { useStreaming } from '../../client/react.ts'
import { Empty, Panel } from '../parts/pieces.tsx'
import { TurnView } from './answer-view.tsx'
import { Composer } from './composer.tsx'
import { LiveFigures } from './live-figures.tsx'
import { useModels } from './models.ts'
import { SettingsPanel } from './settings-panel.tsx'
import {
  announcementOf,
  parametersIn,
  requestFor,
  type Settings,
  type ShownAnswer,
  type Turn,
} from './turn.ts'

/** What stays while another view is looked at: in memory, and so until the page is closed. */
const kept: { settings: Settings; turns: readonly Turn[]; text: string } = {
  settings: { model: '', system: '', apiKey: '', parameters: '', resume: true },
  turns: [],
  text: '',
}

/** The view. Leaving it ends the stream. */
export function Playground() {
  const [settings, setSettings] = useKept('settings')
  const [turns, setTurns] = useKept('turns')
  const [text, setText] = useKept('text')
  const [asked, setAsked] = useState<Pick<Turn, 'id' | 'question' | 'model'> | null>(null)
  const stream = useStreaming()
  const models = useModels(settings.apiKey)
  const usualModel = preferred(models.ids)
  const model = settings.model.trim() || usualModel
  const { isStreaming } = stream
  const current: Turn | null = asked === null ? null : { ...asked, answer: shown(stream) }
  useKeepOnLeave(current)

  const isRight = model !== '' && parametersIn(settings.parameters) !== null
  const ask = (before: readonly Turn[], question: string): void => {
    setTurns(before)
    setAsked({ id: before.length, question, model })
    void stream.start(requestFor({ ...settings, model }, before, question))
  }
  const send = (): void => {
    setText('')
    ask(current === null ? turns : [...turns, current], text.trim())
  }
  const forget = (): void => {
    stream.stop()
    setTurns([])
    setAsked(null)
  }
  const newest = current?.answer ?? turns.at(-1)?.answer ?? null
  const isEmpty = current === null && turns.length === 0
  return (
    <div className="playground">
      <Panel
        title="Conversation"
        tools={
          <button type="button" className="small" disabled={isEmpty} onClick={forget}>
            New conversation
          </button>
        }
      >
        <Turns turns={turns} current={current} />
        <p className="unseen" aria-live="polite">
          {announcementOf(current?.answer ?? null)}
        </p>
        <Composer
          text={text}
          onText={setText}
          onSend={send}
          onAgain={
            current === null || isStreaming || !isRight ? null : () => ask(turns, current.question)
          }
          onStop={stream.stop}
          onDrop={stream.reconnect}
          isStreaming={isStreaming}
          canSend={!isStreaming && text.trim() !== '' && isRight}
          isResumable={stream.metadata.resumable}
        />
      </Panel>
      <div className="playground-side">
        <LiveFigures answer={newest} />
        <SettingsPanel
          settings={settings}
          models={models}
          usualModel={usualModel}
          onChange={setSettings}
        />
      </div>
    </div>
  )
}

/** All turns, and the newest in sight, unless somebody has scrolled up to read. */
function Turns({ turns, current }: { turns: readonly Turn[]; current: Turn | null }) {
  const room = useRef<HTMLElement>(null)
  const isAtEnd = useRef(true)
  const onScroll = useCallback(() => {
    const { current: element } = room
    if (element === null) return
    const belowPx = element.scrollHeight - element.scrollTop - element.clientHeight
    isAtEnd.current = belowPx < 40
  }, [])
  useEffect(() => {
    const { current: element } = room
    if (element !== null && isAtEnd.current) element.scrollTop = element.scrollHeight
  })
  if (current === null && turns.length === 0) {
    return (
      <Empty title="Nothing was asked yet.">
        The answer streams through this server and its limits, like that of any client.
      </Empty>
    )
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section className="turns" ref={room} onScroll={onScroll} tabIndex={0} aria-label="Messages">
      <ol>
        {[...turns, ...(current === null ? [] : [current])].map((turn) => (
          <TurnView key={turn.id} {...turn} />
        ))}
      </ol>
    </section>
  )
}

const shown = (stream: ShownAnswer): ShownAnswer => {
  const { isStreaming, content, reasoning, toolCalls, error, metadata } = stream
  return { isStreaming, content, reasoning, toolCalls, error, metadata }
}

/** The model that is there without a key of any provider, or the first that may talk. */
function preferred(ids: readonly string[]): string {
  const demo = 'demo/stream'
  return ids.includes(demo) ? demo : (ids.find((id) => !/embed/i.test(id)) ?? '')
}

/** State that is still there when the view comes back. */
function useKept<Key extends keyof typeof kept>(key: Key) {
  const [value, setValue] = useState(kept[key])
  useEffect(() => {
    kept[key] = value
  }, [key, value])
  return [value, setValue] as const
}

/** The answer that is under way is kept as far as it came: leaving stops it. */
function useKeepOnLeave(current: Turn | null): void {
  const newest = useRef(current)
  useEffect(() => {
    newest.current = current
  })
  useEffect(
    () => () => {
      const turn = newest.current
      if (turn === null || kept.turns.some(({ id }) => id === turn.id)) return
      const answer = { ...turn.answer, isStreaming: false }
      kept.turns = [...kept.turns, { ...turn, answer }]
    },
    [],
  )
}
