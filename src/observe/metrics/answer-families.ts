/**
 * What is counted of answers: by the names, labels and buckets of OpenTelemetry's conventions for
 * generative AI as Prometheus writes them, and what they cost.
 */
import { durationBounds, firstTokenBounds, outputTokenBounds, tokenBounds } from './bounds.ts'
import { COUNTERS_MAX, HISTOGRAMS_MAX, whole } from './columns.ts'
import { counter, histogram } from './family.ts'
import { type Column, SeriesTable } from './series-table.ts'

const asked = [
  'gen_ai_operation_name',
  'gen_ai_provider_name',
  'gen_ai_request_model',
  'gen_ai_response_model',
  'provider',
] as const

const tokenTotal = counter(
  'sluice_tokens_total',
  'Tokens that providers reported. Cached input and cache writes are parts of the input, and ' +
    'reasoning is a part of the output.',
  ['provider', 'model', 'type'],
)

const tokensOf = (type: string): Column => ({ family: tokenTotal, fixed: { type } })

/** What answers cost, and the tokens that they are paid by. */
export const costs = () =>
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

/** What the conventions want to know of an answer. */
export const answers = () =>
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

/** How long requests took. */
export const durations = () =>
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
