/** What is read of a worker when it is asked: each metric, and where its value comes from. */
import { type Aggregator, counter, type Family, gauge } from './family.ts'
import type { Sample, WorkerState } from './worker-state.ts'

/** A metric that is read and not counted here. */
export interface StateFamily {
  readonly family: Family
  /** Null where there is nothing to tell. */
  readonly read: (state: WorkerState) => readonly Sample[]
}

type Read = (state: WorkerState) => number | null | readonly Sample[]

const reading = (family: Family, read: Read): StateFamily => ({
  family,
  read: (state) => {
    const value = read(state)
    if (value === null) return []
    return typeof value === 'number' ? [[[], value]] : value
  },
})

const count = (name: string, help: string, read: Read, labels: readonly string[] = []) =>
  reading(counter(name, help, labels), read)

const now = (
  name: string,
  help: string,
  read: Read,
  labels: readonly string[] = [],
  aggregator: Aggregator = 'sum',
) => reading(gauge(name, help, labels, aggregator), read)

const worst = (name: string, help: string, read: Read, labels: readonly string[] = []) =>
  now(name, help, read, labels, 'max')

const samplesOf = (values: Readonly<Record<string, number>>): readonly Sample[] =>
  Object.entries(values).map(([label, value]) => [[label], value])

/** Numbers that graphs draw above each other: the higher the worse. */
const breakerStates = { closed: 0, 'half-open': 1, open: 2 } as const

const traffic: readonly StateFamily[] = [
  now('sluice_requests_live', 'Requests under way.', ({ live }) => live.requests),
  now('sluice_streams_live', 'Those of them that asked for a stream.', ({ live }) => live.streams),
  now(
    'sluice_provider_attempts_live',
    'Attempts under way, from their beginning to the end of the answer.',
    ({ inFlight }) => [...inFlight].map(([provider, value]) => [[provider], value]),
    ['provider'],
  ),
  now('sluice_queue_waiting', 'Requests that wait for their turn.', ({ queue }) => queue.waiting),
  count(
    'sluice_queue_rejected_total',
    'Requests that were refused because the wait would have been too long.',
    ({ queue }) => queue.rejected,
  ),
  now(
    'sluice_gate_inside',
    'Requests that a provider, or a target of a route, has now, where there is a limit to them.',
    ({ gates }) => gates.map(({ name, inside }) => [[name], inside]),
    ['gate'],
  ),
  now(
    'sluice_gate_waiting',
    'Requests that wait for it.',
    ({ gates }) => gates.map(({ name, waiting }) => [[name], waiting]),
    ['gate'],
  ),
  now(
    'sluice_gate_limit',
    'How many it may have now; absent where nothing limits them.',
    ({ gates }) => gates.flatMap(({ name, limit }) => (limit === null ? [] : [[[name], limit]])),
    ['gate'],
  ),
  worst(
    'sluice_breaker_state',
    'Circuit breaker of a target, the worst of all workers: 0 closed, 1 half open, 2 open.',
    ({ breakers }) => breakers.map(({ target, state }) => [[target], breakerStates[state]]),
    ['target'],
  ),
  now(
    'sluice_breakers',
    'Circuit breakers of all workers, by state.',
    ({ breakers }) =>
      Object.keys(breakerStates).map((state) => [
        [state],
        breakers.filter((breaker) => breaker.state === state).length,
      ]),
    ['state'],
  ),
]

const tierLabels = ['size_bytes'] as const

const tiers =
  (field: 'inUse' | 'available' | 'hits' | 'misses' | 'trimmed'): Read =>
  ({ pool }) =>
    pool.tiers.map((tier) => [[String(tier.size)], tier[field]])

const memory: readonly StateFamily[] = [
  now('sluice_pool_buffers_in_use', 'Pooled buffers in use.', tiers('inUse'), tierLabels),
  now('sluice_pool_buffers_free', 'Pooled buffers that are free.', tiers('available'), tierLabels),
  count('sluice_pool_hits_total', 'Buffers that were there.', tiers('hits'), tierLabels),
  count('sluice_pool_misses_total', 'Buffers that were made.', tiers('misses'), tierLabels),
  count('sluice_pool_trimmed_total', 'Buffers that were given up.', tiers('trimmed'), tierLabels),
  count(
    'sluice_pool_overflow_total',
    'Buffers outside of the pool: larger than its largest, or beyond its ceiling.',
    ({ pool }) => pool.overflow,
  ),
  now(
    'sluice_pool_overflow_in_use',
    'Buffers outside of the pool that are in use.',
    ({ pool }) => pool.overflowInUse,
  ),
  now(
    'sluice_pool_overflow_bytes',
    'Bytes of the buffers outside of the pool that are in use.',
    ({ pool }) => pool.overflowBytes,
  ),
  now('sluice_pool_bytes', 'Bytes of the pool, free and in use.', ({ pool }) => pool.totalBytes),
  now('sluice_pool_bytes_max', 'What the pool may have, at most.', ({ pool }) => pool.bytesMax),
  count(
    'sluice_pool_double_releases_total',
    'Faults: buffers that were given back twice.',
    ({ pool }) => pool.doubleReleases,
  ),
  now('sluice_spool_files', 'Bodies that wait on the disk.', ({ spoolFiles }) => spoolFiles),
  now(
    'sluice_resumable_streams',
    'Streams that can be resumed, those among them that are over.',
    ({ resumable }) => resumable.streams,
  ),
  now(
    'sluice_resumable_stream_readers',
    'Clients that read one of them.',
    ({ resumable }) => resumable.readers,
  ),
  now(
    'sluice_resumable_stream_bytes',
    'What is kept of them in memory.',
    ({ resumable }) => resumable.bytes,
  ),
]

const health: readonly StateFamily[] = [
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

const stores: readonly StateFamily[] = [
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

const programs: readonly StateFamily[] = [
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

/** All of them, in the order in which they are written. */
export const stateFamilies: readonly StateFamily[] = [
  ...traffic,
  ...memory,
  ...health,
  ...stores,
  ...programs,
]
