/** What is under way: a table, the details of one, and its end by hand. */
import { useMemo, useState } from 'react'
import type { DashboardFrame } from '../../observe/dashboard/frame.ts'
import type { LiveStream } from '../../observe/live.ts'
import { counted, exact } from '../format.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Empty } from '../parts/pieces.tsx'
import { matches, SearchField } from '../parts/search-field.tsx'
import { go, useRoute } from '../route.ts'
import { KillQuestion } from './kill-question.tsx'
import { streamColumns } from './stream-columns.tsx'
import { StreamDetails } from './stream-details.tsx'

/** The view. */
export function Streams({ frame }: { frame: DashboardFrame }) {
  const { id } = useRoute()
  const [filter, setFilter] = useState('')
  const [doomed, setDoomed] = useState<LiveStream | null>(null)
  const columns = useMemo(() => streamColumns((stream) => setDoomed(stream)), [])
  const shown = frame.streams.filter((stream) => matches(filter, textsOf(stream)))
  return (
    <>
      <div className="view-tools">
        <SearchField
          label="Filter by id, provider, model, key, phase"
          value={filter}
          onChange={setFilter}
        />
        <p className="hint">{amountOf(frame, shown.length)}</p>
      </div>
      {shown.length === 0 ? (
        <Nothing isFiltered={frame.streams.length > 0} />
      ) : (
        <DataTable
          caption="Streams under way"
          columns={columns}
          rows={shown}
          keyOf={(stream) => stream.id}
          initialSort={{ column: 'age', isDescending: true }}
          toneOf={({ phase }) => (phase === 'blocked' ? 'row-warn' : undefined)}
        />
      )}
      <StreamDetails
        id={id}
        streams={frame.streams}
        at={frame.at}
        close={() => go('streams')}
        kill={setDoomed}
      />
      <KillQuestion stream={doomed} close={() => setDoomed(null)} />
    </>
  )
}

const textsOf = ({ id, provider, model, route, keyId, phase, endpoint }: LiveStream) => [
  ...[id, provider, model, route, keyId, phase, endpoint],
]

function amountOf({ streams, liveCount }: DashboardFrame, shown: number): string {
  if (liveCount > streams.length) {
    return `${exact(shown)} of ${exact(liveCount)}: the oldest ${exact(streams.length)} are listed`
  }
  const all = counted(streams.length, 'stream')
  return shown === streams.length ? all : `${exact(shown)} of ${all}`
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No stream matches the filter." />
  return (
    <Empty title="Nothing is under way.">
      Requests appear here from their first byte to their last. To see one, start it in the{' '}
      <a href="#/playground">playground</a>, or send <code>"stream": true</code> to{' '}
      <code>/v1/chat/completions</code>.
    </Empty>
  )
}
