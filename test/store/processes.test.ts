/** Stores that several processes share, with real processes: exact, and free of the dead. */
import { Database } from 'bun:sqlite'
import { afterEach, describe, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { RedisStore } from '../../src/store/redis.ts'
import { SqliteStore } from '../../src/store/sqlite.ts'
import type { Claim, NewsChannel, Store } from '../../src/store/store.ts'
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
    expect(sum(results, 'drawn')).toBeGreaterThan(LIMIT / 10)
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

describe('a process that drew ahead', () => {
  const options = () => {
    const path = join(runDirectory(), `limits-${randomUUID()}.db`)
    return { kind: 'sqlite', path, processes: 2, hasNews: true } as const
  }
  const rate = { kind: 'rate', key: 'rate', cost: 1, limit: LIMIT, periodMs: 86_400_000 } as const
  const TAKES = 20

  /** Takes until the first refusal, and gives how many were let in. */
  async function takeAll(store: Store, claimOf: (index: number) => Claim): Promise<number> {
    for (let count = 0; ; count += 1) {
      if (!(await store.take([claimOf(count)])).ok) return count
    }
  }

  test('and is stopped keeps nobody waiting, and gives it back when it goes on', async () => {
    const hears: ((text: string) => void)[] = []
    const work = { store: options(), takes: TAKES, width: 1, limit: LIMIT, holdMs: 60_000 }
    const taker = await startTaker(work, (news) => {
      for (const hear of hears) hear((news as { readonly text: string }).text)
    })
    const news: NewsChannel = {
      publish: (topic, text) => taker.tell({ topic, text }),
      subscribe: (_topic, hear) => {
        hears.push(hear)
        return () => hears.splice(0)
      },
    }
    const store = new SqliteStore({ ...work.store, news })
    taker.begin()
    const { rates, drawn } = JSON.parse(await taker.line()) as TakerResult
    taker.stop()
    expect([rates, drawn > 0]).toEqual([TAKES, true])
    let own = await takeAll(store, () => rate)
    expect(own).toBeLessThan(LIMIT - TAKES)
    const startedAtMs = performance.now()
    expect((await store.take([rate])).ok).toBe(false)
    expect(performance.now() - startedAtMs).toBeLessThan(1000)
    taker.goOn()
    await eventually(async () => {
      if ((await store.take([rate])).ok) own += 1
      return own === LIMIT - TAKES
    }, 'it keeps what it drew')
    expect((await store.take([rate])).ok).toBe(false)
    await taker.kill()
    await store.close()
  }, 30_000)

  test('and is killed holds its places until they lapse, and no longer', async () => {
    const work = { store: options(), takes: TAKES, width: 1, limit: LIMIT, holdMs: 1500 }
    const taker = await startTaker(work)
    const news: NewsChannel = { publish: () => {}, subscribe: () => () => {} }
    const store = new SqliteStore({ ...work.store, news })
    taker.begin()
    const held = JSON.parse(await taker.line()) as TakerResult
    await taker.kill('SIGKILL')
    expect(held.places).toBe(TAKES)
    const place = (index: number, ttlMs = 60_000): Claim => {
      return { kind: 'lease', key: 'places', id: `own-${index}`, max: LIMIT, ttlMs }
    }
    let own = await takeAll(store, place)
    expect(own).toBeLessThanOrEqual(LIMIT - TAKES)
    await eventually(async () => {
      if ((await store.take([place(own)])).ok) own += 1
      return own === LIMIT
    }, 'its places are not free')
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
