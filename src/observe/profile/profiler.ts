/**
 * A CPU profile and a heap snapshot of a process that serves, each in a file of its own that
 * nobody else can read: a snapshot holds everything, keys and prompts among it.
 */
import { mkdir, open, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ProfileConfig } from '../../config/config.ts'
import { nowMs } from '../../core/clock.ts'
import type { Log } from '../log.ts'
import { startCpuProfile } from './cpu-profile.ts'

/** Takes profiles of this process, one after another. */
export class Profiler {
  readonly #settings: ProfileConfig
  readonly #worker: number
  readonly #log: Log
  /** Ends the waiting of the one that is under way; null where none is. */
  #abandon: (() => void) | null = null
  #isLeaving = false

  /** @param worker tells its files from those of the others */
  constructor(settings: ProfileConfig, worker: number, log: Log) {
    this.#settings = settings
    this.#worker = worker
    this.#log = log
  }

  /**
   * Records for the time that is set, then writes the files, and logs where they are. Never
   * rejects. While one is under way, another is refused.
   */
  async run(): Promise<void> {
    if (this.#isLeaving) return
    if (this.#abandon !== null) {
      this.#log.line('warn', 'a profile is being taken already')
      return
    }
    const waiting = Promise.withResolvers<void>()
    this.#abandon = waiting.resolve
    try {
      await this.#record(waiting.promise)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : null
      const { directory } = this.#settings
      this.#log.line('error', 'no profile could be written', { cause: code, directory })
    } finally {
      this.#abandon = null
    }
  }

  /** Gives up for good: a process that leaves writes nothing, and holds up no last words. */
  leave(): void {
    this.#isLeaving = true
    this.#abandon?.()
  }

  async #record(abandoned: Promise<void>): Promise<void> {
    const { directory, seconds, heapSnapshot } = this.#settings
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const moment = new Date().toISOString().replace(/[-:]/g, '')
    const path = resolve(directory, `sluice-${moment}-worker${this.#worker}-${process.pid}`)
    this.#log.line('info', 'profiling', { seconds })
    const stop = await startCpuProfile()
    const timer = Promise.withResolvers<void>()
    const timeout = setTimeout(timer.resolve, seconds * 1000)
    await Promise.race([timer.promise, abandoned])
    clearTimeout(timeout)
    const profile = await stop()
    if (this.#isLeaving) {
      this.#log.line('warn', 'the profile was given up, because the worker leaves')
      return
    }
    const cpu = `${path}.cpuprofile`
    await writeNew(cpu, JSON.stringify(profile))
    this.#log.line('info', 'CPU profile written', { file: cpu, samples: profile.samples.length })
    if (heapSnapshot && !this.#isLeaving) await this.#writeHeap(`${path}.heapsnapshot`)
  }

  /** Nothing else runs in this process while the snapshot is made. */
  async #writeHeap(file: string): Promise<void> {
    const startedAtMs = nowMs()
    const snapshot = new Uint8Array(Bun.generateHeapSnapshot('v8', 'arraybuffer'))
    const heldMs = Math.round(nowMs() - startedAtMs)
    await writeNew(file, snapshot)
    this.#log.line('info', 'heap snapshot written', { file, bytes: snapshot.length, heldMs })
  }
}

/**
 * Writes a file that was not there before, for its owner alone. What cannot be written whole is
 * taken away again.
 * @throws Error of the system.
 */
export async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  // `wx` follows no link that somebody laid out under this name.
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(content)
  } catch (error) {
    await unlink(path).catch(() => {})
    throw error
  } finally {
    await file.close()
  }
}
