/** The one timer that looks at the process; a look costs about 15 microseconds. */
import { readdirSync, statSync } from 'node:fs'
import { nowMs } from '../core/clock.ts'
import type { Overload, Readings } from './overload.ts'

/** How often (reliability 5.5). */
export const SAMPLE_PERIOD_MS = 250

/** What is read of the process; its lateness the timer knows itself. */
export type Usage = Omit<Readings, 'latenessMs'>

/**
 * Looks at the process from now on. The timer keeps no process alive.
 * @param read a test gives readings of its own
 * @returns the way to stop
 */
export function startSampling(overload: Overload, read: () => Usage = usage): () => void {
  let lastAtMs = nowMs()
  const look = () => {
    const now = nowMs()
    const latenessMs = Math.max(0, now - lastAtMs - SAMPLE_PERIOD_MS)
    lastAtMs = now
    overload.sample({ ...read(), latenessMs }, now)
  }
  const timer = setInterval(look, SAMPLE_PERIOD_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Memory and descriptors of this process. */
export function usage(): Usage {
  return { memoryBytes: process.memoryUsage.rss(), descriptorsOpen: descriptorsOpen() }
}

/** Since Linux 6.2 the size of the directory is the number; before, its entries are counted. */
function descriptorsOpen(): number | null {
  const directory = '/proc/self/fd'
  try {
    return statSync(directory).size || readdirSync(directory).length
  } catch {
    return null
  }
}
