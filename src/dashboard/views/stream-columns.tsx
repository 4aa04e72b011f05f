/** The columns of the table of streams. */
import type { LivePhase, LiveStream } from '../../observe/live.ts'
import { age, bytes, count, duration, NONE, rate } from '../format.ts'
import type { Column } from '../parts/data-table.tsx'
import { Badge, Target, type Tone } from '../parts/pieces.tsx'
import { hrefOf } from '../route.ts'

/** How a phase is to be taken. */
export const phaseTones: Readonly<Record<LivePhase, Tone>> = {
  queued: 'warn',
  waiting: 'calm',
  streaming: 'good',
  blocked: 'warn',
  detached: 'calm',
}

/** What a phase means, for a title and for the details. */
export const phaseMeanings: Readonly<Record<LivePhase, string>> = {
  queued: 'Its body is read, or it waits for its turn',
  waiting: 'A provider was asked and has said nothing yet',
  streaming: 'Content comes',
  blocked: 'The client takes nothing at this moment',
  detached: 'The client has left; the answer is kept for it for a while',
}

type StreamColumn = Column<LiveStream>

const number = (
  name: string,
  title: string,
  sortBy: (stream: LiveStream) => number | null,
  text: (stream: LiveStream) => string,
  from?: 'medium' | 'wide' | 'widest',
): StreamColumn => ({
  ...{ name, title, sortBy, isNumber: true, cell: text },
  ...(from !== undefined && { from }),
})

/** @param kill asks whether to end a stream. */
export function streamColumns(kill: (stream: LiveStream) => void): readonly StreamColumn[] {
  return [
    {
      ...{ name: 'target', title: 'Stream', sortBy: (stream) => nameOf(stream) },
      cell: (stream) => <Name stream={stream} />,
    },
    {
      ...{ name: 'phase', title: 'Phase', sortBy: ({ phase }) => phase, from: 'medium' },
      cell: ({ phase }) => <Badge tone={phaseTones[phase]}>{phase}</Badge>,
    },
    number(
      'age',
      'Age',
      ({ ageMs }) => ageMs,
      ({ ageMs }) => age(ageMs),
    ),
    number(
      ...(['first', 'First token', (stream: LiveStream) => stream.firstContentMs] as const),
      ({ firstContentMs }) => duration(firstContentMs),
      'medium',
    ),
    number(
      'events',
      'Events',
      ({ events }) => events,
      ({ events }) => count(events),
      'wide',
    ),
    number(
      ...(['rate', 'Events/s', (stream: LiveStream) => stream.eventsPerSecond] as const),
      ({ eventsPerSecond }) => rate(eventsPerSecond),
      'medium',
    ),
    number(
      ...(['gap', 'Longest gap', (stream: LiveStream) => stream.gapMaxMs] as const),
      ({ gapMaxMs }) => duration(gapMaxMs),
      'wide',
    ),
    number(
      ...(['held', 'Held', (stream: LiveStream) => stream.heldBytes] as const),
      ({ heldBytes }) => bytes(heldBytes),
      'wide',
    ),
    number(
      ...(['sent', 'Sent', (stream: LiveStream) => stream.bytesOut] as const),
      ({ bytesOut }) => bytes(bytesOut),
      'widest',
    ),
    {
      ...{ name: 'key', title: 'Key', sortBy: ({ keyId }) => keyId, from: 'widest' },
      cell: ({ keyId }) => keyId ?? NONE,
    },
    {
      ...{ name: 'actions', title: 'Actions', isTitleUnseen: true, isEnd: true },
      cell: (stream) => (
        <button type="button" className="small danger-quiet" onClick={() => kill(stream)}>
          End<span className="unseen"> {stream.id}</span>
        </button>
      ),
    },
  ]
}

const nameOf = ({ provider, model, id }: LiveStream): string =>
  `${provider ?? ''}/${model ?? ''} ${id}`

function Name({ stream }: { stream: LiveStream }) {
  const { id, provider, model, phase, queuePosition } = stream
  return (
    <>
      <a className="row-link" href={hrefOf('streams', id)}>
        <Target provider={provider} model={model} />
        <span className="id">
          {queuePosition === null ? id : `${queuePosition} before it · ${id}`}
        </span>
      </a>
      <span className="narrow-only">
        <Badge tone={phaseTones[phase]}>{phase}</Badge>
      </span>
    </>
  )
}
