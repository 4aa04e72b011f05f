/**
 * The buffer pool: a free list for each of a few sizes, under one ceiling of bytes.
 *
 * It stands between tenants, so a buffer is zeroed when it comes back, a lease that was released
 * no longer reaches its buffer, and nobody but the present owner can give it back. What the pool
 * cannot see is a `Uint8Array` that a holder kept for itself; `assertZeroed` makes tests see it.
 */
import { nowMs } from '../core/clock.ts'
import type { BufferPool, BufferPoolMetrics, Lease, TierMetrics } from './lease.ts'
import { checkSize, PlainMemory, PlainPool, useAfterRelease } from './plain.ts'
import type { BufferPoolSettings } from './settings.ts'
import { type Slot, Tier } from './tier.ts'

/** What only tests and benches set. */
export interface BufferPoolOptions {
  /**
   * Makes `acquire` look at every byte of a buffer that was used before, and throw an Error where
   * one is not zero: then somebody wrote through a view that was kept beyond the release.
   */
  readonly assertZeroed?: boolean
  /** Monotonic milliseconds, on the same scale as what `trim` is called with. */
  readonly clock?: () => number
}

/**
 * A pool after `settings`, or plain allocation where they switch it off. Throws a RangeError where
 * the tiers are not ascending sizes; the configuration has checked that by then.
 */
export function createBufferPool(
  settings: BufferPoolSettings,
  options: BufferPoolOptions = {},
): BufferPool {
  return settings.enabled ? new TieredPool(settings, options) : new PlainPool()
}

class TieredPool implements BufferPool {
  readonly #tiers: readonly Tier[]
  readonly #bytesMax: number
  readonly #idleTrimMs: number
  readonly #zeros: Uint8Array | null
  readonly #clock: () => number
  readonly #overflow = new PlainMemory()
  #doubleReleases = 0

  constructor(settings: BufferPoolSettings, options: BufferPoolOptions) {
    checkTiers(settings.tiersBytes)
    this.#tiers = settings.tiersBytes.map((size) => new Tier(size))
    this.#bytesMax = settings.bytesMax
    this.#idleTrimMs = settings.idleTrimMs
    this.#zeros = options.assertZeroed ? new Uint8Array(settings.tiersBytes.at(-1) ?? 0) : null
    this.#clock = options.clock ?? nowMs
  }

  acquire(sizeBytes: number): Lease {
    checkSize(sizeBytes)
    for (const tier of this.#tiers) {
      if (sizeBytes > tier.size) continue
      const slot = this.#reuse(tier) ?? this.#make(tier)
      return slot === null ? this.#overflow.acquire(sizeBytes) : new PooledLease(this, tier, slot)
    }
    return this.#overflow.acquire(sizeBytes)
  }

  /** Takes `slot` back from `lease`, or counts the attempt where it is no longer the owner. */
  release(tier: Tier, slot: Slot, lease: Lease): void {
    if (!tier.give(slot, lease, this.#clock())) this.#doubleReleases += 1
  }

  trim(nowMs: number): void {
    if (this.#idleTrimMs === 0) return
    const keptSinceMs = nowMs - this.#idleTrimMs
    for (const tier of this.#tiers) {
      while (tier.oldestFreedAtMs <= keptSinceMs) tier.dropOldest()
    }
  }

  getMetrics(): BufferPoolMetrics {
    const tiers = this.#tiers.map(tierMetrics)
    const hits = sum(tiers, (tier) => tier.hits)
    const allocations = sum(tiers, (tier) => tier.misses) + this.#overflow.made
    return {
      enabled: true,
      tiers,
      totalBuffers: sum(tiers, (tier) => tier.allocated),
      totalInUse: sum(tiers, (tier) => tier.inUse),
      totalBytes: sum(tiers, (tier) => tier.allocated * tier.size),
      bytesMax: this.#bytesMax,
      overflow: this.#overflow.made,
      overflowInUse: this.#overflow.inUse,
      overflowBytes: this.#overflow.bytesInUse,
      allocations,
      hitRate: hits === 0 ? 0 : hits / (hits + allocations),
      doubleReleases: this.#doubleReleases + this.#overflow.doubleReleases,
      timestamp: Date.now(),
    }
  }

  #reuse(tier: Tier): Slot | null {
    const slot = tier.take()
    if (slot === null || this.#zeros === null) return slot
    if (Buffer.compare(slot.bytes, this.#zeros.subarray(0, tier.size)) === 0) return slot
    tier.discard(slot)
    throw new Error('A buffer was written to after its release.')
  }

  /** A new buffer of the tier, or null where the ceiling has no room for it. */
  #make(tier: Tier): Slot | null {
    const roomBytes = this.#bytesMax - sum(this.#tiers, (each) => each.inUse * each.size)
    // When even an empty free list would not help, the free buffers of others are left alone.
    if (tier.size > roomBytes) return null
    let freeBytes = sum(this.#tiers, (each) => each.available * each.size)
    while (freeBytes + tier.size > roomBytes) freeBytes -= this.#dropOldest()
    return tier.make()
  }

  /** Drops the buffer that has been free for the longest in any tier; the bytes that freed. */
  #dropOldest(): number {
    const oldest = this.#tiers.reduce((least, each) =>
      each.oldestFreedAtMs < least.oldestFreedAtMs ? each : least,
    )
    oldest.dropOldest()
    return oldest.size
  }
}

class PooledLease implements Lease {
  readonly #pool: TieredPool
  readonly #tier: Tier
  readonly #slot: Slot

  constructor(pool: TieredPool, tier: Tier, slot: Slot) {
    this.#pool = pool
    this.#tier = tier
    this.#slot = slot
    slot.owner = this
  }

  get size(): number {
    return this.#tier.size
  }

  get bytes(): Uint8Array {
    if (this.#slot.owner !== this) throw useAfterRelease()
    return this.#slot.bytes
  }

  release(): void {
    this.#pool.release(this.#tier, this.#slot, this)
  }
}

function checkTiers(tiersBytes: readonly number[]): void {
  let previous = 0
  for (const size of tiersBytes) {
    if (!Number.isSafeInteger(size) || size <= previous) {
      throw new RangeError(`Expected ascending tier sizes of whole bytes, got ${tiersBytes}.`)
    }
    previous = size
  }
}

function tierMetrics(tier: Tier): TierMetrics {
  const { size, available, inUse, allocated, hits, misses, trimmed } = tier
  return { size, available, inUse, allocated, hits, misses, trimmed }
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
