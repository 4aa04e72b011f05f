import { afterEach, expect, test } from 'bun:test'
import { getBufferPool, installBufferPool } from '../../src/buffer/installed.ts'
import { createBufferPool } from '../../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../../src/buffer/settings.ts'

afterEach(() => installBufferPool(null))

test('before the installation there is one pool with the documented defaults', () => {
  installBufferPool(null)
  const pool = getBufferPool()
  expect(getBufferPool()).toBe(pool)
  const metrics = pool.getMetrics()
  expect(metrics.enabled).toBe(true)
  expect(metrics.tiers.map((tier) => tier.size)).toEqual([...bufferPoolDefaults.tiersBytes])
  expect(metrics.bytesMax).toBe(bufferPoolDefaults.bytesMax)
  expect(metrics.totalBuffers).toBe(0)
})

test('the installed pool is the one that answers', () => {
  const pool = createBufferPool({ ...bufferPoolDefaults, enabled: false })
  installBufferPool(pool)
  expect(getBufferPool()).toBe(pool)
  expect(getBufferPool().getMetrics().enabled).toBe(false)
  installBufferPool(null)
  expect(getBufferPool()).not.toBe(pool)
})
