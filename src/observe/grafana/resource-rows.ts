/** The rows of the Grafana dashboard about what requests are answered with, and what that costs. */
import {
  chosen,
  type DashboardRow,
  lines,
  number,
  type Panel,
  quantiles,
  rate,
  selected,
  share,
  total,
  worst,
} from './panels.ts'

const breakers: Panel = {
  ...lines(
    'Breakers',
    'Circuit breakers of targets, the worst of all workers.',
    'short',
    [{ expr: worst('sluice_breaker_state', ['target']), legend: '{{target}}' }],
    { width: 12 },
  ),
  type: 'state-timeline',
  words: { 0: ['closed', 'green'], 1: ['half open', 'orange'], 2: ['open', 'red'] },
}

const attempts = 'sluice_attempts_total'

const providers: DashboardRow = {
  title: 'Providers and breakers',
  panels: [
    breakers,
    lines(
      'Attempts by outcome',
      'What came of attempts in a second.',
      'ops',
      [
        {
          expr: rate(attempts, chosen, ['provider', 'outcome']),
          legend: '{{provider}}: {{outcome}}',
        },
      ],
      { width: 12 },
    ),
    lines('Failed attempts', 'Share of the attempts that got no answer.', 'percentunit', [
      {
        expr: share(
          rate(attempts, `${chosen},outcome!~"answered|outrun|client_gone"`, ['provider']),
          rate(attempts, chosen, ['provider']),
        ),
        legend: '{{provider}}',
      },
    ]),
    lines('Retries, failovers, hedges', 'Attempts behind the first, in a second.', 'ops', [
      { expr: rate(attempts, `${chosen},kind!="first"`, ['kind']), legend: '{{kind}}' },
    ]),
    lines('Under way', 'Attempts under way with each provider.', 'short', [
      { expr: total('sluice_provider_attempts_live', ['provider']), legend: '{{provider}}' },
    ]),
  ],
}

const queue: DashboardRow = {
  title: 'Queue and limits',
  panels: [
    lines('Waiting', 'Requests that wait for their turn.', 'short', [
      { expr: total('sluice_gate_waiting', ['gate']), legend: '{{gate}}' },
      { expr: total('sluice_queue_waiting'), legend: 'all' },
    ]),
    lines(
      'Wait',
      'How long requests waited for their turn.',
      's',
      quantiles('sluice_queue_wait_seconds', chosen),
    ),
    lines('Refused', 'In a second: the queue was too long, or there was too much to do.', 'ops', [
      { expr: rate('sluice_queue_rejected_total', ''), legend: 'queue' },
      { expr: rate('sluice_overload_shed_total', '', ['reason']), legend: '{{reason}}' },
      {
        expr: rate('sluice_request_errors_total', 'error=~"rate_limit_.*|too_many_.*|budget_.*"', [
          'error',
        ]),
        legend: '{{error}}',
      },
    ]),
    lines('Places in use', 'Share of what a provider or target may have at once.', 'percentunit', [
      {
        expr: share(total('sluice_gate_inside', ['gate']), total('sluice_gate_limit', ['gate'])),
        legend: '{{gate}}',
      },
    ]),
    lines('Store', 'What goes wrong with what limits are counted in.', 'ops', [
      { expr: rate('sluice_store_failures_total', '', ['kind']), legend: '{{kind}}' },
      { expr: rate('sluice_store_decided_locally_total', ''), legend: 'decided locally' },
      { expr: rate('sluice_store_undecided_total', ''), legend: 'undecided' },
    ]),
    lines('Lost', 'Rows of the ledger and lines of the log that were given up.', 'ops', [
      { expr: rate('sluice_ledger_dropped_rows_total', ''), legend: 'ledger' },
      { expr: rate('sluice_log_lost_lines_total', ''), legend: 'log' },
    ]),
  ],
}

const hits = 'sluice_pool_hits_total'
const made = ['sluice_pool_misses_total', 'sluice_pool_overflow_total']
const acquired = [hits, ...made].map((metric) => rate(metric, '')).join(' + ')

