/**
 * What a buffer costs from the pool and from the runtime, for each tier.
 *
 * "bare" takes the buffer and gives it back; "used" also writes it full in between, which is when
 * fresh memory is really paid for: the system maps its pages on the first write. A collection runs
 * before every sample, so no sample pays for another's garbage; without it the runtime reuses
 * pages that are still mapped, and plain memory looks cheaper than it is for a quiet process.
 *
 * Run with `bun --expose-gc bench/pool.bench.ts`.
 */
import { bench, do_not_optimize, group, run } from 'mitata'
import type { BufferPool } from '../src/buffer/lease.ts'
import { createBufferPool } from '../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../src/buffer/settings.ts'

const pools: readonly (readonly [string, BufferPool])[] = [
  ['pooled', createBufferPool(bufferPoolDefaults)],
  ['plain', createBufferPool({ ...bufferPoolDefaults, enabled: false })],
]

function bare(pool: BufferPool, sizeBytes: number): void {
  const lease = pool.acquire(sizeBytes)
  do_not_optimize(lease.bytes)
  lease.release()
}

function used(pool: BufferPool, payload: Uint8Array): void {
  const lease = pool.acquire(payload.byteLength)
  lease.bytes.set(payload)
  do_not_optimize(lease.bytes)
  lease.release()
}

for (const sizeBytes of bufferPoolDefaults.tiersBytes) {
  const payload = new Uint8Array(sizeBytes).fill(1)
  group(`${sizeBytes / 1024} KiB`, () => {
    for (const [name, pool] of pools) {
      bench(`bare, ${name}`, () => bare(pool, sizeBytes)).gc('inner')
      bench(`used, ${name}`, () => used(pool, payload)).gc('inner')
    }
  })
}

await run()

for (const [name, pool] of pools) {
  const { tiers, allocations, overflow, hitRate } = pool.getMetrics()
  const acquisitions = tiers.reduce((sum, tier) => sum + tier.hits + tier.misses, overflow)
  console.log(
    `${name}: ${acquisitions} acquisitions, ${allocations} allocations, hit rate ${hitRate}`,
  )
}
