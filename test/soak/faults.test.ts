/**
 * A short soak with random faults; `npm run soak` is the long one. The time is
 * `SLUICE_SOAK_SECONDS`, the seed `SLUICE_SOAK_SEED`.
 */
import { expect, test } from 'bun:test'
import { soak } from './faults/soak.ts'
import { faultsOf, summaryOf } from './faults/verdict.ts'

const seconds = Number(process.env.SLUICE_SOAK_SECONDS ?? 15)
const seed = Number(process.env.SLUICE_SOAK_SEED ?? Date.now() % 1_000_000_000)

test(`random faults for ${seconds} s, seed ${seed}`, async () => {
  const result = await soak({ seconds, concurrency: 60, seed, everySeconds: 5, tell: () => {} })
  console.log(summaryOf(result))
  expect(faultsOf(result)).toEqual([])
}, 120_000)
