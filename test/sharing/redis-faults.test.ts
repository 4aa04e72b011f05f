/**
 * Redis that hangs, dies and takes no writes while requests come: nobody gets a 500, nobody waits
 * long, rates go on with a share, budgets are refused and never mistaken for a wrong key, and all
 * is as before when it is back, without a restart (fault matrix, row 59).
 */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { ask, jsonRequest, type RawClient } from '../kit/client.ts'
import type { Program } from '../kit/program.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../kit/redis.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { Burst } from './burst.ts'
import * as fleet from './fleet.ts'
import { Load } from './load.ts'

setDefaultTimeout(60_000)

const SHARED = 20
const keys = {
  plain: {},
  rate: { limits: { requestsPerMinute: 1_000_000, concurrentStreams: 1000 } },
  budget: { budget: { daily: 1_000_000_000 } },
  share: { limits: { requestsPerMinute: SHARED } },
  after: { limits: { requestsPerMinute: SHARED } },
}

describeWithRedis('two machines whose Redis fails under load', () => {
  let provider: fleet.Provider
  let redis: RedisServer
  let machines: readonly Program[]
  /** One connection to each machine that nothing else uses. */
  let operators: readonly RawClient[]

  beforeAll(async () => {
    provider = fleet.startProvider()
    redis = await startRedis()
    machines = await fleet.startMachines(2, {
      ...fleet.environmentOf(provider, keys),
      WORKERS: '1',
      REDIS_URL: redis.url,
      DATABASE_URL: join(mkdtempSync(join(runDirectory(), 'fleet-')), 'keys.db'),
    })
    operators = await fleet.connect(machines, 2)
  })
  // A test that fails leaves the next one a Redis that answers.
  afterEach(() => redis.resume())
  afterAll(async () => {
    await fleet.endFleets()
    await redis.close()
  })

  const stores = async () =>
    (await Promise.all(operators.map(fleet.limitsOf))).map(({ store }) => store)

  const untilState = (state: string): Promise<void> =>
    eventually(
      async () => (await stores()).every((store) => store.state === state),
      `all stores are ${state}`,
      15_000,
    )

  /** Breaks Redis under load, and mends it. */
  async function outage(begin: () => unknown, end: () => unknown): Promise<void> {
    const before = await stores()
    const load = async (name: string): Promise<Load> =>
      new Load(name, await fleet.connect(machines, 4), fleet.secretOf(name))
    const [plain, rate, budget] = [await load('plain'), await load('rate'), await load('budget')]
    const all = [plain, rate, budget]
    await Promise.all(all.map((each) => each.untilMore('200', 50)))
    await begin()
    await untilState('away')
    await Promise.all([plain, rate].map((each) => each.untilMore('200', 100)))
    await budget.untilMore('503 store_unavailable', 100)
    await end()
    await untilState('ready')
    await Promise.all(all.map((each) => each.untilMore('200', 100)))
    await plain.expectOnly('200')
    await rate.expectOnly('200')
    await budget.expectOnly('200', '503 store_unavailable')
    for (const [index, store] of (await stores()).entries()) {
      for (const name of ['failures', 'decidedLocally', 'undecided', 'reconnects']) {
        expect(store[name], name).toBeGreaterThan(before[index][name])
      }
    }
  }

  test('it hangs, and goes on', () =>
    outage(
      () => redis.pause(),
      () => redis.resume(),
    ))

  test('it is killed, and another one comes in its place', () =>
    outage(
      () => redis.kill(),
      () => redis.restart(),
    ))

  test('it becomes a replica that takes no writes, and a primary again', () =>
    outage(
      () => redis.command('REPLICAOF', '127.0.0.1', '1'),
      () => redis.command('REPLICAOF', 'NO', 'ONE'),
    ))

  test('while it hangs, each machine has its half of a rate; then they share again', async () => {
    const isKnown = async (): Promise<boolean> =>
      (await stores()).every(({ processes }) => processes === 2)
    await eventually(isKnown, 'they know of each other', 12_000)
    redis.pause()
    // A budget that cannot be decided shows that it is noticed.
    await Promise.all(
      operators.map((client) => fleet.chat(client, fleet.secretOf('budget')).ended()),
    )
    await untilState('away')
    for (const machine of machines) {
      const burst = new Burst(60)
      await burst.send(await fleet.connect([machine], 4), fleet.secretOf('share'), 'quick')
      burst.expectRate(SHARED / 2)
    }
    redis.resume()
    await untilState('ready')
    const burst = new Burst(200)
    await burst.send(await fleet.connect(machines, 8), fleet.secretOf('after'), 'quick')
    burst.expectRate(SHARED)
  })

  test('news of keys travel again', async () => {
    const [here, there] = machines
    if (here === undefined || there === undefined) throw new Error('there are two machines')
    const headers = { authorization: `Bearer ${fleet.adminToken}` }
    const revokedAtOnce = async (): Promise<boolean> => {
      const made = await ask(here.url, jsonRequest('/api/keys', { name: 'managed' }, headers))
      const { id, secret } = JSON.parse(made.text())
      const outcome = async (): Promise<string> => {
        const [client] = await fleet.connect([there], 1)
        if (client === undefined) throw new Error('there is no client')
        return fleet.outcomeOf(fleet.chat(client, secret))
      }
      expect(await outcome()).toBe('200')
      await ask(here.url, { method: 'DELETE', path: `/api/keys/${id}`, headers })
      const deadlineMs = performance.now() + 1000
      while (performance.now() < deadlineMs) {
        if ((await outcome()) === '401 invalid_api_key') return true
      }
      return false
    }
    // The connection that listens comes back by itself, a little later than the one that counts.
    await eventually(revokedAtOnce, 'a key that is revoked ends elsewhere', 15_000)
  })

  test('nothing is left', async () => {
    for (const { places } of await Promise.all(operators.map(fleet.limitsOf))) {
      expect(places).toBe(0)
    }
  })
})
