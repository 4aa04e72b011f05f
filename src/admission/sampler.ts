/** The one timer that looks at the process; a look costs about 10 microseconds. */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { nowMs } from '../core/clock.ts'
import type { Overload, Readings } from './overload.ts'

/** How often (reliability 5.5). */
export const SAMPLE_PERIOD_MS = 250

/** What is read of the process; its lateness the timer knows itself. */
export type Usage = Omit<Readings, 'latenessMs'>

/** Where a look finds out about the process. */
export interface Gauge {
  read(): Usage
  close(): void
}

/**
 * Looks at the process from now on. The timer keeps no process alive.
 * @param closeIdle closes connections that wait for a request; called while descriptors are short
 * @param gauge a test gives readings of its own
 * @returns the way to stop; safe to call twice
 */
export function startSampling(
  overload: Overload,
  closeIdle: () => void,
  gauge: Gauge = openGauge(),
): () => void {
  let lastAtMs = nowMs()
  const look = () => {
    const now = nowMs()
    const latenessMs = Math.max(0, now - lastAtMs - SAMPLE_PERIOD_MS)
    lastAtMs = now
    overload.sample({ ...gauge.read(), latenessMs }, now)
    if (overload.isShortOfDescriptors) closeIdle()
  }
  const timer = setInterval(look, SAMPLE_PERIOD_MS)
  timer.unref()
  let isOver = false
  return () => {
    if (isOver) return
    isOver = true
    clearInterval(timer)
    gauge.close()
  }
}

/** Memory and descriptors of this process. Reading needs no descriptor that is not there yet. */
export function openGauge(): Gauge {
  const memory = openMemory()
  return {
    read: () => ({ memoryBytes: memory.read(), descriptorsOpen: descriptorsOpen() }),
    close: () => memory.close(),
  }
}

const memoryFile = '/proc/self/statm'
const pageBytes = 4096

/**
 * Resident memory. The runtime's own way opens a file for each reading, which fails just when the
 * process has no descriptor left; so the file stays open where there is one.
 */
function openMemory() {
  const text = Buffer.alloc(128)
  let descriptor: number
  try {
    descriptor = openSync(memoryFile, 'r')
  } catch {
    return { read: () => process.memoryUsage.rss(), close() {} }
  }
  // Pages are larger on some machines; the runtime's reading tells how large.
  const pages = () => {
    const length = readSync(descriptor, text, 0, text.length, 0)
    return Number(text.toString('latin1', 0, length).split(' ')[1])
  }
  const bytesOfPage = Math.max(1, Math.round(process.memoryUsage.rss() / pages() / pageBytes))
  return {
    read: () => pages() * bytesOfPage * pageBytes,
    close: () => closeSync(descriptor),
  }
}

/** Since Linux 6.2 the size of the directory is the number; before, its entries are counted. */
function descriptorsOpen(): number | null {
  const directory = '/proc/self/fd'
  try {
    return statSync(directory).size || readdirSync(directory).length
  } catch (thrown) {
    // Counting takes a descriptor itself.
    const isFull = thrown instanceof Error && 'code' in thrown && thrown.code === 'EMFILE'
    return isFull ? Number.MAX_SAFE_INTEGER : null
  }
}
