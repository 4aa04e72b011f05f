/** What is read of the health of a worker: its clocks, event loop, overload, stores and process. */
import { count, now, type StateFamily, samplesOf, worst } from './state-family.ts'

/** Of time and pressure. */
export const healthFamilies: readonly StateFamily[] = [
  now('sluice_clocks', 'Clocks that run for requests.', ({ clocks }) => clocks.waiting),
  count('sluice_clock_looks_total', 'Times that the clocks were looked at.', (state) => {
    return state.clocks.looks
  }),
  count(
    'sluice_clock_late_seconds_total',
    'By how much these looks came too late, in sum.',
    ({ clocks }) => clocks.lateSeconds,
  ),
  count(
    'sluice_clock_held_up_total',
    'Looks that came so late that no time was held against anybody.',
    ({ clocks }) => clocks.heldUp,
  ),
  worst(
    'sluice_event_loop_lag_seconds',
    'The third worst lateness of the event loop within five seconds.',
    ({ overload }) => overload.lagSeconds,
  ),
  worst(
    'sluice_event_loop_lag_worst_seconds',
    'The worst lateness of the event loop within five seconds.',
    ({ overload }) => overload.lagWorstSeconds,
  ),
  count(
    'sluice_event_loop_late_seconds_total',
    'By how much the event loop was late when it was looked at, in sum.',
    ({ overload }) => overload.lateSeconds,
  ),
  worst(
    'sluice_overload_stage',
    'The worst of all workers: 0 normal, 1 strained, 2 shed-low, 3 shed-all, 4 evict.',
    ({ overload }) => overload.stage,
  ),
  worst(
    'sluice_overload_pressure',
    'How much of its limit is used, by what; 1 is all of it.',
    ({ overload }) => samplesOf(overload.pressures),
    ['resource'],
  ),
  count(
    'sluice_overload_shed_total',
    'Requests that were refused because there was too much to do.',
    ({ overload }) => samplesOf(overload.shed),
    ['reason'],
  ),
  count(
    'sluice_overload_evicted_total',
    'Streams that were ended because memory was short.',
    ({ overload }) => overload.evicted,
  ),
]

/** Of what is written and shared. */
export const storeFamilies: readonly StateFamily[] = [
  now('sluice_ledger_waiting_rows', 'Rows of the usage ledger that wait.', ({ ledger }) =>
    ledger === null ? null : ledger.waiting,
  ),
  count('sluice_ledger_rows_total', 'Rows that were written.', ({ ledger }) =>
    ledger === null ? null : ledger.written,
  ),
  count('sluice_ledger_dropped_rows_total', 'Rows that were given up.', ({ ledger }) =>
    ledger === null ? null : ledger.dropped,
  ),
  count('sluice_ledger_failures_total', 'Writes that failed.', ({ ledger }) =>
    ledger === null ? null : ledger.failures,
  ),
  worst('sluice_ledger_failing', '1 while the ledger cannot be written.', ({ ledger }) =>
    ledger === null ? null : Number(ledger.isFailing),
  ),
  count('sluice_log_lost_lines_total', 'Lines of the log that could not be written.', (state) => {
    return state.logLinesLost
  }),
  count('sluice_spans_sent_total', 'Spans that the OpenTelemetry collector took.', ({ spans }) =>
    spans === null ? null : spans.sent,
  ),
  count('sluice_spans_lost_total', 'Spans that it did not take, or that had no room.', (state) =>
    state.spans === null ? null : state.spans.lost,
  ),
  now('sluice_spans_waiting', 'Spans that wait to be sent.', ({ spans }) =>
    spans === null ? null : spans.waiting,
  ),
  now(
    'sluice_store_up',
    '1 while what limits are counted in answers, the worst of all workers.',
    ({ store }) => [[[store.name], Number(store.isReady)]],
    ['store'],
    'min',
  ),
  count(
    'sluice_store_operations_total',
    'What was asked of it.',
    ({ store }) => [[[store.name], store.operations]],
    ['store'],
  ),
  count(
    'sluice_store_failures_total',
    'What went wrong there: timeouts are among the failures, settlements and news were lost.',
    ({ store }) =>
      samplesOf({
        failure: store.failures,
        timeout: store.timeouts,
        reconnect: store.reconnects,
        lost_settlement: store.lostSettlements,
        lost_news: store.lostNews,
      }),
    ['kind'],
  ),
  count(
    'sluice_store_decided_locally_total',
    'Requests that a worker decided on alone while it was away.',
    ({ store }) => store.decidedLocally,
  ),
  count(
    'sluice_store_undecided_total',
    'Requests that were refused because a budget could not be decided.',
    ({ store }) => store.undecided,
  ),
]

/** Of the program and its processes. */
export const programFamilies: readonly StateFamily[] = [
  worst(
    'sluice_build_info',
    'Always 1; what runs is in the labels.',
    ({ version, runtime }) => [[[version, runtime], 1]],
    ['version', 'runtime'],
  ),
  now(
    'sluice_workers',
    'Workers that these numbers are of.',
    ({ draining }) => [
      [['serving'], Number(!draining)],
      [['draining'], Number(draining)],
    ],
    ['state'],
  ),
  worst('sluice_configurations', 'Configurations obeyed since the start.', (state) => {
    return state.configurations
  }),
  count('process_cpu_seconds_total', 'Processor time of the workers.', ({ process }) => {
    return process.cpuUserSeconds + process.cpuSystemSeconds
  }),
  now('process_resident_memory_bytes', 'Resident memory of the workers.', ({ process }) => {
    return process.residentBytes
  }),
  now('process_open_fds', 'Descriptors that the workers have open.', ({ process }) => {
    return process.descriptorsOpen
  }),
  now('process_max_fds', 'Descriptors that the workers may have.', ({ process }) => {
    return process.descriptorsMax
  }),
  now(
    'process_start_time_seconds',
    'When the oldest worker started, in Unix time.',
    ({ process }) => process.startedAtSeconds,
    [],
    'min',
  ),
]
