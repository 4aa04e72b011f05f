/** Four workers of one machine, without Redis: limits are theirs together, to the unit. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { RawClient } from '../kit/client.ts'
import type { Program } from '../kit/program.ts'
import type { RawResponse } from '../kit/response.ts'
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

const provider = fleet.startProvider()
let program: Program
let clients: readonly RawClient[]
/** What was under way when a worker was killed, and when that was. */
let held: readonly RawResponse[]
let killedAtMs: number

beforeAll(async () => {
  program = await fleet.startMachine({
    ...fleet.environmentOf(provider, exactKeys),
    ...fleet.patient,
    WORKERS: '4',
  })
  await eventually(async () => (await workersThatAnswer()).size === 4, 'four workers', 20_000)
  clients = await fleet.connect([program], 64)
})
afterAll(fleet.endFleets)

async function workersThatAnswer(): Promise<ReadonlySet<number>> {
  const asked = await fleet.connect([program], 16)
  const views = await Promise.all(asked.map(fleet.limitsOf))
  for (const client of asked) client.close()
  return new Set(views.map(({ worker }) => worker.id))
}

/** As many connections as there are places, three to each worker, so that each has some. */
async function connectEvenly(): Promise<readonly RawClient[]> {
  const byWorker = new Map<number, RawClient[]>()
  const isEnough = (): boolean =>
    byWorker.size === 4 && [...byWorker.values()].every((own) => own.length >= PLACES / 4)
  await eventually(async () => {
    for (const client of await fleet.connect([program], 16)) {
      const { worker } = await fleet.limitsOf(client)
      byWorker.set(worker.id, [...(byWorker.get(worker.id) ?? []), client])
    }
    return isEnough()
  }, 'connections to all workers')
  return [...byWorker.values()].flatMap((own) => own.slice(0, PLACES / 4))
}

test('all four take part, and count in one file', async () => {
  const views = await Promise.all(clients.map(fleet.limitsOf))
  expect(new Set(views.map(({ worker }) => worker.id))).toEqual(new Set([1, 2, 3, 4]))
  for (const { store } of views) expect(store).toMatchObject({ name: 'sqlite', processes: 4 })
})

test('a worker is killed while clients of all four have places', async () => {
  held = await holdPlaces(await connectEvenly(), provider)
  const [pid = 0] = program.workerPids()
  process.kill(pid, 'SIGKILL')
  killedAtMs = performance.now()
  await program.untilLog(/worker ended, starting another/)
  await eventually(async () => (await workersThatAnswer()).size === 4, 'another worker', 10_000)
  clients = await fleet.connect([program], 64)
})

test('a burst of 10,000 on rates', () => expectExactRates(clients))

test('a burst of 10,000 on places', () => expectExactPlaces(clients, provider))

test('a hundred at once on a budget of one', async () => {
  await expectOneOfBudget(await fleet.connect([program], 100), provider)
})

test('its places are free within 15 seconds, and those of the others are not', async () => {
  await expectPlacesBack(held, [program], provider, killedAtMs)
  expect(held.filter(({ ending }) => ending === 'complete').length).toBeGreaterThan(0)
})

test('nobody had to decide alone', async () => {
  for (const { store } of await Promise.all(clients.map(fleet.limitsOf))) {
    expect(store).toMatchObject({ state: 'ready', failures: 0, decidedLocally: 0 })
  }
  await fleet.untilNoPlaces(clients)
})
