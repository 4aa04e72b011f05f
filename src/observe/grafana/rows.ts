/** What the Grafana dashboard shows, from what is asked first when something is wrong downwards. */
import {
  chosen,
  chosenModel,
  type DashboardRow,
  lines,
  number,
  quantile,
  quantiles,
  rate,
  share,
  total,
} from './panels.ts'
import { resourceRows } from './resource-rows.ts'

const firstToken = 'gen_ai_server_time_to_first_token_seconds'
const duration = 'gen_ai_server_request_duration_seconds'
const perToken = 'gen_ai_server_time_per_output_token_seconds'
const gap = 'sluice_stream_gap_seconds'
const tokens = 'gen_ai_client_token_usage_sum'
const requests = 'sluice_requests_total'

const failed = rate(requests, `${chosen},status="5xx"`)

const overview: DashboardRow = {
  title: 'Now',
  panels: [
    number('Live streams', 'Streams under way.', 'short', total('sluice_streams_live')),
    number('Requests', 'Requests that end in a second.', 'reqps', rate(requests, chosen)),
    number(
      'Failed',
      'Share of the requests that ended with a status of 500 and above.',
      'percentunit',
      `${share(failed, rate(requests, chosen))} or vector(0)`,
      [
        ['green', 0],
        ['orange', 0.01],
        ['red', 0.05],
      ],
    ),
    number(
      'First token, p95',
      'Until the first content reached the client.',
      's',
      quantile(0.95, firstToken, chosenModel),
    ),
    number('Gap, p99', 'Between two events of content.', 's', quantile(0.99, gap, chosen)),
    number(
      'Output tokens',
      'Tokens in a second, as providers reported them.',
      'ops',
      rate(tokens, `${chosenModel},gen_ai_token_type="output"`),
    ),
  ],
}

const traffic: DashboardRow = {
  title: 'Traffic',
  panels: [
    lines('Requests by status', 'Requests that end in a second.', 'reqps', [
      { expr: rate(requests, chosen, ['status']), legend: '{{status}}' },
    ]),
    lines('Live', 'Requests and streams under way.', 'short', [
      { expr: total('sluice_requests_live'), legend: 'requests' },
      { expr: total('sluice_streams_live'), legend: 'streams' },
    ]),
    lines('Tokens', 'Tokens in a second, as providers reported them.', 'ops', [
      { expr: rate(tokens, chosenModel, ['gen_ai_token_type']), legend: '{{gen_ai_token_type}}' },
    ]),
    lines('Requests by route', 'Requests that end in a second.', 'reqps', [
      { expr: rate(requests, chosen, ['route']), legend: '{{route}}' },
    ]),
    lines('Bytes', 'From providers, to clients, and of requests.', 'Bps', [
      { expr: rate('sluice_provider_bytes_total', chosen), legend: 'from providers' },
      { expr: rate('sluice_client_bytes_total', chosen), legend: 'to clients' },
      { expr: rate('sluice_request_bytes_total', chosen), legend: 'of requests' },
    ]),
    lines('Events', 'In a second; those that are dropped or pass uninspected are rare.', 'ops', [
      { expr: rate('sluice_events_total', chosen), legend: 'events' },
      { expr: rate('sluice_heartbeats_total', chosen), legend: 'heartbeats' },
      { expr: rate('sluice_events_dropped_total', chosen), legend: 'dropped' },
      { expr: rate('sluice_events_oversize_total', chosen), legend: 'oversize' },
    ]),
  ],
}

const speed: DashboardRow = {
  title: 'First token and gaps',
  panels: [
    lines(
      'Time to the first token',
      'Until the first content reached the client.',
      's',
      quantiles(firstToken, chosenModel),
    ),
    lines('First token by model, p95', 'Of the models that answered.', 's', [
      {
        expr: quantile(0.95, firstToken, chosenModel, ['provider', 'gen_ai_response_model']),
        legend: '{{provider}}/{{gen_ai_response_model}}',
      },
    ]),
    {
      ...lines('First tokens', 'How many took how long.', 's', [
        { expr: rate(`${firstToken}_bucket`, chosenModel, ['le']), legend: '{{le}}' },
      ]),
      type: 'heatmap',
    },
    lines('Gaps', 'Between two events of content of one stream.', 's', quantiles(gap, chosen)),
    lines(
      'Time for an output token',
      'Behind the first token, of streams that were completed.',
      's',
      quantiles(perToken, chosenModel),
    ),
    lines('Stalls', 'Silences of a second and more in the middle of an answer.', 'ops', [
      { expr: rate('sluice_stream_stalls_total', chosen, ['provider']), legend: '{{provider}}' },
    ]),
    lines(
      'Duration',
      'From the first byte of a request to the last of its answer.',
      's',
      quantiles(duration, chosenModel),
    ),
    lines(
      'Own overhead',
      'What sluice itself takes before an answer begins.',
      's',
      quantiles('sluice_overhead_seconds', chosen),
    ),
    lines('Slow readers', 'Streams that wait for their clients, in the mean.', 'short', [
      { expr: rate('sluice_backpressure_seconds_total', chosen), legend: 'waiting' },
      { expr: rate('sluice_backpressure_waits_total', chosen), legend: 'waits a second' },
    ]),
  ],
}

const ends: DashboardRow = {
  title: 'How streams end',
  panels: [
    lines(
      'End reasons',
      'Streams that end in a second, by why they do.',
      'ops',
      [
        {
          expr: rate('sluice_stream_end_reason_total', chosen, ['reason']),
          legend: '{{reason}}',
        },
      ],
      { width: 12, isStacked: true },
    ),
    lines(
      'Errors',
      'Requests that end with an error in a second, by its code.',
      'ops',
      [{ expr: rate('sluice_request_errors_total', chosen, ['error']), legend: '{{error}}' }],
      { width: 12, isStacked: true },
    ),
    lines('Not completed', 'Share of the streams that did not come to their end.', 'percentunit', [
      {
        expr: share(
          rate('sluice_stream_end_reason_total', `${chosen},reason!="completed"`, ['provider']),
          rate('sluice_stream_end_reason_total', chosen, ['provider']),
        ),
        legend: '{{provider}}',
      },
    ]),
    lines('Recoveries', 'Answers that broke in the middle, and what was done about it.', 'ops', [
      { expr: rate('sluice_recoveries_total', '', ['outcome']), legend: '{{outcome}}' },
    ]),
    lines('Resumes', 'Clients that came back to a stream.', 'ops', [
      { expr: rate('sluice_resumes_total', chosen, ['provider']), legend: '{{provider}}' },
    ]),
  ],
}

/** All rows. */
export const rows: readonly DashboardRow[] = [overview, traffic, speed, ends, ...resourceRows]
