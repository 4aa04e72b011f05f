/** The stores against the naive model, with made-up histories; a failure prints its seed. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { MemoryStore } from '../../src/store/memory.ts'
import { RedisStore } from '../../src/store/redis.ts'
import { SqliteStore } from '../../src/store/sqlite.ts'
import type { Claim, Renewal, Settlement, Store } from '../../src/store/store.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../kit/redis.ts'
import { ModelStore } from './model.ts'
import { ManualClock, rate } from './stand.ts'

/** What happens next. Ends of windows are counted from the beginning of a history. */
type Happening =
  | { readonly what: 'wait'; readonly ms: number }
  | { readonly what: 'take'; readonly claims: readonly Claim[] }
  | { readonly what: 'settle'; readonly settlements: readonly Settlement[] }
  | { readonly what: 'renew'; readonly leases: readonly Renewal[] }

/** A rate's key keeps its numbers, for it is a setting; a small and an awkward one. */
const rates = [
  { key: 'few', limit: 7, periodMs: 1000 },
  { key: 'many', limit: 7_000_003, periodMs: 60_000 },
  { key: 'odd', limit: 13, periodMs: 77 },
] as const
const ttlMs = 3000

const rateOf = fc.constantFrom(...rates)
const costOf = (limit: number) => fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: limit + 2 }))
const placeKey = fc.constantFrom('p', 'q')
const id = fc.constantFrom('a', 'b', 'c', 'd')

function claims(beginsAtMs: number): fc.Arbitrary<readonly Claim[]> {
  const ends = { endsAtMs: beginsAtMs + 8000 }
  const rateClaim = rateOf.chain((of) =>
    costOf(of.limit).map((cost): Claim => ({ kind: 'rate', ...of, cost })),
  )
  const leaseClaim = fc
    .record({ key: placeKey, id, max: fc.nat({ max: 3 }) })
    .map((of): Claim => ({ kind: 'lease', ...of, ttlMs }))
  const budgetClaim = fc
    .record({ key: fc.constant('money'), amount: fc.nat({ max: 60 }), max: fc.constant(100) })
    .map((of): Claim => ({ kind: 'budget', ...of, ...ends }))
  return fc.array(fc.oneof(rateClaim, leaseClaim, budgetClaim), { maxLength: 4 })
}

function settlements(beginsAtMs: number): fc.Arbitrary<readonly Settlement[]> {
  const giveBack = fc.integer({ min: -9, max: 9 })
  const ofRate = fc
    .tuple(rateOf, giveBack)
    .map(([of, back]): Settlement => ({ kind: 'rate', ...of, giveBack: back }))
  const ofPlace = fc
    .record({ key: placeKey, id })
    .map((of): Settlement => ({ kind: 'lease', ...of }))
  const ofBudget = fc.integer({ min: -70, max: 70 }).map(
    (back): Settlement => ({
      kind: 'budget',
      key: 'money',
      giveBack: back,
      endsAtMs: beginsAtMs + 8000,
    }),
  )
  return fc.array(fc.oneof(ofRate, ofPlace, ofBudget), { maxLength: 3 })
}

function history(beginsAtMs: number): fc.Arbitrary<readonly Happening[]> {
  const wait = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 4000 }))
  const happening: fc.Arbitrary<Happening> = fc.oneof(
    { weight: 2, arbitrary: wait.map((ms) => ({ what: 'wait' as const, ms })) },
    {
      weight: 4,
      arbitrary: claims(beginsAtMs).map((of) => ({ what: 'take' as const, claims: of })),
    },
    {
      weight: 2,
      arbitrary: settlements(beginsAtMs).map((of) => ({
        what: 'settle' as const,
        settlements: of,
      })),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(fc.record({ key: placeKey, id, ttlMs: fc.constant(ttlMs) }), { maxLength: 2 })
        .map((leases) => ({ what: 'renew' as const, leases })),
    },
  )
  return fc.array(happening, { maxLength: 40 })
}

/** A fresh store, and how the time moves in it. */
interface Fresh {
  readonly store: Store
  readonly clock: ManualClock
  settime(): Promise<void>
}

