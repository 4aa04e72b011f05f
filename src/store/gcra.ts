/**
 * The arithmetic of rates: GCRA with a burst of the whole limit, in whole numbers.
 *
 * The textbook keeps the time at which the bucket is empty, and adds `period / limit` for every
 * unit. That is rarely a whole number of microseconds, so that rounding admits one too few of 7 a
 * minute, or many too many of 7 million. Here the same state is kept as `owed`: the units that are
 * outstanding times the period in microseconds. A unit adds `periodUs`, a microsecond takes away
 * `limit`, the bucket holds `limit * periodUs`, and all of it is exact below 2^53, which is 150
 * million units a minute.
 */
import type { Standing } from './store.ts'

/** What of `owed` at `atUs` is left at `nowUs`; a clock that went back takes nothing away. */
export function drained(owed: number, atUs: number, nowUs: number, limit: number): number {
  return nowUs <= atUs ? owed : Math.max(0, owed - (nowUs - atUs) * limit)
}

/** Whether `cost` units more fit. */
export function rateFits(owed: number, cost: number, limit: number, periodUs: number): boolean {
  return owed + cost * periodUs <= limit * periodUs
}

/** What is left of a rate. */
export function rateStanding(owed: number, limit: number, periodUs: number): Standing {
  return {
    remaining: Math.max(0, Math.floor((limit * periodUs - owed) / periodUs)),
    resetMs: owed === 0 ? 0 : Math.ceil(owed / limit / 1000),
  }
}

/** When `cost` units fit at the earliest, for a cost that does not fit now. */
export function rateRetryMs(owed: number, cost: number, limit: number, periodUs: number): number {
  if (cost > limit) return Number.POSITIVE_INFINITY
  return Math.ceil((owed + cost * periodUs - limit * periodUs) / limit / 1000)
}

/** Streams end at any moment, so a place is worth asking for again soon. */
const LEASE_RETRY_MS = 1000

/** When to ask again for a place, where the oldest lapses in `resetMs`; 0 is none is taken. */
export function leaseRetryMs(resetMs: number): number {
  return resetMs === 0 ? LEASE_RETRY_MS : Math.min(LEASE_RETRY_MS, resetMs)
}
