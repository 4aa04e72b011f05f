/**
 * What it costs to be let in: processor time of one `take` with four claims (two rates, a place, a
 * budget) and of the settlement behind it, in memory and in the file that four workers share; and
 * with Redis the round trips of a `take`, by the server's own count of commands. Of the file there
 * are three kinds: one worker that has all to do; four that take turns, all in this process, so
 * that each finds the file as another left it; and one worker whose requests are each of another
 * key. Of a key that does not come again soon nothing is drawn, so each needs a step in the file.
 *
 * Time of the processor and not of the clock, because a machine does other things too. The median
 * of several samples. Redis is measured where `redis-server` is in PATH.
 *
 * Run with `bun bench/admission.bench.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedisClient } from 'bun'
import { MemoryStore } from '../src/store/memory.ts'
import { RedisStore } from '../src/store/redis.ts'
import { SqliteStore } from '../src/store/sqlite.ts'
import type { Claim, NewsChannel, Settlement, Store } from '../src/store/store.ts'

/** Most that admission may cost a request, in microseconds of the processor. */
const LIMIT_US = 10
const SAMPLES = 9
const TAKES = 4800
/** So many are let in before they are settled. */
const UNDERWAY = 48
/** How many requests come in one turn of the event loop, from a calm server to a busy one. */
const WIDTHS = [1, 4, 16, 48]
/** Workers of one machine. */
const WORKERS = 4
/** Streams that are under way already. */
const PLACES_HELD = 50

const minute = { limit: 100_000_000, periodMs: 60_000 }
const endsAtMs = Date.now() + 3_600_000

function claimsOf(id: string, key = 1): Claim[] {
  return [
    { kind: 'rate', key: `requests:key_${key}`, cost: 1, ...minute },
    { kind: 'rate', key: `tokens:key_${key}`, cost: 700, ...minute, limit: 1e12 },
    { kind: 'lease', key: `streams:key_${key}`, id, max: 1e9, ttlMs: 15_000 },
    { kind: 'budget', key: `budget:key_${key}:day`, amount: 120, max: 1e15, endsAtMs },
  ]
}

function settlementsOf(id: string, key = 1): Settlement[] {
  return [
    { kind: 'rate', key: `tokens:key_${key}`, giveBack: 100, ...minute, limit: 1e12 },
    { kind: 'lease', key: `streams:key_${key}`, id },
    { kind: 'budget', key: `budget:key_${key}:day`, giveBack: 20, endsAtMs },
  ]
}

/** Keys of clients where each request is another's. */
const KEYS = 20_000

/** Stores that one after another is asked, for a request or a settlement of its own. */
interface Measured {
  readonly title: string
  readonly stores: readonly Store[]
  /** How many keys take turns, so that none comes again soon; 1 where it is left out. */
  readonly keys?: number
}

