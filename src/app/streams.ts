/** The requests that are under way in all workers: to list, to look at, and to end. */
import { nowMs } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import type { LiveStream } from '../observe/live.ts'
import { liveDetailOf, liveStreamOf, phaseOf } from '../observe/live-stream.ts'
import type { Observation, StreamAnswer, StreamsQuery } from '../server/performance-answer.ts'
import type { Kept, WorkerIdentity } from './kept.ts'

const LIST_TOPIC = 'streams'
const ONE_TOPIC = 'stream'
const END_TOPIC = 'end-stream'

interface Part {
  readonly streams: readonly LiveStream[]
  readonly total: number
}

/** Answers for this worker from now on, and asks all. */
export function streamsOf(kept: Kept, worker: WorkerIdentity): Omit<Observation, 'performance'> {
  const { fleet, underway, observer } = kept
  fleet.answer(LIST_TOPIC, (detail) => listed(kept, worker, detail as StreamsQuery))
  fleet.answer(ONE_TOPIC, (id): StreamAnswer | null => {
    for (const exchange of underway.exchanges()) {
      if (exchange.id !== id) continue
      return { state: 'live', stream: liveDetailOf(exchange, worker.id, nowMs()) }
    }
    const finished = observer.recent.find(String(id))
    return finished === null ? null : { state: 'ended', stream: finished }
  })
  fleet.answer(END_TOPIC, (id) => underway.abort(String(id), new GatewayError('ended_by_operator')))
  return {
    async streams(query) {
      const parts = (await fleet.ask(LIST_TOPIC, query)) as readonly Part[]
      return {
        streams: parts
          .flatMap(({ streams }) => streams)
          .sort((a, b) => a.at - b.at)
          .slice(0, query.limit),
        total: parts.reduce((sum, { total }) => sum + total, 0),
        workers: parts.length,
      }
    },
    async stream(id) {
      const found = (await fleet.ask(ONE_TOPIC, id)) as readonly (StreamAnswer | null)[]
      const answer = found.find((each) => each !== null)
      if (answer === undefined || answer === null) throw new GatewayError('stream_not_found')
      return answer
    },
    async endStream(id) {
      const found = await fleet.ask(END_TOPIC, id)
      if (!found.includes(true)) throw new GatewayError('stream_not_found')
    },
  }
}

/** As many as are asked for, the oldest first; only those that are told are made. */
function listed({ underway }: Kept, worker: WorkerIdentity, query: StreamsQuery): Part {
  const { limit, provider, phase } = query
  const now = nowMs()
  const streams: LiveStream[] = []
  let total = 0
  for (const exchange of underway.exchanges()) {
    if (provider !== null && exchange.provider !== provider) continue
    if (phase !== null && phaseOf(exchange) !== phase) continue
    total += 1
    if (streams.length < limit) streams.push(liveStreamOf(exchange, worker.id, now))
  }
  return { streams, total }
}
