/** Where the question is written, and the buttons of the stream. */
import type { FormEvent, KeyboardEvent } from 'react'
import { useRef } from 'react'

/** What can be done. */
export interface ComposerProps {
  readonly text: string
  readonly onText: (text: string) => void
  readonly onSend: () => void
  /** Asks the last question once more; null where there is none, or it is being answered. */
  readonly onAgain: (() => void) | null
  readonly onStop: () => void
  readonly onDrop: () => void
  readonly isStreaming: boolean
  readonly canSend: boolean
  /** Whether the stream goes on after its connection was dropped. */
  readonly isResumable: boolean
}

/** Enter sends, and Shift with Enter begins a line; Escape stops the stream. */
export function Composer(props: ComposerProps) {
  const { text, onText, onSend, onAgain, onStop, onDrop, isStreaming, canSend, isResumable } = props
  const field = useRef<HTMLTextAreaElement>(null)
  /** A button that can be pressed no more would lose the keyboard's place. */
  const andWrite = (act: () => void) => (): void => {
    act()
    field.current?.focus()
  }
  const send = andWrite(() => {
    if (canSend) onSend()
  })
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault()
    send()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    // Enter of an input method chooses a word.
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape' && isStreaming) onStop()
    if (event.key !== 'Enter' || event.shiftKey) return
    event.preventDefault()
    send()
  }
  return (
    <form className="composer" onSubmit={onSubmit}>
      <label htmlFor="playground-question">Question</label>
      <textarea
        id="playground-question"
        ref={field}
        rows={3}
        value={text}
        placeholder="Ask something. Enter sends, Shift+Enter begins a line."
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="composer-buttons">
        <button type="submit" className="main" disabled={!canSend}>
          Send
        </button>
        <button type="button" disabled={!isStreaming} onClick={andWrite(onStop)}>
          Stop
        </button>
        <button type="button" disabled={onAgain === null} onClick={andWrite(() => onAgain?.())}>
          Ask again
        </button>
        <button
          type="button"
          disabled={!isStreaming}
          onClick={onDrop}
          title={
            isResumable
              ? 'Cuts the connection; the stream goes on over another one.'
              : 'Cuts the connection; this stream cannot be resumed, and will fail.'
          }
        >
          Drop the connection
        </button>
      </div>
    </form>
  )
}
