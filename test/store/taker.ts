/**
 * A process that takes from a shared store, for the tests that need several of them. Its work is
 * its argument, as JSON; it says `ready`, waits for a line, works, and says what came of it.
 */
import { RedisStore } from '../../src/store/redis.ts'
import { SqliteStore } from '../../src/store/sqlite.ts'
import type { Claim, NewsChannel, Store } from '../../src/store/store.ts'

/** What a process is to do. */
export interface TakerWork {
  readonly store:
    | { readonly kind: 'redis'; readonly url: string; readonly boundMs: number }
    | {
        readonly kind: 'sqlite'
        readonly path: string
        readonly processes: number
        readonly busyTimeoutMs?: number
        /** Whether it draws ahead, and hears what others want back of that. */
        readonly hasNews?: boolean
      }
  readonly takes: number
  /** How many at a time. */
  readonly width: number
  readonly limit: number
  /** Takes places and then stays, where this is above zero. */
  readonly holdMs: number
}

/** What came of it. */
export interface TakerResult {
  readonly rates: number
  readonly places: number
  readonly budgets: number
  readonly together: number
  readonly decidedLocally: number
  readonly errors: number
  /** Takes that were answered at once, of what was drawn before. */
  readonly drawn: number
  readonly longestMs: number
}

/** News that the parent passes on to the other processes. */
const parentNews: NewsChannel = {
  publish: (topic, text) => process.send?.({ topic, text }),
  subscribe: (topic, hear) => {
    const listener = (news: { readonly topic: string; readonly text: string }): void => {
      if (news.topic === topic) hear(news.text)
    }
    process.on('message', listener)
    return () => process.off('message', listener)
  },
}

async function open({ store }: TakerWork): Promise<Store> {
  if (store.kind === 'sqlite') {
    return new SqliteStore({ ...store, ...(store.hasNews && { news: parentNews }) })
  }
  const redis = new RedisStore(store)
  await redis.open()
  return redis
}

async function run(work: TakerWork): Promise<void> {
  const store = await open(work)
  const endsAtMs = Date.now() + 600_000
  process.stdout.write('ready\n')
  for await (const _line of console) break
  const counts = { rates: 0, places: 0, budgets: 0, together: 0, errors: 0, drawn: 0, longestMs: 0 }
  const { limit } = work
  const ttlMs = work.holdMs > 0 ? work.holdMs : 600_000
  const rate = { kind: 'rate', cost: 1, limit, periodMs: 86_400_000 } as const
  const isTaken = async (...claims: readonly Claim[]): Promise<boolean> => {
    const taken = store.take(claims)
    if (!(taken instanceof Promise)) counts.drawn += 1
    return (await taken).ok
  }
  const takeOnce = async (index: number): Promise<void> => {
    const id = `${process.pid}-${index}`
    const place = { kind: 'lease', key: 'places', id, max: limit, ttlMs } as const
    const budget = { kind: 'budget', key: 'budget', amount: 1, max: limit, endsAtMs } as const
    const startedAtMs = performance.now()
    try {
      if (await isTaken({ ...rate, key: 'rate' })) counts.rates += 1
      if (await isTaken(place)) counts.places += 1
      if (await isTaken(budget)) counts.budgets += 1
      // The budget is the narrowest here, so whatever else is taken must come back with it.
      const narrow = { ...budget, key: 'narrow', max: Math.floor(limit / 2) }
      if (await isTaken({ ...rate, key: 'wide' }, narrow)) counts.together += 1
    } catch {
      counts.errors += 1
    }
    counts.longestMs = Math.max(counts.longestMs, performance.now() - startedAtMs)
  }
  let next = 0
  const takeOn = async (): Promise<void> => {
    while (next < work.takes) await takeOnce(next++)
  }
  await Promise.all(Array.from({ length: work.width }, takeOn))
  const { decidedLocally } = store.view()
  process.stdout.write(`${JSON.stringify({ ...counts, decidedLocally })}\n`)
  if (work.holdMs > 0) await Bun.sleep(600_000)
  await store.close()
}

if (import.meta.main) {
  await run(JSON.parse(process.argv[2] ?? '') as TakerWork)
  process.disconnect?.()
}
