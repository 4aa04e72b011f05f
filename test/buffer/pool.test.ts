import { describe, expect, test } from 'bun:test'
import type { BufferPoolMetrics, TierMetrics } from '../../src/buffer/lease.ts'
import { createBufferPool } from '../../src/buffer/pool.ts'
import { type BufferPoolSettings, bufferPoolDefaults } from '../../src/buffer/settings.ts'

const KIB = 1024

const settings: BufferPoolSettings = {
  enabled: true,
  tiersBytes: [4 * KIB, 8 * KIB, 16 * KIB],
  bytesMax: 64 * KIB,
  idleTrimMs: 1000,
}

/** A pool that looks for stale writes, on a clock that the test moves. */
function poolAt(clock: { nowMs: number }, changes: Partial<BufferPoolSettings> = {}) {
  return createBufferPool(
    { ...settings, ...changes },
    { assertZeroed: true, clock: () => clock.nowMs },
  )
}

function tier(metrics: BufferPoolMetrics, size: number): TierMetrics {
  const found = metrics.tiers.find((each) => each.size === size)
  if (found === undefined) throw new Error(`no tier of ${size} bytes`)
  return found
}

function expectNothingOnLoan(metrics: BufferPoolMetrics): void {
  expect(metrics.totalInUse).toBe(0)
  expect(metrics.overflowInUse).toBe(0)
  expect(metrics.overflowBytes).toBe(0)
}

describe('sizes', () => {
  test('the default tiers are 4 to 128 KiB', () => {
    const pool = createBufferPool(bufferPoolDefaults)
    const sizes = pool.getMetrics().tiers.map((each) => each.size / KIB)
    expect(sizes).toEqual([4, 8, 16, 32, 64, 128])
  })

  test.each([
    [0, 4 * KIB],
    [1, 4 * KIB],
    [4 * KIB, 4 * KIB],
    [4 * KIB + 1, 8 * KIB],
    [8 * KIB, 8 * KIB],
    [8 * KIB + 1, 16 * KIB],
    [16 * KIB, 16 * KIB],
  ])('%d bytes come from the smallest tier that fits, %d', (asked, given) => {
    const pool = poolAt({ nowMs: 0 })
    const lease = pool.acquire(asked)
    expect(lease.size).toBe(given)
    expect(lease.bytes.byteLength).toBe(given)
    expect(tier(pool.getMetrics(), given).inUse).toBe(1)
    lease.release()
    expect(lease.size).toBe(given)
    expectNothingOnLoan(pool.getMetrics())
  })

  test('more than the largest tier is plain memory of exactly that size, counted', () => {
    const pool = poolAt({ nowMs: 0 })
    const lease = pool.acquire(16 * KIB + 1)
    expect(lease.bytes.byteLength).toBe(16 * KIB + 1)
    const metrics = pool.getMetrics()
    expect(metrics).toMatchObject({ overflow: 1, overflowInUse: 1, overflowBytes: 16 * KIB + 1 })
    expect(metrics).toMatchObject({ allocations: 1, totalBuffers: 0, totalBytes: 0 })
    lease.release()
    expectNothingOnLoan(pool.getMetrics())
    expect(pool.getMetrics().overflow).toBe(1)
  })

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('%p is not a size', (asked) => {
    const pool = poolAt({ nowMs: 0 })
    expect(() => pool.acquire(asked)).toThrow(RangeError)
    expect(pool.getMetrics().allocations).toBe(0)
  })

  test.each([[[8, 4]], [[4, 4]], [[0, 4]], [[1.5]]])('%p are not tiers', (tiersBytes) => {
    expect(() => poolAt({ nowMs: 0 }, { tiersBytes })).toThrow(RangeError)
  })

  test('a pool without tiers serves everything from plain memory', () => {
    const pool = poolAt({ nowMs: 0 }, { tiersBytes: [] })
    pool.acquire(10).release()
    expect(pool.getMetrics()).toMatchObject({ overflow: 1, overflowInUse: 0, tiers: [] })
  })
})

describe('reuse', () => {
  test('the buffer released last is handed out first', () => {
    const pool = poolAt({ nowMs: 0 })
    const first = pool.acquire(1)
    const second = pool.acquire(1)
    const firstBytes = first.bytes
    const secondBytes = second.bytes
    first.release()
    second.release()
    const third = pool.acquire(1)
    const fourth = pool.acquire(1)
    expect(third.bytes).toBe(secondBytes)
    expect(fourth.bytes).toBe(firstBytes)
    third.release()
    fourth.release()
    expectNothingOnLoan(pool.getMetrics())
  })

  test('a buffer comes back zeroed from end to end', () => {
    const pool = poolAt({ nowMs: 0 })
    const lease = pool.acquire(10)
    const { bytes } = lease
    bytes.fill(0xa5)
    lease.release()
    expect(bytes.every((byte) => byte === 0)).toBe(true)
  })

  test('hits, misses and the hit rate are what happened', () => {
    const pool = poolAt({ nowMs: 0 })
    expect(pool.getMetrics().hitRate).toBe(0)
    pool.acquire(1).release()
    pool.acquire(1).release()
    pool.acquire(1).release()
    pool.acquire(100 * KIB).release()
    const metrics = pool.getMetrics()
    expect(tier(metrics, 4 * KIB)).toEqual({
      size: 4 * KIB,
      available: 1,
      inUse: 0,
      allocated: 1,
      hits: 2,
      misses: 1,
      trimmed: 0,
    })
    expect(metrics.hitRate).toBe(2 / 4)
    expect(metrics).toMatchObject({ enabled: true, allocations: 2, totalBuffers: 1 })
    expect(metrics).toMatchObject({ totalBytes: 4 * KIB, bytesMax: 64 * KIB, totalInUse: 0 })
    expect(Math.abs(Date.now() - metrics.timestamp)).toBeLessThan(10_000)
  })
})

