/** What holds where the environment says nothing. */
import type { ResilienceSettings } from '../../src/config/config.ts'

/** Of retries, hedges, breakers and the queue. */
export const resilienceDefaults: ResilienceSettings = {
  retriesMax: 2,
  retryBaseMs: 250,
  retryMaxMs: 4000,
  retryAfterMaxMs: 3000,
  retryBudgetPercent: 20,
  retryBudgetMin: 3,
  hedge: true,
  hedgeDelayMinMs: 2000,
  hedgeDelayUnknownMs: 10_000,
  hedgeBudgetPercent: 5,
  breaker: true,
  breakerFailures: 5,
  breakerWindowMs: 30_000,
  breakerOpenMs: 5000,
  breakerOpenMaxMs: 60_000,
  breakerSlowStartMs: 10_000,
  queueLengthMax: 1000,
  queueWaitMaxMs: 30_000,
  adaptiveConcurrency: true,
}
