/**
 * What is counted of requests when they end. `gen_ai_*` are the names, labels and buckets of
 * OpenTelemetry's conventions for generative AI as Prometheus writes them; `sluice_*` is what they
 * do not cover. `provider` is the provider's name in the configuration.
 */
import {
  durationBounds,
  firstTokenBounds,
  gapBounds,
  outputTokenBounds,
  overheadBounds,
  queueWaitBounds,
  tokenBounds,
} from './bounds.ts'
import { counter, type Family, histogram } from './family.ts'
import { type Column, SeriesTable } from './series-table.ts'

/** Series of a counter at most, and of a histogram, which is twenty lines each. */
const COUNTERS_MAX = 500
const HISTOGRAMS_MAX = 200

const whole = (family: Family): Column => ({ family, fixed: {} })

const perProvider = (name: string, help: string): Column => whole(counter(name, help, ['provider']))

const asked = [
  'gen_ai_operation_name',
  'gen_ai_provider_name',
  'gen_ai_request_model',
  'gen_ai_response_model',
  'provider',
] as const

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

const tokenTotal = counter(
  'sluice_tokens_total',
  'Tokens that providers reported. Cached input and cache writes are parts of the input, and ' +
    'reasoning is a part of the output.',
  ['provider', 'model', 'type'],
)

const tokensOf = (type: string): Column => ({ family: tokenTotal, fixed: { type } })

const costs = () =>
  new SeriesTable(
    ['provider', 'model'],
    {
      cost: whole(
        counter(
          'sluice_cost_microusd_total',
          'What answers cost, in millionths of a US dollar, as far as that is known.',
          ['provider', 'model'],
        ),
      ),
      lost: whole(
        counter(
          'sluice_cost_lost_microusd_total',
          'What attempts cost whose answers nobody got, in millionths of a US dollar.',
          ['provider', 'model'],
        ),
      ),
      unknown: whole(
        counter('sluice_cost_unknown_total', 'Requests of which nobody knows what they cost.', [
          ...['provider', 'model'],
        ]),
      ),
      input: tokensOf('input'),
      cachedInput: tokensOf('cached_input'),
      cacheWrite: tokensOf('cache_write_input'),
      output: tokensOf('output'),
      reasoning: tokensOf('reasoning'),
    },
    COUNTERS_MAX,
  )

const tokenUsage = histogram(
  'gen_ai_client_token_usage',
  'Tokens of one request that its provider reported, by whether they are input or output.',
  [...asked, 'gen_ai_token_type'],
  tokenBounds,
)

const answers = () =>
  new SeriesTable(
    asked,
    {
      firstToken: whole(
        histogram(
          'gen_ai_server_time_to_first_token_seconds',
          'Time until the first content of a stream.',
          asked,
          firstTokenBounds,
        ),
      ),
      perOutputToken: whole(
        histogram(
          'gen_ai_server_time_per_output_token_seconds',
          'Time for each output token behind the first, of streams that were completed.',
          asked,
          outputTokenBounds,
        ),
      ),
      inputTokens: { family: tokenUsage, fixed: { gen_ai_token_type: 'input' } },
      outputTokens: { family: tokenUsage, fixed: { gen_ai_token_type: 'output' } },
    },
    HISTOGRAMS_MAX,
  )

const durations = () =>
  new SeriesTable(
    [...asked, 'error_type'],
    {
      duration: whole(
        histogram(
          'gen_ai_server_request_duration_seconds',
          'Time from the first byte of a request to the last of its answer; error_type is empty ' +
            'where it ended well.',
          [...asked, 'error_type'],
          durationBounds,
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
