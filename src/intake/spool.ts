/**
 * Files for bodies that are too large for memory and must be sent again or searched.
 *
 * A file's name carries the process that owns it, so that the next process to start can remove
 * what a dead one left behind and never touches what a living one uses. Files are read through the
 * descriptor that they were written with: what happens to the name does not matter to a reader.
 */
import { closeSync, mkdirSync, open, read, readdirSync, readFileSync, rmSync, write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { IntakeSettings } from '../config/config.ts'
import { isAlive } from '../core/alive.ts'
import { GatewayError } from '../core/errors.ts'
import { randomText } from '../core/ids.ts'

const openAsync = promisify(open)
const readAsync = promisify(read)
const writeAsync = promisify(write)

const namePattern = /^(\d+)-(\d+)-\d+-[0-9a-z]{16}\.spool$/

/**
 * Opens the spool of a worker and removes what dead processes left there. A directory that cannot
 * be had does not stop the start: only bodies that need it fail then.
 */
export function openSpool(settings: IntakeSettings, workerId: number): Spool {
  const { spoolDirectory, spoolBytesMax } = settings
  try {
    mkdirSync(spoolDirectory, { recursive: true, mode: 0o700 })
    removeOrphans(spoolDirectory)
  } catch {
    // The first body that needs a file reports it, as `spool_failed`.
  }
  return new Spool(spoolDirectory, spoolBytesMax, workerId)
}

/** The spool of one worker. */
export class Spool {
  readonly bytesMax: number
  /** Bytes in all files of this worker. */
  bytesInUse = 0
  readonly #directory: string
  readonly #workerId: number
  readonly #files = new Set<SpoolFile>()

  constructor(directory: string, bytesMax: number, workerId: number) {
    this.#directory = directory
    this.bytesMax = bytesMax
    this.#workerId = workerId
  }

  /** How many files are open; zero when nothing is under way. */
  get filesOpen(): number {
    return this.#files.size
  }

  /** A new, empty file that only this user can read. Throws `spool_failed`. */
  async create(): Promise<SpoolFile> {
    const { pid } = process
    const name = `${pid}-${startOf(pid)}-${this.#workerId}-${randomText(16)}.spool`
    const path = join(this.#directory, name)
    try {
      // A worker outlives a cleaner of temporary directories.
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
      // `x` refuses a name that exists, and so a symbolic link that somebody planted.
      const file = new SpoolFile(this, path, await openAsync(path, 'wx+', 0o600))
      this.#files.add(file)
      return file
    } catch (thrown) {
      throw new GatewayError('spool_failed', { cause: thrown })
    }
  }

  /** Takes `bytes` of the budget. Throws `body_too_large` or `spool_failed`. */
  reserve(file: SpoolFile, bytes: number): void {
    if (file.sizeBytes + bytes > this.bytesMax) throw new GatewayError('body_too_large')
    if (this.bytesInUse + bytes > this.bytesMax) {
      throw new GatewayError('spool_failed', { message: 'Too many large requests at once.' })
    }
    this.bytesInUse += bytes
  }

  /** Forgets a file that was released. */
  forget(file: SpoolFile): void {
    if (this.#files.delete(file)) this.bytesInUse -= file.sizeBytes
  }

  /** Removes what is left. */
  close(): void {
    for (const file of this.#files) file.release()
  }
}

/** One file. Whoever created it releases it, exactly once; more often does nothing. */
export class SpoolFile {
  readonly path: string
  sizeBytes = 0
  readonly #spool: Spool
  readonly #descriptor: number
  /** Reads and writes under way: a descriptor must not be closed, and reused, below them. */
  #busy = 0
  #released = false

  constructor(spool: Spool, path: string, descriptor: number) {
    this.#spool = spool
    this.path = path
    this.#descriptor = descriptor
  }

  /** Appends. One at a time. Throws `body_too_large` or `spool_failed`. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#released) throw new GatewayError('spool_failed')
    const start = this.sizeBytes
    this.#spool.reserve(this, bytes.length)
    this.sizeBytes += bytes.length
    for (let done = 0; done < bytes.length; ) {
      const left = bytes.length - done
      done += await this.#use(async () => {
        const position = start + done
        return (await writeAsync(this.#descriptor, bytes, done, left, position)).bytesWritten
      })
    }
  }

  /** Up to `lengthBytes` bytes at `position`. Throws `spool_failed` where there are none. */
  async read(position: number, lengthBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(lengthBytes)
    const count = await this.#use(async () => {
      return (await readAsync(this.#descriptor, bytes, 0, lengthBytes, position)).bytesRead
    })
    return bytes.subarray(0, count)
  }

  /** Deletes the file. */
  release(): void {
    if (this.#released) return
    this.#released = true
    this.#spool.forget(this)
    rmSync(this.path, { force: true })
    if (this.#busy === 0) closeSync(this.#descriptor)
  }

  /** Runs one operation on the descriptor; it returns the bytes moved, which is never none. */
  async #use(operation: () => Promise<number>): Promise<number> {
    if (this.#released) throw new GatewayError('spool_failed')
    this.#busy += 1
    try {
      const count = await operation()
      if (count > 0) return count
    } catch (thrown) {
      throw new GatewayError('spool_failed', { cause: thrown })
    } finally {
      this.#busy -= 1
      if (this.#released && this.#busy === 0) closeSync(this.#descriptor)
    }
    throw new GatewayError('spool_failed')
  }
}

/** Removes the files of processes that are no more. Files of other names are not ours. */
function removeOrphans(directory: string): void {
  for (const name of readdirSync(directory)) {
    const match = namePattern.exec(name)
    if (match === null) continue
    const pid = Number(match[1])
    if (isAlive(pid) && String(startOf(pid)) === match[2]) continue
    rmSync(join(directory, name), { force: true })
  }
}

/**
 * When a process started, in the kernel's ticks. In a container the next process often has the
 * number of the last one, so the number alone does not tell the dead from the living. 0 where the
 * system does not say; there the number decides.
 */
function startOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is a name in brackets that may contain anything; start is the 22nd.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) || 0
  } catch {
    return 0
  }
}
