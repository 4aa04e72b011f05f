/**
 * Memory straight from the runtime, behind the interface of the pool: what `enabled: false` gives,
 * and what the pool falls back to above its ceiling. It reuses nothing and says so in its metrics.
 */
import type { BufferPool, BufferPoolMetrics, Lease } from './lease.ts'

/** The error for a holder that still uses a buffer it has given back. */
export function useAfterRelease(): Error {
  return new Error('A buffer was used after its release.')
}

/** Throws a RangeError where `sizeBytes` is not a whole number of zero or more. */
export function checkSize(sizeBytes: number): void {
  if (Number.isSafeInteger(sizeBytes) && sizeBytes >= 0) return
  throw new RangeError(`Expected a buffer size of whole bytes, got ${sizeBytes}.`)
}

/** Makes plain buffers of exactly the size asked for, and counts them. */
export class PlainMemory {
  /** Buffers made so far. */
  made = 0
  inUse = 0
  bytesInUse = 0
  doubleReleases = 0

  /** A lease of exactly `sizeBytes`. Throws what the runtime throws when memory is out. */
  acquire(sizeBytes: number): Lease {
    const lease = new PlainLease(this, new Uint8Array(sizeBytes))
    this.made += 1
    this.inUse += 1
    this.bytesInUse += sizeBytes
    return lease
  }
}

/** The pool that pools nothing. */
export class PlainPool implements BufferPool {
  readonly #memory = new PlainMemory()

  acquire(sizeBytes: number): Lease {
    checkSize(sizeBytes)
    return this.#memory.acquire(sizeBytes)
  }

  getMetrics(): BufferPoolMetrics {
    const memory = this.#memory
    return {
      enabled: false,
      tiers: [],
      totalBuffers: 0,
      totalInUse: 0,
      totalBytes: 0,
      bytesMax: 0,
      overflow: memory.made,
      overflowInUse: memory.inUse,
      overflowBytes: memory.bytesInUse,
      allocations: memory.made,
      hitRate: 0,
      doubleReleases: memory.doubleReleases,
      timestamp: Date.now(),
    }
  }

  /** Does nothing: no buffer outlives its lease. */
  trim(): void {}
}

class PlainLease implements Lease {
  readonly size: number
  readonly #memory: PlainMemory
  #bytes: Uint8Array | null

  constructor(memory: PlainMemory, bytes: Uint8Array) {
    this.size = bytes.byteLength
    this.#memory = memory
    this.#bytes = bytes
  }

  get bytes(): Uint8Array {
    if (this.#bytes === null) throw useAfterRelease()
    return this.#bytes
  }

  release(): void {
    if (this.#bytes === null) {
      this.#memory.doubleReleases += 1
      return
    }
    this.#bytes = null
    this.#memory.inUse -= 1
    this.#memory.bytesInUse -= this.size
  }
}
