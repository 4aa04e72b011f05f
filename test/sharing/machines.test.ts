/** Sixteen machines that share one Redis, and one database of keys: they are as one. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { ask, jsonRequest, type RawClient } from '../kit/client.ts'
import type { Program } from '../kit/program.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../kit/redis.ts'
import type { RawResponse } from '../kit/response.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import {
  exactKeys,
  expectExactPlaces,
  expectExactRates,
  expectOneOfBudget,
  expectPlacesBack,
  holdPlaces,
  PLACES,
} from './exact.ts'
import * as fleet from './fleet.ts'

setDefaultTimeout(90_000)

const MACHINES = 16
/** News need no more than a moment; what is remembered of a key would hold for a minute. */
const AT_ONCE_MS = 2000

describeWithRedis('sixteen machines', () => {
  let provider: fleet.Provider
  let redis: RedisServer
  let machines: readonly Program[]
  /** One more, which is killed. */
  let spare: readonly Program[]
  let clients: readonly RawClient[]
  /** What was under way when that was. */
  let held: readonly RawResponse[]
  let killedAtMs: number

  beforeAll(async () => {
    provider = fleet.startProvider()
    redis = await startRedis()
    const all = await fleet.startMachines(MACHINES + 1, {
      ...fleet.environmentOf(provider, exactKeys),
      ...fleet.patient,
      WORKERS: '1',
      REDIS_URL: redis.url,
      DATABASE_URL: join(mkdtempSync(join(runDirectory(), 'fleet-')), 'keys.db'),
    })
    machines = all.slice(0, MACHINES)
    spare = all.slice(MACHINES)
    clients = await fleet.connect(machines, 64)
  })
  afterAll(async () => {
    await fleet.endFleets()
    await redis.close()
  })

  test('all of them count in Redis', async () => {
    const views = await Promise.all(clients.map(fleet.limitsOf))
    for (const { store } of views) expect(store).toMatchObject({ name: 'redis', state: 'ready' })
  })

  test('another one is killed while its clients have places, as others do', async () => {
    const [lost, others] = [
      await fleet.connect(spare, 3),
      await fleet.connect(machines, PLACES - 3),
    ]
    held = await holdPlaces([...lost, ...others], provider)
    for (const machine of spare) machine.kill()
    killedAtMs = performance.now()
  })

  test('a burst of 10,000 on rates', () => expectExactRates(clients))

  test('a burst of 10,000 on places', () => expectExactPlaces(clients, provider))

  test('a hundred at once on a budget of one', async () => {
    await expectOneOfBudget(await fleet.connect(machines, 100), provider)
  })

  test('a key that is revoked on one machine ends on all others at once', async () => {
    const [first, ...others] = machines
    if (first === undefined) throw new Error('there is no machine')
    const headers = { authorization: `Bearer ${fleet.adminToken}` }
    const made = await ask(first.url, jsonRequest('/api/keys', { name: 'managed' }, headers))
    const { id, secret } = JSON.parse(made.text())
    const here = await fleet.connect(others, others.length)
    const outcomes = (): Promise<string[]> =>
      Promise.all(here.map((client) => fleet.outcomeOf(fleet.chat(client, secret))))
    // Each of them remembers the key from now on.
    expect(new Set(await outcomes())).toEqual(new Set(['200']))
    const views = await Promise.all(here.map(fleet.limitsOf))
    for (const { keys } of views) expect(keys.remembered).toBe(1)
    const revoked = await ask(first.url, { method: 'DELETE', path: `/api/keys/${id}`, headers })
    expect(revoked.status).toBe(200)
    const isOver = async (): Promise<boolean> =>
      (await outcomes()).every((outcome) => outcome === '401 invalid_api_key')
    await eventually(isOver, 'the key is refused everywhere', AT_ONCE_MS)
  })

  test('its places are free within 15 seconds, and those of the others are not', async () => {
    await expectPlacesBack(held, machines, provider, killedAtMs)
    expect(held.map(({ ending }) => ending === 'complete').indexOf(true)).toBe(3)
  })

  test('nobody had to decide alone', async () => {
    for (const { store } of await Promise.all(clients.map(fleet.limitsOf))) {
      expect(store).toMatchObject({ state: 'ready', failures: 0, decidedLocally: 0 })
    }
    await fleet.untilNoPlaces(clients)
  })
})
