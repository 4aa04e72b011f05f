/**
 * Notices that a file has become another one, however it was written: in place, by an editor that
 * renames a new one over it, or by Kubernetes, which exchanges a symbolic link two steps away.
 *
 * The directory is watched and not the file, because a watch of a file stays with the old one when
 * a new one takes its name. Events only say when to look; what counts is whether the file behind
 * the name is another one, or was written. A slow look besides finds what no event tells of, such
 * as links into other directories and network file systems.
 */
import { type FSWatcher, statSync, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Editors and copies write in several steps; so long it must be quiet. */
const QUIET_MS = 100

/** In a directory that is never quiet, a look is taken after this time. */
const WAIT_MAX_MS = 1000

/** How often a look is taken without an event. */
const LOOK_MS = 2000

/** Watches one file until it is closed. */
export class FileWatch {
  readonly #file: string
  readonly #onChange: () => void
  readonly #looking: ReturnType<typeof setInterval>
  #watcher: FSWatcher | null = null
  #timer: ReturnType<typeof setTimeout> | null = null
  #waitingSinceMs = 0
  #seen: string

  /** @param onChange called after each change, once for changes in quick succession. */
  constructor(file: string, onChange: () => void) {
    this.#file = resolve(file)
    this.#onChange = onChange
    this.#seen = signatureOf(this.#file)
    this.#watch()
    this.#looking = setInterval(() => {
      if (this.#watcher === null) this.#watch()
      if (this.#timer === null && signatureOf(this.#file) !== this.#seen) this.#wait()
    }, LOOK_MS)
    this.#looking.unref()
  }

  close(): void {
    clearInterval(this.#looking)
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#unwatch()
  }

  /** A directory that cannot be watched, or is not there at the moment, is left to the looks. */
  #watch(): void {
    try {
      this.#watcher = watch(dirname(this.#file), { persistent: false }, () => this.#wait())
      this.#watcher.on('error', () => this.#unwatch())
    } catch {}
  }

  #unwatch(): void {
    this.#watcher?.close()
    this.#watcher = null
  }

  #wait(): void {
    const now = performance.now()
    if (this.#timer === null) this.#waitingSinceMs = now
    else if (now - this.#waitingSinceMs + QUIET_MS > WAIT_MAX_MS) return
    else clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = null
      const signature = signatureOf(this.#file)
      if (signature === this.#seen) return
      this.#seen = signature
      this.#onChange()
    }, QUIET_MS)
  }
}

/** What differs between two files of one name, and between a file before and after a write. */
function signatureOf(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch {
    return ''
  }
}
