/**
 * What is counted of requests when they end, by names of our own. `provider` is the provider's name
 * in the configuration.
 */
import { answers, costs, durations } from './answer-families.ts'
import { gapBounds, overheadBounds, queueWaitBounds } from './bounds.ts'
import { COUNTERS_MAX, HISTOGRAMS_MAX, perProvider, whole } from './columns.ts'
import { counter, histogram } from './family.ts'
import { SeriesTable } from './series-table.ts'

const requests = () =>
  new SeriesTable(
    ['endpoint', 'provider', 'route', 'status'],
    {
      ended: whole(
        counter('sluice_requests_total', 'Requests that ended, by the class of their status.', [
          ...['endpoint', 'provider', 'route', 'status'],
        ]),
      ),
    },
    COUNTERS_MAX,
  )

const errors = () =>
  new SeriesTable(
    ['provider', 'error'],
    {
      failed: whole(
        counter('sluice_request_errors_total', 'Requests that ended with an error, by its code.', [
          ...['provider', 'error'],
        ]),
      ),
    },
    COUNTERS_MAX,
  )

const ends = () =>
  new SeriesTable(
    ['provider', 'reason'],
    {
      ended: whole(
        counter('sluice_stream_end_reason_total', 'Streams that ended, by why they did.', [
          ...['provider', 'reason'],
        ]),
      ),
    },
    COUNTERS_MAX,
  )

const attempts = () =>
  new SeriesTable(
    ['provider', 'kind', 'outcome'],
    {
      made: whole(
        counter(
          'sluice_attempts_total',
          'Attempts at providers, by why they were made (first, socket, retry, failover, hedge, ' +
            'recovery) and what came of them (answered, outrun, or the code of an error).',
          ['provider', 'kind', 'outcome'],
        ),
      ),
    },
    COUNTERS_MAX,
  )

const recoveries = () =>
  new SeriesTable(
    ['outcome'],
    {
      ended: whole(
        counter(
          'sluice_recoveries_total',
          'Answers that broke in the middle on a route that recovers, by what was done about it.',
          ['outcome'],
        ),
      ),
    },
    COUNTERS_MAX,
  )

const traffic = () =>
  new SeriesTable(
    ['provider'],
    {
      events: perProvider('sluice_events_total', 'Events that providers sent.'),
      dropped: perProvider(
        'sluice_events_dropped_total',
        'Events that were left out because clients die of them, such as those of broken JSON.',
      ),
      oversize: perProvider(
        'sluice_events_oversize_total',
        'Events that passed uninspected because they were larger than STREAM_MAX_EVENT_BYTES.',
      ),
      requestBytes: perProvider('sluice_request_bytes_total', 'Bytes of the bodies of requests.'),
      bytesIn: perProvider('sluice_provider_bytes_total', 'Bytes of answers that providers sent.'),
      bytesOut: perProvider('sluice_client_bytes_total', 'Bytes of answers that clients got.'),
      heartbeats: perProvider('sluice_heartbeats_total', 'Heartbeats that were sent to clients.'),
      stalls: perProvider(
        'sluice_stream_stalls_total',
        'Times that a stream said nothing for a second and more between two events of content.',
      ),
      pressure: perProvider(
        'sluice_backpressure_waits_total',
        'Times that a stream waited for its client to read.',
      ),
      pressureSeconds: perProvider(
        'sluice_backpressure_seconds_total',
        'Time that streams waited for their clients to read.',
      ),
      resumes: perProvider(
        'sluice_resumes_total',
        'Times that a client came back to a stream where it had lost it.',
      ),
      gap: whole(
        histogram(
          'sluice_stream_gap_seconds',
          'Time between two events of content of one stream.',
          ['provider'],
          gapBounds,
        ),
      ),
      queueWait: whole(
        histogram(
          'sluice_queue_wait_seconds',
          'Time that requests waited for their turn at a provider.',
          ['provider'],
          queueWaitBounds,
        ),
      ),
      overhead: whole(
        histogram(
          'sluice_overhead_seconds',
          'What sluice itself took of the time before an answer began.',
          ['provider'],
          overheadBounds,
        ),
      ),
    },
    HISTOGRAMS_MAX,
  )

/** The tables of one worker, empty. */
export const requestTables = () => ({
  requests: requests(),
  ends: ends(),
  errors: errors(),
  attempts: attempts(),
  recoveries: recoveries(),
  durations: durations(),
  answers: answers(),
  traffic: traffic(),
  costs: costs(),
})

/** The tables by their names. */
export type RequestTables = ReturnType<typeof requestTables>
