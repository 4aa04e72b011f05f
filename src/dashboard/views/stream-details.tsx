/** All that is known of one stream that is under way. */
import { useRef } from 'react'
import type { LiveStream } from '../../observe/live.ts'
import { age, bytes, clock, dayAndClock, duration, exact, NONE, rate } from '../format.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Badge, Facts } from '../parts/pieces.tsx'
import { phaseMeanings, phaseTones } from './stream-columns.tsx'

/** What the dialog needs. */
export interface StreamDetailsProps {
  /** Of the stream; null is none. */
  readonly id: string | null
  readonly streams: readonly LiveStream[]
  /** Wall time of the frame. */
  readonly at: number
  readonly close: () => void
  readonly kill: (stream: LiveStream) => void
}

/** A dialog that follows the stream, and keeps what was last seen of it. */
export function StreamDetails({ id, streams, at, close, kill }: StreamDetailsProps) {
  const seen = useRef<{ stream: LiveStream; at: number } | null>(null)
  const live = streams.find((stream) => stream.id === id)
  if (live !== undefined) seen.current = { stream: live, at }
  const last = seen.current?.stream.id === id ? seen.current : null
  return (
    <Dialog
      title={<span className="id">{id}</span>}
      isOpen={id !== null}
      close={close}
      isWide
      actions={
        <>
          {id !== null && <CopyButton text={id} label="Copy id" />}
          {live !== undefined && (
            <button type="button" className="danger" onClick={() => kill(live)}>
              End the stream
            </button>
          )}
        </>
      }
    >
      {last === null ? (
        <p className="hint">This request is not under way, or not among those that are listed.</p>
      ) : (
        <>
          <p>
            {live === undefined ? (
              <Badge tone="calm">ended; last seen at {clock(last.at)}</Badge>
            ) : (
              <Badge tone={phaseTones[last.stream.phase]}>{last.stream.phase}</Badge>
            )}{' '}
            <span className="hint">{live !== undefined && phaseMeanings[last.stream.phase]}</span>
          </p>
          <Facts rows={rowsOf(last.stream)} />
        </>
      )}
    </Dialog>
  )
}

function rowsOf(stream: LiveStream): readonly (readonly [string, string])[] {
  const target = [stream.provider, stream.model].filter(Boolean).join('/')
  return [
    ['Target', target === '' ? NONE : target],
    ['Route', stream.route ?? NONE],
    ['Endpoint', stream.endpoint],
    ['Key', stream.keyId ?? NONE],
    ['Began', dayAndClock(stream.at)],
    ['Age', age(stream.ageMs)],
    ['Worker', exact(stream.worker)],
    ['Streaming', stream.streaming ? 'yes' : 'no'],
    ['Attempts', exact(stream.attempts)],
    ['Waited for its turn', duration(stream.queueWaitMs)],
    ['Before it in the queue', exact(stream.queuePosition)],
    ['First token after', duration(stream.firstContentMs)],
    ['Last event ago', duration(stream.sinceEventMs)],
    ['Events', exact(stream.events)],
    ['Events/s', rate(stream.eventsPerSecond)],
    ['Longest gap', duration(stream.gapMaxMs)],
    ['Gaps of a second and more', exact(stream.stalls)],
    ['From the provider', bytes(stream.bytesIn)],
    ['To the client', bytes(stream.bytesOut)],
    ['Held in memory', bytes(stream.heldBytes)],
    ['Waited for the client', duration(stream.backpressureMs)],
    ['Heartbeats', exact(stream.heartbeats)],
  ]
}
