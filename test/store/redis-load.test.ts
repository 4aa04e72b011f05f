/** Redis paused, slow, killed and started again under load: bounded, right, and recovered. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { RedisStore } from '../../src/store/redis.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../kit/redis.ts'
import { eventually } from '../kit/signal.ts'
import { backToBudget, backToRate, budget, lease, leave, rate, remaining } from './stand.ts'

/** The bound is 100 ms; the machine of the tests may be busy. */
const GENEROUS_MS = 1500
const WIDTH = 20

/** What the load saw. */
interface Seen {
  answers: number
  unavailable: number
  /** Answers that cannot be those to their questions. */
  wrong: number
  longestMs: number
}

describeWithRedis('under load', () => {
  let server: RedisServer
  let store: RedisStore
  let isOver = false
  let work: Promise<unknown>
  const seen: Seen = { answers: 0, unavailable: 0, wrong: 0, longestMs: 0 }

  beforeEach(async () => {
    server = await startRedis('--enable-debug-command', 'local')
    store = new RedisStore({ url: server.url, heartbeatMs: 200 })
    await store.open()
    await eventually(() => store.view().state === 'ready', 'Redis is not used')
    isOver = false
    Object.assign(seen, { answers: 0, unavailable: 0, wrong: 0, longestMs: 0 })
    work = Promise.all(Array.from({ length: WIDTH }, (_, lane) => keepTaking(lane)))
  })
  afterEach(async () => {
    isOver = true
    server.resume()
    await work
    await store.close()
    await server.close()
  })

  /** Asks what has one right answer wherever it is decided, so that no reply can be another's. */
  async function keepTaking(lane: number): Promise<void> {
    for (let round = 0; !isOver; round += 1) {
      const name = `${lane}-${round}`
      const limit = 1000 + lane * 100_000 + round
      const first = rate(name, 1, limit, 60_000)
      const second = budget(name, 1, limit, Date.now() + 60_000)
      const place = lease(name, 'x', limit)
      await timed(async () => {
        if (remaining(await store.take([first, place])).some((left) => left !== limit - 1)) {
          seen.wrong += 1
        }
        seen.answers += 1
      })
      await timed(async () => {
        if (remaining(await store.take([second]))[0] !== limit - 1) seen.wrong += 1
        seen.answers += 1
      })
      await timed(async () => {
        await store.settle([backToRate(first, 1), leave(name, 'x'), backToBudget(second, 1)])
      })
      await timed(async () => store.renew([{ key: `kept-${lane}`, id: 'x', ttlMs: 15_000 }]))
      // Without Redis all of that takes no turn of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  async function timed(operation: () => Promise<void>): Promise<void> {
    const startedAtMs = performance.now()
    await operation().catch((thrown: unknown) => {
      if (!(thrown instanceof GatewayError && thrown.code === 'store_unavailable')) throw thrown
      seen.unavailable += 1
    })
    seen.longestMs = Math.max(seen.longestMs, performance.now() - startedAtMs)
  }

  const decidedLocally = (): number => store.view().decidedLocally
  const goesOnLocally = async (): Promise<void> => {
    const before = decidedLocally()
    await eventually(() => decidedLocally() > before + 50, 'nothing is decided without Redis')
    expect(seen.unavailable).toBeGreaterThan(0)
  }
  const goesOnShared = async (): Promise<void> => {
    await eventually(() => store.view().state === 'ready', 'Redis is not used again', 10_000)
    await eventually(
      async () => {
        const before = [decidedLocally(), seen.unavailable]
        const answers = seen.answers
        await eventually(() => seen.answers > answers + 50, 'nothing is answered')
        return decidedLocally() === before[0] && seen.unavailable === before[1]
      },
      'it does not settle down',
      10_000,
    )
  }
  const expectNothingWrong = (): void => {
    expect(seen.wrong).toBe(0)
    expect(seen.longestMs).toBeLessThan(GENEROUS_MS)
  }

  test('a pause is not waited for, and nothing is mixed up after it', async () => {
    await goesOnShared()
    for (let times = 0; times < 3; times += 1) {
      server.pause()
      await goesOnLocally()
      server.resume()
      await goesOnShared()
    }
    expect(store.view().timeouts).toBeGreaterThan(0)
    expect(store.view().reconnects).toBeGreaterThanOrEqual(3)
    expectNothingWrong()
  }, 60_000)

  test('a server that is slower than the bound is not waited for', async () => {
    await goesOnShared()
    void server.command('DEBUG', 'SLEEP', '0.7').catch(() => {})
    await goesOnLocally()
    await goesOnShared()
    expectNothingWrong()
  }, 60_000)

  test('a kill and a new start need nobody', async () => {
    await goesOnShared()
    for (let times = 0; times < 3; times += 1) {
      await server.kill()
      await goesOnLocally()
      await server.restart()
      await goesOnShared()
    }
    expectNothingWrong()
    const { failures, lostSettlements } = store.view()
    expect(failures).toBeGreaterThan(0)
    expect(lostSettlements).toBeGreaterThan(0)
  }, 60_000)

  test('connections that are cut one after the other do no harm', async () => {
    await goesOnShared()
    for (let times = 0; times < 10; times += 1) {
      await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await goesOnShared()
    }
    expect(store.view().reconnects).toBeGreaterThanOrEqual(5)
    expectNothingWrong()
  }, 60_000)
})
