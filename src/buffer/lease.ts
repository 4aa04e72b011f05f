/** What every holder of a pooled buffer sees; `pool.ts` and `plain.ts` implement it. */

/** A buffer on loan. Whoever acquired it releases it, exactly once, on every path. */
export interface Lease {
  /**
   * The whole buffer, at least as long as was asked for, zero-filled when acquired. Reading this
   * property after the release throws; so read it each time and keep no view of it.
   */
  readonly bytes: Uint8Array
  /** `bytes.byteLength`, also after the release. */
  readonly size: number
  /** Gives the buffer back. The second call does nothing but count itself as a fault. */
  release(): void
}

/** State of one tier. */
export interface TierMetrics {
  /** Bytes of one buffer of this tier. */
  readonly size: number
  /** Free buffers, ready to be handed out. */
  readonly available: number
  readonly inUse: number
  /** Buffers of this tier in existence: `available + inUse`. */
  readonly allocated: number
  /** Acquisitions served from a free buffer. */
  readonly hits: number
  /** Acquisitions for which a buffer had to be made. */
  readonly misses: number
  /**
   * Buffers given back to the runtime: free ones after lying idle or to make room under the
   * ceiling, and those whose memory a holder had transferred away. `allocated = misses - trimmed`.
   */
  readonly trimmed: number
}

/**
 * State of the pool. Counters run from the start of the worker. The totals are sums over the
 * tiers; what lies outside them is counted under `overflow`, so nothing is on loan only when both
 * `totalInUse` and `overflowInUse` are zero.
 */
export interface BufferPoolMetrics {
  readonly enabled: boolean
  readonly tiers: readonly TierMetrics[]
  readonly totalBuffers: number
  readonly totalInUse: number
  /** Bytes held by the pool, free and in use. */
  readonly totalBytes: number
  /** What `totalBytes` never exceeds; 0 where there is no pool. */
  readonly bytesMax: number
  /** Buffers made outside the tiers: larger than the largest, or above the ceiling. */
  readonly overflow: number
  readonly overflowInUse: number
  /** Bytes of the buffers outside the tiers that are in use now. */
  readonly overflowBytes: number
  /** Buffers made in total, pooled or not. */
  readonly allocations: number
  /** `hits / (hits + misses + overflow)` over all tiers; 0 before the first acquisition. */
  readonly hitRate: number
  readonly doubleReleases: number
  /** Wall time, milliseconds since 1970. */
  readonly timestamp: number
}

/** Where buffers come from. */
export interface BufferPool {
  /**
   * A lease of at least `sizeBytes`: the smallest tier that fits, else plain memory, counted.
   * Throws a RangeError where `sizeBytes` is not a whole number of zero or more.
   */
  acquire(sizeBytes: number): Lease
  getMetrics(): BufferPoolMetrics
  /** Drops idle buffers; called by the sweep, with its monotonic time. */
  trim(nowMs: number): void
}
