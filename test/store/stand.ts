/** What the tests of the stores have in common: a clock that stands still, and short claims. */
import type {
  BudgetClaim,
  LeaseClaim,
  RateClaim,
  Renewal,
  Settlement,
  Store,
  StoreClock,
  Taken,
} from '../../src/store/store.ts'

/** A time that moves only when a test says so. It begins at the real one, which expiries need. */
export class ManualClock implements StoreClock {
  #us = Date.now() * 1000

  monotonicUs(): number {
    return this.#us
  }

  wallMs(): number {
    return Math.floor(this.#us / 1000)
  }

  /** Moves on; `ms` may have three decimals. */
  advance(ms: number): void {
    this.#us += Math.round(ms * 1000)
  }
}

/** A store under test, with the time it counts in. */
export interface StoreStand {
  readonly store: Store
  /** Another one that shares what the first counts; itself where nothing is shared. */
  readonly other: Store
  readonly clock: ManualClock
  /** Moves the clock on, for the store too. */
  advance(ms: number): Promise<void>
  close(): Promise<void>
}

/** Takes `cost` of 10 a second. */
export function rate(key: string, cost = 1, limit = 10, periodMs = 1000): RateClaim {
  return { kind: 'rate', key, cost, limit, periodMs }
}

/** A place among `max`. */
export function lease(key: string, id: string, max = 2, ttlMs = 15_000): LeaseClaim {
  return { kind: 'lease', key, id, max, ttlMs }
}

/** An amount of a budget that ends at `endsAtMs`. */
export function budget(key: string, amount: number, max: number, endsAtMs: number): BudgetClaim {
  return { kind: 'budget', key, amount, max, endsAtMs }
}

/** The settlement that gives a rate claim's units back. */
export function backToRate(claim: RateClaim, giveBack: number): Settlement {
  const { key, limit, periodMs } = claim
  return { kind: 'rate', key, giveBack, limit, periodMs }
}

/** The settlement that frees a place. */
export const leave = (key: string, id: string): Settlement => ({ kind: 'lease', key, id })

/** The settlement of a budget. */
export function backToBudget(claim: BudgetClaim, giveBack: number): Settlement {
  return { kind: 'budget', key: claim.key, giveBack, endsAtMs: claim.endsAtMs }
}

/** The renewal of a place. */
export const renewal = ({ key, id, ttlMs }: LeaseClaim): Renewal => ({ key, id, ttlMs })

/** What is left of each claim. */
export const remaining = (taken: Taken): readonly number[] =>
  taken.standings.map((standing) => standing.remaining)

/** The refusal in what was taken; fails where it was admitted. */
export function refusal(taken: Taken): { readonly refused: number; readonly retryAfterMs: number } {
  if (taken.ok) throw new Error('it was admitted')
  return { refused: taken.refused, retryAfterMs: taken.retryAfterMs }
}
