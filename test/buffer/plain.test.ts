import { describe, expect, test } from 'bun:test'
import { createBufferPool } from '../../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../../src/buffer/settings.ts'

const plainPool = () => createBufferPool({ ...bufferPoolDefaults, enabled: false })

describe('with the pool switched off', () => {
  test('every acquisition is new memory of exactly the size asked for', () => {
    const pool = plainPool()
    const first = pool.acquire(5000)
    const firstBytes = first.bytes
    expect(first.size).toBe(5000)
    expect(firstBytes.byteLength).toBe(5000)
    firstBytes.fill(1)
    first.release()
    const second = pool.acquire(5000)
    expect(second.bytes).not.toBe(firstBytes)
    expect(second.bytes.every((byte) => byte === 0)).toBe(true)
    second.release()
    expect(pool.getMetrics().overflowInUse).toBe(0)
  })

  test('the metrics claim no reuse', () => {
    const pool = plainPool()
    const leases = [100, 200, 300].map((size) => pool.acquire(size))
    leases[0]?.release()
    expect(pool.getMetrics()).toMatchObject({
      enabled: false,
      tiers: [],
      totalBuffers: 0,
      totalInUse: 0,
      totalBytes: 0,
      bytesMax: 0,
      overflow: 3,
      overflowInUse: 2,
      overflowBytes: 500,
      allocations: 3,
      hitRate: 0,
      doubleReleases: 0,
    })
    for (const lease of leases.slice(1)) lease.release()
    pool.trim(1e12)
    expect(pool.getMetrics()).toMatchObject({ allocations: 3, overflowInUse: 0, overflowBytes: 0 })
  })

  test('a second release counts itself, a use after the release throws', () => {
    const pool = plainPool()
    const lease = pool.acquire(10)
    lease.release()
    lease.release()
    expect(lease.size).toBe(10)
    expect(() => lease.bytes).toThrow('used after its release')
    expect(pool.getMetrics()).toMatchObject({ doubleReleases: 1, overflowInUse: 0 })
  })

  test.each([-1, 0.5, Number.NaN])('%p is not a size', (asked) => {
    expect(() => plainPool().acquire(asked)).toThrow(RangeError)
  })
})
