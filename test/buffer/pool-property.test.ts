/** Random sequences of everything a pool can be asked, with the invariants after every step. */
import { expect, test } from 'bun:test'
import type { BufferPool, Lease } from '../../src/buffer/lease.ts'
import { createBufferPool } from '../../src/buffer/pool.ts'

const KIB = 1024
const steps = 20_000

/** Numbers in [0, 1) that a seed decides: xorshift on 32 bits. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
}

/** A lease and the mark that its holder wrote over all of it. */
interface Holding {
  readonly lease: Lease
  readonly mark: number
}

class Holders {
  readonly live: Holding[] = []
  readonly #memory = new Set<ArrayBufferLike>()
  #marks = 0

  acquire(pool: BufferPool, sizeBytes: number): void {
    const lease = pool.acquire(sizeBytes)
    const { bytes } = lease
    if (bytes.byteLength < sizeBytes) throw new Error(`${bytes.byteLength} bytes for ${sizeBytes}`)
    if (this.#memory.has(bytes.buffer)) throw new Error('two live leases share their memory')
    if (!isAll(bytes, 0)) throw new Error('a buffer was handed out with bytes in it')
    this.#memory.add(bytes.buffer)
    this.#marks = (this.#marks % 255) + 1
    bytes.fill(this.#marks)
    this.live.push({ lease, mark: this.#marks })
  }

  release(index: number): Lease | null {
    const [holding] = this.live.splice(index, 1)
    if (holding === undefined) return null
    const { bytes } = holding.lease
    if (!isAll(bytes, holding.mark))
      throw new Error("another holder wrote into a live lease's bytes")
    this.#memory.delete(bytes.buffer)
    holding.lease.release()
    return holding.lease
  }
}

function isAll(bytes: Uint8Array, value: number): boolean {
  // A run of one value equals itself moved by one byte; native comparison keeps the test quick.
  return (
    bytes.byteLength === 0 ||
    (bytes[0] === value && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0)
  )
}

function checkInvariants(pool: BufferPool, holders: Holders): void {
  const metrics = pool.getMetrics()
  let bytes = 0
  let buffers = 0
  let inUse = 0
  for (const tier of metrics.tiers) {
    if (tier.allocated !== tier.available + tier.inUse) throw new Error('allocated')
    if (tier.allocated !== tier.misses - tier.trimmed) throw new Error('misses - trimmed')
    bytes += tier.allocated * tier.size
    buffers += tier.allocated
    inUse += tier.inUse
  }
  if (metrics.totalBytes !== bytes || bytes > metrics.bytesMax) throw new Error('totalBytes')
  if (metrics.totalBuffers !== buffers || metrics.totalInUse !== inUse) throw new Error('totals')
  if (inUse + metrics.overflowInUse !== holders.live.length) throw new Error('on loan')
}

const seeds = [0x51c1ce, Math.floor(Math.random() * 2 ** 31)]

test.each(seeds)('invariants hold over random sequences (seed %d)', (seed) => {
  const random = randomFrom(seed)
  const clock = { nowMs: 0 }
  const pool = createBufferPool(
    { enabled: true, tiersBytes: [256, KIB, 4 * KIB], bytesMax: 40 * KIB, idleTrimMs: 50 },
    { assertZeroed: true, clock: () => clock.nowMs },
  )
  const holders = new Holders()
  const stale: Lease[] = []
  let doubleReleases = 0

  for (let step = 0; step < steps; step += 1) {
    clock.nowMs += random() * 4
    // The wish to hold more or fewer comes in waves, so that idle and full phases both happen.
    const wish = 12 + 12 * Math.sin(step / 300)
    const roll = random()
    if (roll < 0.02) pool.trim(clock.nowMs)
    else if (roll < 0.05 && stale.length > 0) {
      stale[Math.floor(random() * stale.length)]?.release()
      doubleReleases += 1
    } else if (holders.live.length < wish) {
      holders.acquire(pool, Math.floor(random() ** 2 * 5 * KIB))
    } else {
      const released = holders.release(Math.floor(random() * holders.live.length))
      if (released !== null) stale.push(released)
      if (stale.length > 16) stale.shift()
    }
    checkInvariants(pool, holders)
  }

  while (holders.live.length > 0) holders.release(0)
  const metrics = pool.getMetrics()
  expect(metrics).toMatchObject({ totalInUse: 0, overflowInUse: 0, overflowBytes: 0 })
  expect(metrics.doubleReleases).toBe(doubleReleases)
  // The sequence went everywhere, or it proves little.
  for (const tier of metrics.tiers) {
    expect(tier.hits).toBeGreaterThan(0)
    expect(tier.trimmed).toBeGreaterThan(0)
  }
  expect(metrics.overflow).toBeGreaterThan(0)
  expect(doubleReleases).toBeGreaterThan(0)
  pool.trim(clock.nowMs + 50)
  expect(pool.getMetrics().totalBuffers).toBe(0)
})
