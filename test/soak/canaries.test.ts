/**
 * Two tenants over a great many streams that break in every way: neither ever sees a byte of the
 * other, a byte of a buffer that was not written, or an end that is not the end; and then nothing
 * is left. The number of streams is `SLUICE_SOAK_STREAMS`, the seed `SLUICE_SOAK_SEED`.
 */
import { afterAll, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import type { App } from '../../src/app.ts'
import type { BufferPool, Lease } from '../../src/buffer/lease.ts'
import { createBufferPool } from '../../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../../src/buffer/settings.ts'
import { startAppWith } from '../behaviour/client-stand.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import { eventually } from '../kit/signal.ts'
import { makePlan, makeTenant } from './plan.ts'
import { SoakProvider } from './provider.ts'
import { Random } from './random.ts'
import { poison, TenantClient } from './tenant-client.ts'
import { faultOf } from './verdict.ts'

const streamCount = Number(process.env.SLUICE_SOAK_STREAMS ?? 100_000)
const seed = Number(process.env.SLUICE_SOAK_SEED ?? Date.now() % 1_000_000_000)
const clientsPerApp = 24

/** Each app has another way of writing; all of them share one pool. */
const environments: readonly Readonly<Record<string, string>>[] = [
  { STREAM_HEARTBEAT_INTERVAL_MS: '0' },
  { STREAM_HEARTBEAT_INTERVAL_MS: '2', STREAM_RESPONSE_CHUNK_SIZE: '1k' },
  { STREAM_FLUSH_INTERVAL_MS: '1', STREAM_RESPONSE_CHUNK_SIZE: '4k' },
  {
    STREAM_FLUSH_INTERVAL_MS: '5',
    STREAM_HEARTBEAT_INTERVAL_MS: '3',
    STREAM_RESPONSE_CHUNK_SIZE: '1k',
    STREAM_MAX_EVENT_BYTES: '2k',
  },
]

/**
 * A pool whose buffers arrive full of poison in place of zeros: what is sent without having been
 * written shows. It also checks, as ever, that a free buffer was not written to.
 */
function poisonedPool(): BufferPool {
  // Small, so that plain memory above the ceiling is in play as well.
  const settings = { ...bufferPoolDefaults, bytesMax: 192 * 1024, idleTrimMs: 50 }
  const pool = createBufferPool(settings, { assertZeroed: true })
  return {
    acquire(sizeBytes): Lease {
      const lease = pool.acquire(sizeBytes)
      lease.bytes.fill(poison)
      return lease
    },
    getMetrics: () => pool.getMetrics(),
    trim: (nowMs) => pool.trim(nowMs),
  }
}

const openFiles = (): number => {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}

const provider = new SoakProvider()
const pool = poisonedPool()
const apps: App[] = []
afterAll(async () => {
  await Promise.all(apps.map((app) => app.stop(0)))
  provider.stop()
})

test(`${streamCount} streams of two tenants, seed ${seed}`, async () => {
  const random = new Random(seed)
  const tenants = [makeTenant('ALPHA', random), makeTenant('BRAVO', random)]
  for (const environment of environments) {
    const address = { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: `${provider.url}/v1` }
    // Each plan is played once: a second attempt would be a request without one.
    const base = { PORT: '0', RETRIES_MAX: '0', ...address }
    apps.push((await startAppWith({ ...base, ...environment }, pool)).app)
  }
  const filesBefore = openFiles()
  let next = 0
  const seen = { complete: 0, broken: 0, bytes: 0 }
  const faults: string[] = []

  async function drive(app: App): Promise<void> {
    const client = new TenantClient(Number(app.url.port), tenants)
    while (next < streamCount && faults.length < 5) {
      const index = next++
      const plan = makePlan(index, tenants, seed)
      provider.plans.set(index, plan)
      const outcome = await client.play(plan)
      // Half a request never reaches the provider; of the others it takes the plan itself.
      if (plan.departure === 'in the request') provider.plans.delete(index)
      seen.bytes += outcome.text.length
      if (outcome.complete) seen.complete += 1
      else seen.broken += 1
      const fault = faultOf(plan, outcome)
      if (fault !== null) faults.push(`stream ${index} of ${plan.tenant.name}: ${fault}`)
    }
    client.close()
  }

  const startedAtMs = performance.now()
  await Promise.all(apps.flatMap((app) => Array.from({ length: clientsPerApp }, () => drive(app))))
  const seconds = (performance.now() - startedAtMs) / 1000
  const { hitRate, overflow, doubleReleases } = pool.getMetrics()
  console.log(
    `soak: ${next} streams in ${seconds.toFixed(1)} s, seed ${seed}; ${seen.complete} complete, ` +
      `${seen.broken} broken, ${(seen.bytes / 1e6).toFixed(0)} MB looked at, ` +
      `${provider.requests} reached the provider; pool hit rate ${hitRate.toFixed(3)}, ` +
      `${overflow} above its ceiling`,
  )
  expect(faults).toEqual([])
  expect(doubleReleases).toBe(0)
  expect(provider.unknown).toBe(0)
  expect(overflow).toBeGreaterThan(0)
  // Without these the run would have proved nothing.
  expect(seen.complete).toBeGreaterThan(streamCount / 20)
  expect(seen.broken).toBeGreaterThan(streamCount / 4)
  expect(hitRate).toBeGreaterThan(0.5)

  for (const app of apps) await expectNothingLeft(app, { busy: () => provider.busy }, 5000)
  expect(pool.getMetrics()).toMatchObject({ totalInUse: 0, overflowInUse: 0, doubleReleases: 0 })
  // The runtime keeps up to 64 idle connections for the next requests.
  await eventually(
    () => provider.open <= 64,
    () => `${provider.open} provider connections`,
  )
  await eventually(() => openFiles() <= filesBefore + 2 * 64 + 16, 'open files', 10_000)
}, 600_000)