describe('faults of a holder', () => {
  test('the second release does nothing but count itself', () => {
    const pool = poolAt({ nowMs: 0 })
    const lease = pool.acquire(1)
    lease.release()
    lease.release()
    lease.release()
    expect(pool.getMetrics().doubleReleases).toBe(2)
    expect(tier(pool.getMetrics(), 4 * KIB)).toMatchObject({ available: 1, inUse: 0 })
  })

  test('the second release does not take the buffer from its next owner', () => {
    const pool = poolAt({ nowMs: 0 })
    const stale = pool.acquire(1)
    stale.release()
    const owner = pool.acquire(1)
    owner.bytes.fill(7)
    stale.release()
    expect(owner.bytes.every((byte) => byte === 7)).toBe(true)
    expect(tier(pool.getMetrics(), 4 * KIB)).toMatchObject({ available: 0, inUse: 1 })
    expect(pool.getMetrics().doubleReleases).toBe(1)
    owner.release()
    expectNothingOnLoan(pool.getMetrics())
  })

  test('a released lease no longer reaches its buffer, free or handed to another', () => {
    const pool = poolAt({ nowMs: 0 })
    const stale = pool.acquire(1)
    stale.release()
    expect(() => stale.bytes).toThrow('used after its release')
    const owner = pool.acquire(1)
    expect(() => stale.bytes).toThrow('used after its release')
    expect(owner.bytes.byteLength).toBe(4 * KIB)
    owner.release()
    expectNothingOnLoan(pool.getMetrics())
  })

  test('plain memory of the pool has the same rules', () => {
    const pool = poolAt({ nowMs: 0 })
    const lease = pool.acquire(100 * KIB)
    lease.release()
    lease.release()
    expect(() => lease.bytes).toThrow('used after its release')
    expect(pool.getMetrics().doubleReleases).toBe(1)
    expectNothingOnLoan(pool.getMetrics())
  })

  test.each([0, 1000, 4 * KIB - 1])('a write at %d through a kept view is caught', (index) => {
    const pool = poolAt({ nowMs: 0 })
    const lease = pool.acquire(1)
    const kept = lease.bytes
    lease.release()
    kept[index] = 1
    expect(() => pool.acquire(1)).toThrow('written to after its release')
    // The dirty buffer is gone, and the count still holds.
    const fresh = pool.acquire(1)
    expect(fresh.bytes).not.toBe(kept)
    fresh.release()
    expect(tier(pool.getMetrics(), 4 * KIB)).toMatchObject({ allocated: 1, trimmed: 1, misses: 2 })
    expectNothingOnLoan(pool.getMetrics())
  })

  test('a buffer whose memory was transferred away is not handed out again', () => {
    const pool = poolAt({ nowMs: 0 })
    const lease = pool.acquire(1)
    structuredClone(lease.bytes, { transfer: [lease.bytes.buffer] })
    expect(lease.bytes.byteLength).toBe(0)
    lease.release()
    expect(tier(pool.getMetrics(), 4 * KIB)).toMatchObject({ allocated: 0, trimmed: 1 })
    const next = pool.acquire(1)
    expect(next.bytes.byteLength).toBe(4 * KIB)
    next.release()
    expectNothingOnLoan(pool.getMetrics())
  })
})

