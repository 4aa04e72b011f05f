/**
 * Where the lines of the log go. A reader that stalls and a disk that is full cost lines, never
 * memory or a request: what waits is bounded, and what was lost is counted and told when there is
 * room again (fault matrix, row 58). The runtime's own stream keeps everything it cannot write,
 * and is closed for good by the first failure.
 */
import { fstatSync, write } from 'node:fs'

/** Some ten thousand lines. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024

/**
 * What a pipe takes as a whole or not at all, on Linux; so the lines of several workers that share
 * one are never mixed, as long as none of them is longer.
 */
const PIPE_BYTES_MAX = 4096

/** How soon a pipe that is full is tried again. */
const FULL_PIPE_MS = 20

/** Writes lines to one file descriptor, in order, one write at a time. */
export class LineSink {
  readonly #descriptor: number
  readonly #tell: (lostLines: number) => void
  readonly #bytesMax: number
  /** Of one write, but for a line that is longer by itself. */
  readonly #writeBytesMax: number
  #lines: string[] = []
  #waitingBytes = 0
  #lostLines = 0
  #lostBefore = 0
  #isTorn = false
  #idle: Promise<void> | null = null

  /** @param tell is called after lines were lost, with how many, when lines can be written again */
  constructor(descriptor: number, tell: (lostLines: number) => void, bytesMax = WAITING_BYTES_MAX) {
    this.#descriptor = descriptor
    this.#tell = tell
    this.#bytesMax = bytesMax
    this.#writeBytesMax = isPipe(descriptor) ? PIPE_BYTES_MAX : Number.POSITIVE_INFINITY
  }

  /** Lines that were lost and not told of yet. */
  get lostLines(): number {
    return this.#lostLines
  }

  /** Lines that were lost since the start. */
  get lostTotal(): number {
    return this.#lostBefore + this.#lostLines
  }

  /** Takes a line with its line feed. Never throws and never waits. */
  write(line: string): void {
    // A character is one byte at least; what matters is that there is a bound, not where exactly.
    if (this.#waitingBytes + line.length > this.#bytesMax) {
      this.#lostLines += 1
      return
    }
    this.#lines.push(line)
    this.#waitingBytes += line.length
    this.#idle ??= this.#drain()
  }

  /** Resolves when everything has been written or lost. */
  async flush(): Promise<void> {
    await this.#idle
  }

  async #drain(): Promise<void> {
    // The lines of one turn of the event loop leave together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#lines.length > 0) {
      const lines = this.#lines.splice(0)
      const characters = lines.reduce((sum, { length }) => sum + length, 0)
      let isWritten = true
      while (lines.length > 0) {
        const group = lines.splice(0, this.#fitting(lines))
        const text = group.join('')
        isWritten = await this.#writeAll(Buffer.from(this.#isTorn ? `\n${text}` : text))
        if (!isWritten) this.#lostLines += group.length
      }
      this.#waitingBytes -= characters
      if (isWritten && this.#lostLines > 0) {
        const lost = this.#lostLines
        this.#lostBefore += lost
        this.#lostLines = 0
        this.#tell(lost)
      }
    }
    this.#idle = null
  }

  /** How many of the lines leave in one write. */
  #fitting(lines: readonly string[]): number {
    let bytes = this.#isTorn ? 1 : 0
    const count = lines.findIndex((line) => {
      bytes += Buffer.byteLength(line)
      return bytes > this.#writeBytesMax
    })
    return count === -1 ? lines.length : Math.max(1, count)
  }

  /** False where it failed; then the last line may have been torn. */
  async #writeAll(bytes: Buffer): Promise<boolean> {
    for (let start = 0; start < bytes.length; ) {
      const written = await this.#writeSome(bytes, start)
      if (written === null) {
        this.#isTorn ||= start > 0
        return false
      }
      start += written
    }
    this.#isTorn = false
    return true
  }

  /** How many bytes were taken; null where it failed. */
  #writeSome(bytes: Buffer, start: number): Promise<number | null> {
    return new Promise((resolve) => {
      write(this.#descriptor, bytes, start, bytes.length - start, null, (error, written) => {
        if (error === null) resolve(written)
        else if (error.code === 'EAGAIN') setTimeout(() => resolve(0), FULL_PIPE_MS)
        else resolve(null)
      })
    })
  }
}

function isPipe(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFIFO()
  } catch {
    return false
  }
}
