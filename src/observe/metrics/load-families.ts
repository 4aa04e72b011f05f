/** What is read of the work of a worker: requests, attempts, the queue, breakers, memory. */
import { count, now, type Read, type StateFamily, worst } from './state-family.ts'

/** Numbers that graphs draw above each other: the higher the worse. */
const breakerStates = { closed: 0, 'half-open': 1, open: 2 } as const

/** Of requests and whom they go to. */
export const trafficFamilies: readonly StateFamily[] = [
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

/** Of buffers and files. */
export const memoryFamilies: readonly StateFamily[] = [
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
