/** Which store a process counts in. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { MemoryStore } from './memory.ts'
import type { NewsChannel, Store } from './store.ts'

/** What decides which store it is, and what that needs. */
export interface StoreOptions {
  /** Counts with all machines that use the same Redis; null where there is none. */
  readonly redisUrl: string | null
  /** Workers of this machine; above one they share a file where there is no Redis. */
  readonly workers: number
  /** Where that file is: a directory that the workers share; made where it is not there. */
  readonly directory: string
  /** How long Redis may take; 100 ms. A file may take five times as long. */
  readonly timeoutMs?: number
  /** How workers tell each other without Redis, such as by their parent. */
  readonly news?: NewsChannel
  /** Told when Redis is away and when it is back; `reason` is one word, fit for a log. */
  readonly onState?: (state: 'ready' | 'away', reason: string) => void
}

/**
 * Opens the store of this process. A Redis that cannot be reached is no failure: it is used as
 * soon as it is there. Throws what the runtime throws where the file cannot be opened.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { redisUrl, workers, directory, timeoutMs, news, onState } = options
  // A process has one of them, and the others would be read at its start for nothing.
  if (redisUrl !== null) {
    const { RedisStore } = await import('./redis.ts')
    const store = new RedisStore({
      url: redisUrl,
      ...(timeoutMs && { boundMs: timeoutMs }),
      ...(onState && { onState }),
    })
    await store.open()
    return store
  }
  if (workers <= 1) return new MemoryStore()
  const { SqliteStore } = await import('./sqlite.ts')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, 'limits.db')
  return new SqliteStore({
    path,
    processes: workers,
    ...(timeoutMs && { busyTimeoutMs: 5 * timeoutMs }),
    ...(news && { news }),
  })
}
