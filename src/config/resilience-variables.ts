/** The variables of retries, hedges and circuit breakers: `ResilienceSettings` as variables. */
import type { ResilienceSettings } from './config.ts'
import { duration, flag, integer, type Kind } from './kinds.ts'
import { inGroup, type Variable } from './variable.ts'

const resilience = inGroup('Resilience')

const percent = integer(0, 100)
const wait: Kind<number> = duration(1)

/** One row for each of `ResilienceSettings`, under the same key. */
export const resilienceVariables = {
  retriesMax: resilience(
    'RETRIES_MAX',
    integer(0, 10),
    '2',
    'Further attempts on the same target after a failure that may pass, at most.',
  ),
  retryBaseMs: resilience(
    'RETRY_BASE_MS',
    wait,
    '250',
    'The first retry waits a random part of this, each one after it of twice as much.',
  ),
  retryMaxMs: resilience('RETRY_MAX_MS', wait, '4000', 'The longest backoff before a retry.'),
  retryAfterMaxMs: resilience(
    'RETRY_AFTER_MAX_MS',
    duration(),
    '3000',
    'A provider that asks for a longer wait is left for the next target.',
  ),
  retryBudgetPercent: resilience(
    'RETRY_BUDGET_PERCENT',
    percent,
    '20',
    'Retries under way, in percent of the requests under way with the same provider.',
  ),
  retryBudgetMin: resilience(
    'RETRY_BUDGET_MIN',
    integer(0, 10_000),
    '3',
    'So many retries may be under way whatever the percentage says.',
  ),
  hedge: resilience(
    'HEDGE',
    flag,
    'on',
    'Whether a late first token makes the next target of a route start in parallel.',
  ),
  hedgeDelayMinMs: resilience(
    'HEDGE_DELAY_MIN_MS',
    wait,
    '2000',
    'A hedge starts after the 95th percentile of the target, and never sooner than this.',
  ),
  hedgeDelayUnknownMs: resilience(
    'HEDGE_DELAY_UNKNOWN_MS',
    wait,
    '10000',
    'When a hedge starts while fewer than 20 answers of the target are known.',
  ),
  hedgeBudgetPercent: resilience(
    'HEDGE_BUDGET_PERCENT',
    percent,
    '5',
    'Hedges in percent of the requests, and one in hand.',
  ),
  breaker: resilience(
    'BREAKER',
    flag,
    'on',
    'Whether a target that keeps failing is left alone for a while.',
  ),
  breakerFailures: resilience(
    'BREAKER_FAILURES',
    integer(1, 1000),
    '5',
    'Failures in a row that open a breaker; half of 20 within the window do so too.',
  ),
  breakerWindowMs: resilience(
    'BREAKER_WINDOW_MS',
    wait,
    '30000',
    'The window in which failures are compared with successes.',
  ),
  breakerOpenMs: resilience(
    'BREAKER_OPEN_MS',
    wait,
    '5000',
    'How long a breaker stays open at first, about; twice as long after each failed probe.',
  ),
  breakerOpenMaxMs: resilience(
    'BREAKER_OPEN_MAX_MS',
    wait,
    '60000',
    'How long a breaker stays open, at most.',
  ),
  breakerSlowStartMs: resilience(
    'BREAKER_SLOW_START_MS',
    duration(),
    '10000',
    'How long a target that is back takes until it gets its full share.',
  ),
  queueLengthMax: resilience(
    'QUEUE_MAX',
    integer(0, 1_000_000),
    '1000',
    'Requests that may wait in one worker for a provider or target that has all it may have; ' +
      '0 lets none wait.',
  ),
  queueWaitMaxMs: resilience(
    'QUEUE_WAIT_MAX_MS',
    wait,
    '30000',
    'How long a request may wait for its turn, at most.',
  ),
  adaptiveConcurrency: resilience(
    'ADAPTIVE_CONCURRENCY',
    flag,
    'on',
    'Whether a provider that answers 429 or 529 is asked less at once until it answers again.',
  ),
} as const satisfies {
  readonly [Key in keyof ResilienceSettings]: Variable<ResilienceSettings[Key]>
}

/** Builds the settings, each value from `read`. */
export function resilienceSettings(
  read: <Value>(variable: Variable<Value>) => Value,
): ResilienceSettings {
  const from = resilienceVariables
  return {
    retriesMax: read(from.retriesMax),
    retryBaseMs: read(from.retryBaseMs),
    retryMaxMs: read(from.retryMaxMs),
    retryAfterMaxMs: read(from.retryAfterMaxMs),
    retryBudgetPercent: read(from.retryBudgetPercent),
    retryBudgetMin: read(from.retryBudgetMin),
    hedge: read(from.hedge),
    hedgeDelayMinMs: read(from.hedgeDelayMinMs),
    hedgeDelayUnknownMs: read(from.hedgeDelayUnknownMs),
    hedgeBudgetPercent: read(from.hedgeBudgetPercent),
    breaker: read(from.breaker),
    breakerFailures: read(from.breakerFailures),
    breakerWindowMs: read(from.breakerWindowMs),
    breakerOpenMs: read(from.breakerOpenMs),
    breakerOpenMaxMs: read(from.breakerOpenMaxMs),
    breakerSlowStartMs: read(from.breakerSlowStartMs),
    queueLengthMax: read(from.queueLengthMax),
    queueWaitMaxMs: read(from.queueWaitMaxMs),
    adaptiveConcurrency: read(from.adaptiveConcurrency),
  }
}
