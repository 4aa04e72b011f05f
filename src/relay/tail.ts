/** The incomplete tail of an event, waiting for the rest in the stream's one pooled buffer. */
import type { BufferPool, Lease } from '../buffer/lease.ts'

/** Smaller asks would only make the first growth come sooner. */
const FIRST_BYTES_MIN = 2048

/** Bytes that wait. No buffer is held until the first of them comes. */
export class Tail {
  readonly #pool: BufferPool
  #lease: Lease | null = null
  #length = 0

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  get length(): number {
    return this.#length
  }

  /** What waits, as a view that is good until the next `append`, `clear` or `release`. */
  view(): Uint8Array {
    return this.#lease === null ? new Uint8Array(0) : this.#lease.bytes.subarray(0, this.#length)
  }

  /** Copies `bytes` behind what waits, moving to a larger buffer where that is needed. */
  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const needed = this.#length + bytes.length
    if (this.#lease === null) {
      this.#lease = this.#pool.acquire(Math.max(needed, FIRST_BYTES_MIN))
    } else if (needed > this.#lease.size) {
      // Twice what is needed, so that an event that comes in many pieces is not copied each time.
      const larger = this.#pool.acquire(needed * 2)
      larger.bytes.set(this.view())
      this.#lease.release()
      this.#lease = larger
    }
    this.#lease.bytes.set(bytes, this.#length)
    this.#length = needed
  }

  /** Forgets what waits; keeps the buffer for the next event that is cut. */
  clear(): void {
    this.#length = 0
  }

  /** Gives the buffer back. Safe to call twice. */
  release(): void {
    this.#length = 0
    this.#lease?.release()
    this.#lease = null
  }
}