describe('the ceiling', () => {
  test('above it an acquisition is plain memory; below it again, the tier', () => {
    const pool = poolAt({ nowMs: 0 }, { bytesMax: 16 * KIB })
    const first = pool.acquire(8 * KIB)
    const second = pool.acquire(8 * KIB)
    const third = pool.acquire(5000)
    expect(third.size).toBe(5000)
    expect(pool.getMetrics()).toMatchObject({ totalBytes: 16 * KIB, overflow: 1, allocations: 3 })
    first.release()
    expect(pool.getMetrics().totalBytes).toBe(16 * KIB)
    const fourth = pool.acquire(5000)
    expect(fourth.size).toBe(8 * KIB)
    for (const lease of [second, third, fourth]) lease.release()
    expect(pool.getMetrics().overflow).toBe(1)
    expectNothingOnLoan(pool.getMetrics())
  })

  test('idle buffers of other tiers make room, longest idle first, no more than needed', () => {
    const clock = { nowMs: 0 }
    const pool = poolAt(clock, { bytesMax: 20 * KIB })
    const leases = [1, 1, 1, 8 * KIB].map((size) => pool.acquire(size))
    for (const lease of leases) {
      clock.nowMs += 1
      lease.release()
    }
    expect(pool.getMetrics().totalBytes).toBe(20 * KIB)
    const large = pool.acquire(8 * KIB)
    const second = pool.acquire(8 * KIB)
    const metrics = pool.getMetrics()
    expect(tier(metrics, 4 * KIB)).toMatchObject({ available: 1, trimmed: 2 })
    expect(tier(metrics, 8 * KIB)).toMatchObject({ inUse: 2, hits: 1, misses: 2, trimmed: 0 })
    expect(metrics).toMatchObject({ totalBytes: 20 * KIB, overflow: 0 })
    large.release()
    second.release()
    expectNothingOnLoan(pool.getMetrics())
  })

  test('where even that would not help, idle buffers stay', () => {
    const pool = poolAt({ nowMs: 0 }, { bytesMax: 16 * KIB })
    const held = pool.acquire(8 * KIB)
    pool.acquire(4 * KIB).release()
    const overflow = pool.acquire(16 * KIB)
    expect(pool.getMetrics()).toMatchObject({ totalBytes: 12 * KIB, overflow: 1 })
    expect(tier(pool.getMetrics(), 4 * KIB)).toMatchObject({ available: 1, trimmed: 0 })
    held.release()
    overflow.release()
    expectNothingOnLoan(pool.getMetrics())
  })

  test('a ceiling of zero makes everything plain', () => {
    const pool = poolAt({ nowMs: 0 }, { bytesMax: 0 })
    pool.acquire(1).release()
    expect(pool.getMetrics()).toMatchObject({ totalBuffers: 0, overflow: 1, overflowInUse: 0 })
  })
})

describe('trimming', () => {
  test('drops what lay unused for the time, and nothing else', () => {
    const clock = { nowMs: 0 }
    const pool = poolAt(clock)
    const [early, late, held] = [pool.acquire(1), pool.acquire(1), pool.acquire(1)]
    clock.nowMs = 100
    early.release()
    clock.nowMs = 600
    late.release()
    pool.trim(1099)
    expect(tier(pool.getMetrics(), 4 * KIB)).toMatchObject({ available: 2, trimmed: 0 })
    pool.trim(1100)
    expect(tier(pool.getMetrics(), 4 * KIB)).toMatchObject({ available: 1, inUse: 1, trimmed: 1 })
    pool.trim(1600)
    const metrics = pool.getMetrics()
    expect(tier(metrics, 4 * KIB)).toMatchObject({ available: 0, inUse: 1, trimmed: 2 })
    expect(metrics.totalBytes).toBe(4 * KIB)
    held.release()
    expectNothingOnLoan(pool.getMetrics())
  })

  test('a buffer in steady use keeps young, those below it grow old', () => {
    const clock = { nowMs: 0 }
    const pool = poolAt(clock)
    const leases = [pool.acquire(1), pool.acquire(1), pool.acquire(1)]
    for (const lease of leases) lease.release()
    for (clock.nowMs = 0; clock.nowMs <= 1000; clock.nowMs += 100) pool.acquire(1).release()
    pool.trim(1000)
    expect(tier(pool.getMetrics(), 4 * KIB)).toMatchObject({ available: 1, trimmed: 2 })
    pool.acquire(1).release()
    expect(tier(pool.getMetrics(), 4 * KIB).misses).toBe(3)
  })

  test('all tiers are trimmed', () => {
    const pool = poolAt({ nowMs: 0 })
    for (const size of settings.tiersBytes) pool.acquire(size).release()
    pool.trim(1000)
    expect(pool.getMetrics()).toMatchObject({ totalBuffers: 0, totalBytes: 0 })
  })

  test('an idle time of zero never trims', () => {
    const pool = poolAt({ nowMs: 0 }, { idleTrimMs: 0 })
    pool.acquire(1).release()
    pool.trim(1e12)
    expect(pool.getMetrics().totalBuffers).toBe(1)
  })

  test('what was trimmed goes back to the runtime, also while a stale lease is kept', async () => {
    const clock = { nowMs: 0 }
    const pool = poolAt(clock)
    const { memory, stale } = (() => {
      const lease = pool.acquire(1)
      const memory = new WeakRef(lease.bytes)
      lease.release()
      return { memory, stale: lease }
    })()
    pool.trim(1000)
    const deadlineMs = performance.now() + 5000
    while (memory.deref() !== undefined && performance.now() < deadlineMs) {
      // A weak reference holds its target until the end of the turn.
      await new Promise((resolve) => setImmediate(resolve))
      Bun.gc(true)
    }
    expect(memory.deref()).toBeUndefined()
    expect(() => stale.bytes).toThrow('used after its release')
  })
})
