/**
 * A store that draws ahead, against the naive model and with made-up histories: alone it is the
 * model to the unit, and several of them never let in more together than the model does.
 */
import { expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { SqliteStore } from '../../src/store/sqlite.ts'
import type { Claim, Renewal, Settlement } from '../../src/store/store.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { ModelStore } from './model.ts'
import { NewsHub } from './news-hub.ts'
import { ManualClock } from './stand.ts'

/** What happens next, and to which of the workers. */
type Happening =
  | { readonly what: 'wait'; readonly ms: number }
  | { readonly what: 'take'; readonly claims: readonly Claim[]; readonly times: number }
  | { readonly what: 'settle'; readonly settlements: readonly Settlement[] }
  | { readonly what: 'renew'; readonly leases: readonly Renewal[] }

/** Limits of which something can be drawn: a few takes, many, and one that drains at once. */
const rates = [
  { key: 'few', limit: 120, periodMs: 5000 },
  { key: 'many', limit: 7_000_003, periodMs: 60_000 },
  { key: 'odd', limit: 331, periodMs: 77 },
] as const
const ttlMs = 3000
const places = [
  { key: 'p', max: 90, ttlMs },
  { key: 'q', max: 200, ttlMs },
] as const
/** Budgets that ended have nothing in them, so a history stops there. */
const HISTORY_MS = 8000
/** The same for all histories, so that a shrunk one means the same. */
const beginsAtMs = new ManualClock().wallMs()
const ends = { endsAtMs: beginsAtMs + HISTORY_MS }
const money = { key: 'money', max: 5000, ...ends }

const id = fc.nat({ max: 60 }).map(String)
const costOf = (limit: number) => fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: limit >> 3 }))
const rateClaim = fc
  .constantFrom(...rates)
  .chain((of) => costOf(of.limit).map((cost): Claim => ({ kind: 'rate', ...of, cost })))
const leaseClaim = fc
  .tuple(fc.constantFrom(...places), id)
  .map(([of, own]): Claim => ({ kind: 'lease', ...of, id: own }))
const budgetClaim = fc
  .nat({ max: 60 })
  .map((amount): Claim => ({ kind: 'budget', ...money, amount }))
const claims = fc.array(fc.oneof(rateClaim, leaseClaim, budgetClaim), { maxLength: 4 })

const backToRate = fc
  .tuple(fc.constantFrom(...rates), fc.integer({ min: -9, max: 9 }))
  .map(([of, giveBack]): Settlement => ({ kind: 'rate', ...of, giveBack }))
const backToBudget = fc
  .integer({ min: -70, max: 70 })
  .map((giveBack): Settlement => ({ kind: 'budget', key: 'money', giveBack, ...ends }))
const leave = fc
  .tuple(fc.constantFrom('p', 'q'), id)
  .map(([key, own]): Settlement => ({ kind: 'lease', key, id: own }))
const renewal = fc
  .tuple(fc.constantFrom('p', 'q'), id)
  .map(([key, own]): Renewal => ({ key, id: own, ttlMs }))

const wait = fc
  .oneof(fc.nat({ max: 40 }), fc.nat({ max: 4000 }))
  .map((ms): Happening => ({ what: 'wait', ms }))
const take = fc
  .tuple(claims, fc.integer({ min: 1, max: 12 }))
  .map(([of, times]): Happening => ({ what: 'take', claims: of, times }))
const settle = fc
  .array(fc.oneof(backToRate, backToBudget, leave), { maxLength: 3 })
  .map((settlements): Happening => ({ what: 'settle', settlements }))
const renew = fc
  .array(renewal, { maxLength: 2 })
  .map((leases): Happening => ({ what: 'renew', leases }))

const happening = fc.oneof(
  { weight: 2, arbitrary: wait },
  { weight: 5, arbitrary: take },
  { weight: 2, arbitrary: settle },
  { weight: 1, arbitrary: renew },
)

const clockAtBegin = (): ManualClock => {
  const clock = new ManualClock()
  clock.advance(beginsAtMs - clock.wallMs())
  return clock
}

/** Each time a place of another request, so that many are wanted. */
const another = (claim: Claim, time: number): Claim =>
  claim.kind === 'lease' && time > 0 ? { ...claim, id: `${claim.id}-${time}` } : claim

test('alone it counts like the model', async () => {
  let drawn = 0
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 40 }), async (happenings) => {
      const clock = clockAtBegin()
      const store = new SqliteStore({ path: ':memory:', processes: 1, clock })
      const model = new ModelStore()
      let passedMs = 0
      for (const next of happenings) {
        if (next.what === 'wait') {
          passedMs += next.ms
          if (passedMs >= HISTORY_MS) break
          clock.advance(next.ms)
        } else if (next.what === 'take') {
          for (let time = 0; time < next.times; time += 1) {
            const asked = next.claims.map((claim) => another(claim, time))
            const expected = model.take(asked, clock.monotonicUs())
            const taken = store.take(asked)
            if (!(taken instanceof Promise)) drawn += 1
            expect(await taken).toEqual(expected)
          }
        } else if (next.what === 'settle') {
          model.settle(next.settlements, clock.monotonicUs())
          await store.settle(next.settlements)
        } else {
          model.renew(next.leases, clock.monotonicUs())
          store.renew(next.leases)
        }
      }
      await store.close()
    }),
    { numRuns: 200 },
  )
  expect(drawn).toBeGreaterThan(200)
}, 60_000)

