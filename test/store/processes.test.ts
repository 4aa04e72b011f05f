/** Stores that several processes share, with real processes: exact, and free of the dead. */
import { Database } from 'bun:sqlite'
import { afterEach, describe, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { RedisStore } from '../../src/store/redis.ts'
import { SqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../kit/redis.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { lease } from './stand.ts'
import type { TakerResult, TakerWork } from './taker.ts'
import { runTakers, startTaker, sum } from './takers.ts'

const LIMIT = 997
/** Takes of each kind, over all processes. */
const BURST = 10_000

function expectExactly(results: readonly TakerResult[]): void {
  expect({
    rates: sum(results, 'rates'),
    places: sum(results, 'places'),
    budgets: sum(results, 'budgets'),
    together: sum(results, 'together'),
    errors: sum(results, 'errors'),
    decidedLocally: sum(results, 'decidedLocally'),
  }).toEqual({
    rates: LIMIT,
    places: LIMIT,
    budgets: LIMIT,
    together: Math.floor(LIMIT / 2),
    errors: 0,
    decidedLocally: 0,
  })
}

/** A killed process's places are free when they lapse, and not before. */
async function expectFreedAfterDeath(store: Store, work: TakerWork): Promise<void> {
  const holder = await startTaker(work)
  holder.begin()
  const held = JSON.parse(await holder.line()) as TakerResult
  expect(held.places).toBe(work.limit)
  await holder.kill('SIGKILL')
  const claim = lease('places', 'mine', work.limit, work.holdMs)
  expect((await store.take([claim])).ok).toBe(false)
  await eventually(async () => (await store.take([claim])).ok, 'no place is free', 10_000)
}

const work = (store: TakerWork['store'], processes: number): TakerWork => ({
  store,
  takes: BURST / processes,
  width: 50,
  limit: LIMIT,
  holdMs: 0,
})

describe('four processes and a file', () => {
  const path = (): string => join(runDirectory(), `limits-${randomUUID()}.db`)

  test('admit exactly the limit', async () => {
    const patient = { processes: 4, busyTimeoutMs: 30_000 }
    const store = { kind: 'sqlite', path: path(), ...patient } as const
    expectExactly(await runTakers(4, work(store, 4)))
  }, 60_000)

  test('admit exactly the limit where they draw ahead', async () => {
    const patient = { processes: 4, busyTimeoutMs: 30_000, hasNews: true }
    const store = { kind: 'sqlite', path: path(), ...patient } as const
    const results = await runTakers(4, work(store, 4))
    expectExactly(results)
    expect(sum(results, 'drawn')).toBeGreaterThan(LIMIT)
  }, 60_000)

  test('are not harmed by those that are killed in the midst of it', async () => {
    const options = { kind: 'sqlite', path: path(), processes: 4, busyTimeoutMs: 30_000 } as const
    const endless = { ...work(options, 4), takes: 1_000_000, limit: 1_000_000 }
    const doomed = await Promise.all([1, 2, 3].map(() => startTaker(endless)))
    const store = new SqliteStore(options)
    const rate = { kind: 'rate', limit: 1_000_000, periodMs: 86_400_000, cost: 0 } as const
    const taken = async (): Promise<number> => {
      const { standings } = await store.take([{ ...rate, key: 'rate' }])
      return 1_000_000 - (standings[0]?.remaining ?? 0)
    }
    for (const taker of doomed) taker.begin()
    for (const taker of doomed) {
      const before = await taken()
      await eventually(async () => (await taken()) > before + 200, 'they take nothing', 20_000)
      await taker.kill('SIGKILL')
    }
    await store.close()
    const whole = new Database(options.path)
    expect(whole.query('pragma integrity_check').values()).toEqual([['ok']])
    whole.close()
  }, 60_000)

  test('free the places of one that was killed', async () => {
    const options = { kind: 'sqlite', path: path(), processes: 4 } as const
    const store = new SqliteStore(options)
    const held = { store: options, takes: 20, width: 1, limit: 5, holdMs: 1500 }
    await expectFreedAfterDeath(store, held)
    await store.close()
  }, 30_000)
})

describeWithRedis('sixteen processes and Redis', () => {
  let server: RedisServer | null = null
  afterEach(async () => {
    await server?.close()
    server = null
  })

  test('admit exactly the limit', async () => {
    server = await startRedis()
    // All of them on a few cores: the bound of an operation is not what is tested here.
    const store = { kind: 'redis', url: server.url, boundMs: 30_000 } as const
    expectExactly(await runTakers(16, work(store, 16)))
  }, 120_000)

  test('free the places of one that was killed', async () => {
    server = await startRedis()
    const options = { kind: 'redis', url: server.url, boundMs: 5000 } as const
    const store = new RedisStore(options)
    await store.open()
    const held = { store: options, takes: 20, width: 1, limit: 5, holdMs: 1500 }
    await expectFreedAfterDeath(store, held)
    await store.close()
  }, 30_000)
})
