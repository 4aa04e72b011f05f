/** Ends a stream by hand, after asking. */
import { useState } from 'react'
import type { LiveStream } from '../../observe/live.ts'
import { ask } from '../feed/ask.ts'
import { usePage } from '../feed/context.tsx'
import { Question } from '../parts/dialog.tsx'
import { Target } from '../parts/pieces.tsx'

/** A dialog; `stream` is null while there is nothing to ask. */
export function KillQuestion(props: { stream: LiveStream | null; close: () => void }) {
  const { stream, close } = props
  const { announce } = usePage()
  const [isBusy, setBusy] = useState(false)
  const kill = async (): Promise<void> => {
    if (stream === null) return
    setBusy(true)
    const answer = await ask('DELETE', `/api/streams/${encodeURIComponent(stream.id)}`)
    setBusy(false)
    if (answer.ok) announce(`The stream ${stream.id} was ended.`)
    else if (answer.status === 404) announce(`The stream ${stream.id} had ended by itself.`)
    else announce(`The stream ${stream.id} goes on. ${answer.problem}`, 'bad')
    close()
  }
  return (
    <Question
      title="End this stream?"
      isOpen={stream !== null}
      close={close}
      action="End the stream"
      isBusy={isBusy}
      confirm={() => void kill()}
    >
      {stream !== null && (
        <p>
          <Target provider={stream.provider} model={stream.model} />
          <br />
          <span className="id">{stream.id}</span>
        </p>
      )}
      <p>
        The client gets an error in its stream and the provider is told to stop. What was sent so
        far stays with the client, and is paid for.
      </p>
    </Question>
  )
}