/** Microseconds of the processor for each of `count` runs, of which `width` come at once. */
async function cpuUs(
  count: number,
  width: number,
  run: (index: number) => unknown,
): Promise<number> {
  const before = process.cpuUsage()
  for (let from = 0; from < count; from += width) {
    const some = Array.from({ length: Math.min(width, count - from) }, (_, at) => run(from + at))
    await Promise.all(some)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0

/** @param width so many requests come in one turn of the event loop. */
async function measure({ title, stores, keys = 1 }: Measured, width: number): Promise<void> {
  const storeOf = (index: number): Store => stores[index % stores.length] as Store
  const held = Array.from({ length: PLACES_HELD }, (_, index) => `held-${width}-${index}`)
  await Promise.all(held.map((id, index) => storeOf(index).take(claimsOf(id))))
  const takes: number[] = []
  const settles: number[] = []
  for (let sample = -2; sample < SAMPLES; sample += 1) {
    const inner = { takes: 0, settles: 0 }
    // Few are under way at a time, as in life: a place is taken, and given back soon.
    for (let from = 0; from < TAKES; from += UNDERWAY) {
      const id = (index: number): string => `req_${width}_${sample}_${from + index}`
      const key = (index: number): number => (((sample + 2) * TAKES + from + index) % keys) + 1
      const take = (at: number) => storeOf(at).take(claimsOf(id(at), key(at)))
      const settle = (at: number) => storeOf(at).settle(settlementsOf(id(at), key(at)))
      inner.takes += await cpuUs(UNDERWAY, width, take)
      inner.settles += await cpuUs(UNDERWAY, UNDERWAY, settle)
    }
    if (sample < 0) continue
    takes.push((inner.takes * UNDERWAY) / TAKES)
    settles.push((inner.settles * UNDERWAY) / TAKES)
  }
  const [take, settle] = [median(takes), median(settles)]
  const sum = take + settle
  const verdict = sum <= LIMIT_US ? 'within' : 'ABOVE'
  console.log(
    `${title}, ${width} at a time: take ${take.toFixed(1)} us, settle ${settle.toFixed(1)} us, ` +
      `both ${sum.toFixed(1)} us (${verdict} ${LIMIT_US})`,
  )
}

/** A worker's view of a file. What the workers tell each other is heard in this process. */
function openWorkers(path: string, count: number): Store[] {
  const heard = new Set<(topic: string, text: string) => void>()
  return Array.from({ length: count }, () => {
    let own: ((topic: string, text: string) => void) | null = null
    const news: NewsChannel = {
      publish(topic, text) {
        for (const hear of heard) if (hear !== own) setImmediate(() => hear(topic, text))
      },
      subscribe(wanted, hear) {
        const listener = (topic: string, text: string): void => {
          if (topic === wanted) hear(text)
        }
        own = listener
        heard.add(listener)
        return () => void heard.delete(listener)
      },
    }
    return new SqliteStore({ path, processes: WORKERS, news })
  })
}

async function measureRedis(program: string, directory: string): Promise<void> {
  const port = 20_000 + (process.pid % 20_000)
  const options = ['--bind', '127.0.0.1', '--save', '', '--dir', directory]
  const server = Bun.spawn([program, '--port', `${port}`, ...options], { stdout: 'ignore' })
  const url = `redis://127.0.0.1:${port}`
  const watcher = new RedisClient(url, { connectionTimeout: 5000 })
  const commands = async (): Promise<number> => {
    const text = String(await watcher.send('INFO', ['commandstats']))
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(text)?.[1] ?? 0)
  }
  await watcher.connect()
  const store = new RedisStore({ url, boundMs: 5000, heartbeatMs: 3_600_000 })
  await store.open()
  for (const width of [1, 100]) {
    const before = await commands()
    const startedAtMs = performance.now()
    const { user, system } = process.cpuUsage()
    for (let round = 0; round < TAKES / width; round += 1) {
      const some = Array.from({ length: width }, (_, at) => claimsOf(`${width}-${round}-${at}`))
      await Promise.all(some.map((claims) => store.take(claims)))
    }
    const spent = process.cpuUsage({ user, system })
    const trips = ((await commands()) - before) / TAKES
    console.log(
      `redis, ${width} at a time: ${trips.toFixed(2)} commands a take, ` +
        `${(((performance.now() - startedAtMs) * 1000) / TAKES).toFixed(0)} us each, ` +
        `${((spent.user + spent.system) / TAKES).toFixed(1)} us of the processor`,
    )
  }
  await store.close()
  watcher.close()
  server.kill()
  await server.exited
}

const directory = mkdtempSync(join(tmpdir(), 'sluice-admission-'))
try {
  const memory = { title: 'memory', stores: [new MemoryStore()] }
  for (const width of WIDTHS) await measure(memory, width)
  const kinds: readonly (readonly [title: string, workers: number, keys: number])[] = [
    ['sqlite', 1, 1],
    [`sqlite, ${WORKERS} in turn`, WORKERS, 1],
    ['sqlite, each of another key', 1, KEYS],
  ]
  for (const [title, workers, keys] of kinds) {
    const stores = openWorkers(join(directory, `limits-${workers}-${keys}.db`), workers)
    for (const width of WIDTHS) await measure({ title, stores, keys }, width)
    for (const store of stores) await store.close()
  }
  const program = Bun.which('redis-server')
  if (program === null) console.log('redis: redis-server is not in PATH')
  else await measureRedis(program, directory)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
