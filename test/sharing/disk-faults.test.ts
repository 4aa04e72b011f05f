/**
 * Disks that are full while requests come: that of the database with its keys and its ledger, and
 * the memory that workers count in. Nobody gets a 500, what is lost is counted, and all is as
 * before when there is room again, without a restart (fault matrix, row 58).
 */
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { binaryPath } from '../kit/binary.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import type { Program, ProgramEnvironment } from '../kit/program.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { Burst } from './burst.ts'
import * as fleet from './fleet.ts'
import { Load } from './load.ts'

setDefaultTimeout(60_000)
afterEach(fleet.endFleets)

/** Mounts a file system of some megabytes on a directory, for one program alone. */
const command = 'mount -t tmpfs -o size="$0" none "$1" && shift && exec "$@"'
const mounting = (size: string, directory: string): string[] => [
  'unshare',
  '-rm',
  'sh',
  '-c',
  command,
  size,
  directory,
]

function mounts(): boolean {
  try {
    const directory = mkdtempSync(join(runDirectory(), 'disk-'))
    return Bun.spawnSync([...mounting('1m', directory), 'true']).exitCode === 0
  } catch {
    return false
  }
}
const onSmallDisk = test.skipIf(process.platform !== 'linux' || !mounts())

/** Starts the executable with a small file system, and says where that is seen from outside. */
async function startOnDisk(
  size: string,
  directory: string,
  environment: ProgramEnvironment,
): Promise<readonly [Program, string]> {
  const words = [...mounting(size, directory), await binaryPath()]
  const program = await fleet.startMachine(environment, words)
  return [program, join('/proc', String(program.pid), 'root', directory, 'ballast')]
}

/** Takes all the room that is left. */
function fill(file: string): void {
  for (let bytes = 1024 * 1024; bytes >= 512; bytes /= 2) {
    try {
      while (true) writeFileSync(file, new Uint8Array(bytes), { flag: 'a' })
    } catch {
      // A smaller piece may still fit.
    }
  }
}

const headers = { authorization: `Bearer ${fleet.adminToken}` }
/** More rows than may wait in a ledger that cannot write. */
const REQUESTS = 21_000

onSmallDisk('a database on a disk that is full', async () => {
  const provider = fleet.startProvider()
  const disk = mkdtempSync(join(runDirectory(), 'disk-'))
  const keys = { plain: {}, few: { limits: { requestsPerMinute: 1 } } }
  const [program, ballast] = await startOnDisk('16m', disk, {
    ...fleet.environmentOf(provider, keys),
    WORKERS: '1',
    DATABASE_URL: join(disk, 'sluice.db'),
  })
  const create = () => ask(program.url, jsonRequest('/api/keys', { name: 'managed' }, headers))
  const usage = async () => {
    const response = await ask(program.url, { path: '/api/usage', headers })
    return { status: response.status, ...JSON.parse(response.text()) }
  }
  const { secret } = JSON.parse((await create()).text())
  const load = async (name: string, key: string): Promise<Load> =>
    new Load(name, await fleet.connect([program], 4), key)
  const loads = [await load('plain', fleet.secretOf('plain')), await load('managed', secret)]
  await Promise.all(loads.map((each) => each.untilMore('200', 20)))

  fill(ballast)
  const burst = new Burst(REQUESTS)
  await burst.send(await fleet.connect([program], 32), fleet.secretOf('few'), 'quick')
  burst.expectRate(1)
  await Promise.all(loads.map((each) => each.untilMore('200', 20)))
  const refused = await create()
  expect([refused.status, JSON.parse(refused.text()).error.code]).toEqual([
    503,
    'store_unavailable',
  ])
  rmSync(ballast)

  await eventually(async () => (await create()).status === 201, 'keys are made again', 20_000)
  await Promise.all(loads.map((each) => each.untilMore('200', 20)))
  await Promise.all(loads.map((each) => each.expectOnly('200')))
  const sum = loads.reduce((all, { outcomes }) => all + (outcomes.get('200') ?? 0), REQUESTS)
  const isWhole = async (): Promise<boolean> => {
    const { status, total, ledger } = await usage()
    return status === 200 && ledger.waiting === 0 && total.requests + ledger.dropped === sum
  }
  await eventually(isWhole, 'each request is written or counted as dropped', 20_000)
  const { ledger } = await usage()
  expect(ledger.state).toBe('writing')
  expect(ledger.dropped).toBeGreaterThan(0)
  expect(ledger.failures).toBeGreaterThan(0)
})

onSmallDisk('the memory that workers count in is full', async () => {
  const provider = fleet.startProvider()
  const keys = {
    plain: {},
    rate: { limits: { requestsPerMinute: 1_000_000, concurrentStreams: 1000 } },
    budget: { budget: { daily: 1_000_000_000 } },
    after: { limits: { requestsPerMinute: 20 } },
  }
  const environment = { ...fleet.environmentOf(provider, keys), WORKERS: '2' }
  const [program, ballast] = await startOnDisk('16m', '/dev/shm', environment)
  await eventually(async () => (await storesOf(program)).size === 2, 'two workers', 20_000)
  const load = async (name: string): Promise<Load> =>
    new Load(name, await fleet.connect([program], 8), fleet.secretOf(name))
  const [plain, rate, budget] = [await load('plain'), await load('rate'), await load('budget')]
  const all = [plain, rate, budget]
  await Promise.all(all.map((each) => each.untilMore('200', 50)))

  fill(ballast)
  await budget.untilMore('503 store_unavailable', 50)
  await Promise.all([plain, rate].map((each) => each.untilMore('200', 50)))
  rmSync(ballast)

  const isWell = async (): Promise<boolean> =>
    [...(await storesOf(program)).values()].every(({ state }) => state === 'ready')
  await eventually(isWell, 'both count in the file again', 20_000)
  await Promise.all(all.map((each) => each.untilMore('200', 50)))
  await plain.expectOnly('200')
  await rate.expectOnly('200')
  await budget.expectOnly('200', '503 store_unavailable')
  const stores = [...(await storesOf(program)).values()]
  const sum = (name: string): number => stores.reduce((all, store) => all + store[name], 0)
  for (const name of ['failures', 'decidedLocally', 'undecided']) {
    expect(sum(name), name).toBeGreaterThan(0)
  }
  const burst = new Burst(200)
  await burst.send(await fleet.connect([program], 16), fleet.secretOf('after'), 'quick')
  burst.expectRate(20)
})

/** What the store of each worker says of itself, by the worker's number. */
async function storesOf(program: Program): Promise<ReadonlyMap<number, Store>> {
  const asked = await fleet.connect([program], 12)
  const views = await Promise.all(asked.map(fleet.limitsOf))
  for (const client of asked) client.close()
  return new Map(views.map(({ worker, store }) => [worker.id, store]))
}

type Store = ReturnType<typeof JSON.parse>