const memory: DashboardRow = {
  title: 'Pool, memory and event loop',
  panels: [
    lines('Buffers in use', 'By the size of the tier.', 'short', [
      { expr: total('sluice_pool_buffers_in_use', ['size_bytes']), legend: '{{size_bytes}}' },
      { expr: total('sluice_pool_overflow_in_use'), legend: 'outside of the pool' },
    ]),
    lines('Pool', 'What it holds, and what it may.', 'bytes', [
      { expr: total('sluice_pool_bytes'), legend: 'held' },
      { expr: total('sluice_pool_overflow_bytes'), legend: 'outside' },
      { expr: total('sluice_pool_bytes_max'), legend: 'at most' },
    ]),
    lines('Hit rate', 'Share of the buffers that were there.', 'percentunit', [
      {
        expr: share(rate(hits, ''), acquired),
        legend: 'hits',
      },
    ]),
    lines('Memory', 'Resident memory of the workers.', 'bytes', [
      { expr: total('process_resident_memory_bytes'), legend: 'resident' },
    ]),
    lines('Processor', 'Cores that the workers keep busy.', 'short', [
      { expr: rate('process_cpu_seconds_total', ''), legend: 'cores' },
    ]),
    lines('Event loop', 'How late it is, in the worst worker.', 's', [
      { expr: worst('sluice_event_loop_lag_seconds'), legend: 'lag' },
      { expr: worst('sluice_event_loop_lag_worst_seconds'), legend: 'worst' },
    ]),
    lines('Pressure', 'How much of its limit is used; 1 is all.', 'percentunit', [
      { expr: worst('sluice_overload_pressure', ['resource']), legend: '{{resource}}' },
    ]),
    {
      ...lines('Overload', 'What the worst worker leaves undone.', 'short', [
        { expr: worst('sluice_overload_stage'), legend: 'stage' },
      ]),
      type: 'state-timeline',
      words: {
        0: ['normal', 'green'],
        1: ['strained', 'yellow'],
        2: ['low priority refused', 'orange'],
        3: ['new refused', 'red'],
        4: ['streams ended', 'dark-red'],
      },
    },
    lines('Descriptors', 'Open in all workers, and what they may have.', 'short', [
      { expr: total('process_open_fds'), legend: 'open' },
      { expr: total('process_max_fds'), legend: 'at most' },
    ]),
    lines(
      'Resumable streams',
      'Kept for clients that may come back, and who reads them.',
      'short',
      [
        { expr: total('sluice_resumable_streams'), legend: 'streams' },
        { expr: total('sluice_resumable_stream_readers'), legend: 'readers' },
      ],
    ),
    lines('Kept of them', 'Bytes of answers that clients may come back to.', 'bytes', [
      { expr: total('sluice_resumable_stream_bytes'), legend: 'kept' },
    ]),
    lines('Spans', 'Sent to the OpenTelemetry collector in a second, and lost.', 'ops', [
      { expr: rate('sluice_spans_sent_total', ''), legend: 'sent' },
      { expr: rate('sluice_spans_lost_total', ''), legend: 'lost' },
    ]),
  ],
}

const cost = 'sluice_cost_microusd_total'

const costs: DashboardRow = {
  title: 'Cost',
  panels: [
    number(
      'Spent in this time',
      'Of answers whose cost is known.',
      'currencyUSD',
      `sum(increase(${selected(cost, chosen)}[$__range])) / 1e6`,
    ),
    number(
      'Lost in this time',
      'Of attempts whose answers nobody got.',
      'currencyUSD',
      `sum(increase(${selected('sluice_cost_lost_microusd_total', chosen)}[$__range])) / 1e6`,
    ),
    lines('Dollars an hour', 'By provider and model.', 'currencyUSD', [
      {
        expr: `${rate(cost, chosen, ['provider', 'model'])} * 3600 / 1e6`,
        legend: '{{provider}}/{{model}}',
      },
    ]),
    lines('Cost not known', 'Requests in a second of which nobody knows what they cost.', 'ops', [
      {
        expr: rate('sluice_cost_unknown_total', chosen, ['provider', 'model']),
        legend: '{{provider}}/{{model}}',
      },
    ]),
    lines('Cached input', 'Share of the input that providers had in their cache.', 'percentunit', [
      {
        expr: share(
          rate('sluice_tokens_total', `${chosen},type="cached_input"`, ['provider']),
          rate('sluice_tokens_total', `${chosen},type="input"`, ['provider']),
        ),
        legend: '{{provider}}',
      },
    ]),
  ],
}

/** Providers, queue, memory and cost. */
export const resourceRows: readonly DashboardRow[] = [providers, queue, memory, costs]
