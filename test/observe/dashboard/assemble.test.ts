/** One frame out of what several workers tell of themselves. */
import { expect, test } from 'bun:test'
import { frameOf } from '../../../src/observe/dashboard/assemble.ts'
import type { DashboardPart } from '../../../src/observe/dashboard/part.ts'
import type { LiveStream } from '../../../src/observe/live.ts'
import { emptyTotals } from '../../../src/observe/tally.ts'
import { finishedOf } from '../alerts/rules.ts'

const rest = { version: '1', at: 5, keys: [], keysHidden: null, alerts: [] }

const partOf = (more: Partial<DashboardPart> = {}): DashboardPart => ({
  ...{ worker: 1, load: 'normal', seconds: [], totals: emptyTotals(), providers: [] },
  ...{ streams: [], liveCount: 0, liveByKey: {}, breakers: [], gates: [], errors: [] },
  pool: { enabled: true, overflow: 0, overflowInUse: 0, bytes: 0, bytesMax: 0, tiers: [] },
  ...more,
})

const streamOf = (at: number): LiveStream => ({
  ...{ id: `req_${at}`, at, worker: 1, phase: 'streaming', endpoint: 'chat-completions' },
  ...{ provider: 'openai', model: 'x', route: null, keyId: null, streaming: true, attempts: 1 },
  ...{ ageMs: 1, queueWaitMs: 0, queuePosition: null, firstContentMs: 1, sinceEventMs: 1 },
  ...{ events: 1, eventsPerSecond: 1, bytesIn: 1, bytesOut: 1, heldBytes: 0, gapMaxMs: 1 },
  ...{ stalls: 0, heartbeats: 0, backpressureMs: 0 },
})

test('nobody at all is a frame as well', () => {
  expect(frameOf([], 0, rest)).toMatchObject({
    ...{ workers: 0, load: 'normal', liveCount: 0, streams: [], points: [], breakers: [] },
    pool: { enabled: false, hitRate: 0, tiers: [] },
  })
})

test('the worst load, all streams with the oldest first, and as many as anybody reads', () => {
  const many = (from: number) =>
    Array.from({ length: 150 }, (_, index) => streamOf(from + index * 2))
  const frame = frameOf(
    [
      partOf({ streams: many(1), liveCount: 5000, load: 'strained' }),
      partOf({ streams: many(0), liveCount: 300 }),
    ],
    0,
    rest,
  )
  expect([frame.workers, frame.load, frame.liveCount]).toEqual([2, 'strained', 5300])
  expect(frame.streams).toHaveLength(200)
  expect(frame.streams.map(({ at }) => at)).toEqual(Array.from({ length: 200 }, (_, at) => at))
})

test('a breaker is as bad as the worst worker says, and set by hand where any says so', () => {
  const breaker = { target: 'a/x', override: 'auto', openForMs: 0 } as const
  const frame = frameOf(
    [
      partOf({ breakers: [{ ...breaker, state: 'half-open', consecutiveFailures: 9 }] }),
      partOf({
        breakers: [
          { ...breaker, state: 'open', consecutiveFailures: 2, openForMs: 700 },
          {
            ...breaker,
            target: 'a/a',
            state: 'closed',
            override: 'closed',
            consecutiveFailures: 0,
          },
        ],
      }),
    ],
    0,
    rest,
  )
  expect(frame.breakers).toEqual([
    {
      ...{ target: 'a/a', state: 'closed', override: 'closed' },
      ...{ consecutiveFailures: 0, openForMs: 0 },
    },
    { ...breaker, state: 'open', consecutiveFailures: 9, openForMs: 700 },
  ])
})

test('gates and tiers add up; one worker without a limit is no limit', () => {
  const gate = { name: 'openai', inside: 3, waiting: 1, limit: 4 }
  const tier = { sizeBytes: 4096, inUse: 1, free: 2, hits: 6, misses: 1 }
  const pool = { enabled: true, overflow: 1, overflowInUse: 1, bytes: 10, bytesMax: 20 }
  const tiers = [{ ...tier, sizeBytes: 65_536, hits: 0, misses: 0 }, tier]
  const frame = frameOf(
    [
      partOf({ gates: [gate, { ...gate, name: 'b' }], pool: { ...pool, tiers } }),
      partOf({ gates: [gate, { ...gate, name: 'b', limit: null }], pool: { ...pool, tiers } }),
    ],
    0,
    rest,
  )
  expect(frame.gates).toEqual([
    { name: 'b', inside: 6, waiting: 2, limit: null },
    { name: 'openai', inside: 6, waiting: 2, limit: 8 },
  ])
  expect(frame.pool).toEqual({
    ...{ enabled: true, hitRate: 0.75, overflowInUse: 2, bytes: 20, bytesMax: 40 },
    tiers: [
      { sizeBytes: 4096, inUse: 2, free: 4, hits: 12, misses: 2 },
      { sizeBytes: 65_536, inUse: 2, free: 4, hits: 0, misses: 0 },
    ],
  })
})

test('errors are those that ended last', () => {
  const ended = (at: number) => finishedOf({ id: `req_${at}`, at: at - 1000, durationMs: 1000 })
  const errors = (from: number) => Array.from({ length: 40 }, (_, index) => ended(from - index * 2))
  const frame = frameOf([partOf({ errors: errors(99) }), partOf({ errors: errors(100) })], 0, rest)
  expect(frame.errors).toHaveLength(50)
  expect(frame.errors.map(({ id }) => id)).toEqual(
    Array.from({ length: 50 }, (_, index) => `req_${100 - index}`),
  )
})
