/** The store that limits are counted in. */
import type { Config } from '../config/config.ts'
import type { Log } from '../observe/log.ts'
import { limitsDirectory } from '../store/limits-directory.ts'
import { openStore } from '../store/open.ts'
import type { NewsChannel, Store } from '../store/store.ts'

/** Opens the store of a worker. @param workers that share the machine; 0 for a single process. */
export function openLimits(
  { redisUrl, limitsTimeoutMs: timeoutMs }: Config,
  workers: number,
  news: NewsChannel,
  log: Log,
): Promise<Store> {
  return openStore({
    redisUrl,
    workers,
    directory: limitsDirectory(process.ppid),
    timeoutMs,
    news,
    onState: (state, reason) =>
      log.line(state === 'away' ? 'error' : 'info', `redis ${state}`, { reason }),
  })
}
