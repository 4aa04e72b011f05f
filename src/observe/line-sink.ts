/**
 * Where the lines of the log go. A reader that stalls and a disk that is full cost lines, never
 * memory or a request: what waits is bounded, and what was lost is counted and told when there is
 * room again (fault matrix, row 58). The runtime's own stream keeps everything it cannot write,
 * and is closed for good by the first failure.
 */
import { write } from 'node:fs'

/** Some ten thousand lines. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024

/** How soon a pipe that is full is tried again. */
const FULL_PIPE_MS = 20

/** Writes lines to one file descriptor, in order, one write at a time. */
export class LineSink {
  readonly #descriptor: number
  readonly #tell: (lostLines: number) => void
  readonly #bytesMax: number
  #lines: string[] = []
  #waitingBytes = 0
  #lostLines = 0
  #isTorn = false
  #idle: Promise<void> | null = null

  /** @param tell is called after lines were lost, with how many, when lines can be written again */
  constructor(descriptor: number, tell: (lostLines: number) => void, bytesMax = WAITING_BYTES_MAX) {
    this.#descriptor = descriptor
    this.#tell = tell
    this.#bytesMax = bytesMax
  }

  /** Lines that were lost and not told of yet. */
  get lostLines(): number {
    return this.#lostLines
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
    // The lines of one turn of the event loop leave in one write.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#lines.length > 0) {
      const lines = this.#lines.splice(0)
      const text = lines.join('')
      const isWritten = await this.#writeAll(Buffer.from(this.#isTorn ? `\n${text}` : text))
      this.#waitingBytes -= text.length
      if (!isWritten) {
        this.#lostLines += lines.length
      } else if (this.#lostLines > 0) {
        const lost = this.#lostLines
        this.#lostLines = 0
        this.#tell(lost)
      }
    }
    this.#idle = null
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