const WORKERS = 3

/** Workers that share a file and hear each other, and what tells how they fare together. */
class Fleet {
  readonly clock = clockAtBegin()
  readonly model = new ModelStore()
  readonly #path = join(runDirectory(), `drawing-${randomUUID()}.db`)
  readonly #hub = new NewsHub()
  readonly stores: readonly SqliteStore[] = Array.from({ length: WORKERS }, () => {
    const [path, clock] = [this.#path, this.clock]
    return new SqliteStore({ path, processes: WORKERS, clock, news: this.#hub.channel() })
  })
  /** The places that each has, as it would renew them. */
  readonly held = this.stores.map(() => new Map<string, Renewal>())
  /** Takes that needed no step. */
  drawn = 0

  async take(worker: number, asked: readonly Claim[]): Promise<boolean> {
    const taken = this.stores[worker]?.take(asked)
    if (taken === undefined) throw new Error('there is no such worker')
    if (!(taken instanceof Promise)) this.drawn += 1
    const { ok } = await taken
    for (const claim of ok ? asked : []) {
      if (claim.kind !== 'lease') continue
      const { key, id: own, ttlMs: keptMs } = claim
      this.held[worker]?.set(`${key} ${own}`, { key, id: own, ttlMs: keptMs })
    }
    return ok
  }

  /** Ends the oldest request that has a place. */
  async leave(worker: number): Promise<void> {
    for (const [name, { key, id: own }] of this.held[worker] ?? []) {
      this.held[worker]?.delete(name)
      this.model.settle([{ kind: 'lease', key, id: own }], this.clock.monotonicUs())
      await this.stores[worker]?.settle([{ kind: 'lease', key, id: own }])
      return
    }
  }

  /** Lets time pass, in which all places are kept. */
  wait(ms: number): void {
    this.clock.advance(ms)
    for (const [worker, held] of this.held.entries()) {
      const leases = [...held.values()]
      this.model.renew(leases, this.clock.monotonicUs())
      this.stores[worker]?.renew(leases)
    }
  }

  async close(): Promise<void> {
    for (const store of this.stores) await store.close()
    expect(this.#hub.listening).toBe(0)
    for (const end of ['', '-wal', '-shm']) rmSync(this.#path + end, { force: true })
  }
}

const worker = fc.nat({ max: WORKERS - 1 })
const turns = fc.array(
  fc.oneof(
    fc.record({
      what: fc.constant('take'),
      worker,
      claims,
      times: fc.integer({ min: 1, max: 20 }),
    }),
    fc.record({ what: fc.constant('leave'), worker, times: fc.nat({ max: 9 }) }),
  ),
  { maxLength: 25 },
)

test('in a burst several let in what the model does, and refuse what it refuses', async () => {
  let drawn = 0
  await fc.assert(
    fc.asyncProperty(turns, async (happenings) => {
      const fleet = new Fleet()
      let requests = 0
      for (const next of happenings) {
        for (let time = 0; time < next.times; time += 1) {
          requests += 1
          if (next.what !== 'take' || !('claims' in next)) await fleet.leave(next.worker)
          else {
            const asked = next.claims.map((claim) => another(claim, requests))
            const expected = fleet.model.take(asked, fleet.clock.monotonicUs()).ok
            expect(await fleet.take(next.worker, asked)).toBe(expected)
          }
        }
      }
      drawn += fleet.drawn
      await fleet.close()
    }),
    { numRuns: 60 },
  )
  expect(drawn).toBeGreaterThan(50)
}, 60_000)

const givesBack = fc.oneof(
  fc
    .tuple(fc.constantFrom(...rates), fc.nat({ max: 9 }))
    .map(([of, giveBack]): Settlement => ({ kind: 'rate', ...of, giveBack })),
  fc
    .nat({ max: 70 })
    .map((giveBack): Settlement => ({ kind: 'budget', key: 'money', giveBack, ...ends })),
)
const history = fc.array(
  fc.oneof(
    fc.record({ what: fc.constant('wait'), ms: fc.nat({ max: 500 }) }),
    fc.record({
      what: fc.constant('take'),
      worker,
      claims,
      times: fc.integer({ min: 1, max: 20 }),
    }),
    fc.record({ what: fc.constant('leave'), worker }),
    fc.record({ what: fc.constant('settle'), worker, settlement: givesBack }),
  ),
  { maxLength: 30 },
)

test('over time several never let in what the model would not', async () => {
  let drawn = 0
  await fc.assert(
    fc.asyncProperty(history, async (happenings) => {
      const fleet = new Fleet()
      let requests = 0
      for (const next of happenings) {
        const nowUs = fleet.clock.monotonicUs()
        if ('ms' in next) fleet.wait(next.ms)
        else if ('settlement' in next) {
          fleet.model.settle([next.settlement], nowUs)
          await fleet.stores[next.worker]?.settle([next.settlement])
        } else if (!('claims' in next)) await fleet.leave(next.worker)
        else {
          for (let time = 0; time < next.times; time += 1) {
            requests += 1
            const asked = next.claims.map((claim) => another(claim, requests))
            if (await fleet.take(next.worker, asked)) {
              expect(fleet.model.take(asked, nowUs)).toMatchObject({ ok: true })
            }
          }
        }
      }
      drawn += fleet.drawn
      await fleet.close()
    }),
    { numRuns: 60 },
  )
  expect(drawn).toBeGreaterThan(50)
}, 60_000)