/** Budgets that ended have nothing in them, so a history stops there. */
const HISTORY_MS = 8000

async function agrees({ store, clock, settime }: Fresh, happenings: readonly Happening[]) {
  const model = new ModelStore()
  let passedMs = 0
  for (const happening of happenings) {
    if (happening.what === 'wait') {
      passedMs += happening.ms
      if (passedMs >= HISTORY_MS) return
      clock.advance(happening.ms)
      await settime()
    } else if (happening.what === 'take') {
      const expected = model.take(happening.claims, clock.monotonicUs())
      expect(await store.take(happening.claims)).toEqual(expected)
    } else if (happening.what === 'settle') {
      model.settle(happening.settlements, clock.monotonicUs())
      await store.settle(happening.settlements)
    } else {
      model.renew(happening.leases, clock.monotonicUs())
      await store.renew(happening.leases)
    }
  }
}

const still = async (): Promise<void> => {}
/** The same for all histories of a run, so that a shrunk one means the same. */
const begin = new ManualClock()
const beginsAtMs = begin.wallMs()
const clockAtBegin = (): ManualClock => {
  const clock = new ManualClock()
  clock.advance(beginsAtMs - clock.wallMs())
  return clock
}

describe('like the model', () => {
  test('memory counts', async () => {
    await fc.assert(
      fc.asyncProperty(history(beginsAtMs), async (happenings) => {
        const clock = clockAtBegin()
        await agrees({ store: new MemoryStore(clock), clock, settime: still }, happenings)
      }),
      { numRuns: 1500 },
    )
  }, 60_000)

  test('sqlite counts', async () => {
    await fc.assert(
      fc.asyncProperty(history(beginsAtMs), async (happenings) => {
        const clock = clockAtBegin()
        const store = new SqliteStore({ path: ':memory:', processes: 1, clock })
        await agrees({ store, clock, settime: still }, happenings)
        await store.close()
      }),
      { numRuns: 300 },
    )
  }, 60_000)
})

describeWithRedis('like the model', () => {
  let server: RedisServer
  let store: RedisStore
  beforeAll(async () => {
    server = await startRedis()
    store = new RedisStore({ url: server.url, timeKey: 'clock', boundMs: 5000, namespace: 'p' })
    await server.command('SET', 'clock', `${beginsAtMs * 1000}`)
    await store.open()
  })
  afterAll(async () => {
    await store.close()
    await server.close()
  })

  test('redis counts', async () => {
    await fc.assert(
      fc.asyncProperty(history(beginsAtMs), async (happenings) => {
        await server.command('FLUSHALL')
        const clock = clockAtBegin()
        const settime = async (): Promise<void> => {
          await server.command('SET', 'clock', String(clock.monotonicUs()))
        }
        await settime()
        await agrees({ store, clock, settime }, happenings)
      }),
      { numRuns: 150 },
    )
    expect(store.view().failures).toBe(0)
  }, 60_000)
})

test('no stretch of time sees more than the limit and what comes back during it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.array(fc.tuple(fc.nat({ max: 500 }), fc.integer({ min: 1, max: 5 })), { maxLength: 200 }),
      (limit, periodMs, takes) => {
        const clock = new ManualClock()
        const store = new MemoryStore(clock)
        const admitted: { readonly atUs: number; readonly cost: number }[] = []
        for (const [waitMs, cost] of takes) {
          clock.advance(waitMs)
          const taken = store.take([rate('a', cost, limit, periodMs)])
          if (taken.ok) admitted.push({ atUs: clock.monotonicUs(), cost })
        }
        // GCRA's bound for any stretch of time: a burst, and what comes back during it.
        for (let from = 0; from < admitted.length; from += 1) {
          let sum = 0
          for (const { atUs, cost } of admitted.slice(from)) {
            sum += cost
            const stretchUs = atUs - (admitted[from]?.atUs ?? 0)
            expect(sum).toBeLessThanOrEqual(limit + (stretchUs * limit) / (periodMs * 1000))
          }
        }
      },
    ),
    { numRuns: 300 },
  )
})
