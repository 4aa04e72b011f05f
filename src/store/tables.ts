/**
 * What one process counts: rates, places and budgets in maps. Each table takes a claim, can put it
 * back, and forgets what expired a few entries at a time, so that no sweep is ever long and no
 * timer is needed: what nobody asks does not grow.
 */
import { drained, leaseRetryMs, rateFits, rateRetryMs, rateStanding } from './gcra.ts'
import type { BudgetClaim, Claim, LeaseClaim, RateClaim, Standing } from './store.ts'

/** Entries looked at for each claim: two for at most one that is new, so a sweep gets ahead. */
const LOOKS_PER_CLAIM = 2

/** A map whose expired entries go away while others are used. */
class SweptMap<Entry> {
  readonly entries = new Map<string, Entry>()
  #cursor: Iterator<[string, Entry]> | null = null

  /** Looks at the next entries and forgets those that are over. */
  sweep(claims: number, isOver: (entry: Entry) => boolean): void {
    if (this.entries.size === 0) return
    for (let left = claims * LOOKS_PER_CLAIM; left > 0; left -= 1) {
      this.#cursor ??= this.entries.entries()
      const next = this.#cursor.next()
      if (next.done) {
        this.#cursor = null
        return
      }
      if (isOver(next.value[1])) this.entries.delete(next.value[0])
    }
  }
}

interface Rate {
  owed: number
  atUs: number
  limit: number
}

/** Rates by key. */
export class RateTable {
  readonly #rates = new SweptMap<Rate>()

  get size(): number {
    return this.#rates.entries.size
  }

  /** Forgets some of what is idle; call it with the number of claims since the last time. */
  sweep(claims: number, nowUs: number): void {
    this.#rates.sweep(claims, (rate) => drained(rate.owed, rate.atUs, nowUs, rate.limit) === 0)
  }

  /** Takes the cost if it fits, and says what is left then; else null. */
  enter({ key, cost, limit, periodMs }: RateClaim, nowUs: number): Standing | null {
    const periodUs = periodMs * 1000
    const rate = this.#at(key, limit, nowUs)
    if (!rateFits(rate.owed, cost, limit, periodUs)) return null
    rate.owed += cost * periodUs
    return rateStanding(rate.owed, limit, periodUs)
  }

  /** Puts back what `enter` took at the same moment. */
  undo(claim: RateClaim): void {
    const rate = this.#rates.entries.get(claim.key)
    if (rate !== undefined) rate.owed -= claim.cost * claim.periodMs * 1000
  }

  /** Moves units back, never below nothing owed, or takes more. */
  settle(key: string, giveBack: number, limit: number, periodMs: number, nowUs: number): void {
    const rate = this.#at(key, limit, nowUs)
    rate.owed = Math.max(0, rate.owed - giveBack * periodMs * 1000)
  }

  standing(claim: RateClaim, nowUs: number): Standing {
    return rateStanding(this.#owed(claim, nowUs), claim.limit, claim.periodMs * 1000)
  }

  retryMs(claim: RateClaim, nowUs: number): number {
    const periodUs = claim.periodMs * 1000
    return rateRetryMs(this.#owed(claim, nowUs), claim.cost, claim.limit, periodUs)
  }

  #owed(claim: RateClaim, nowUs: number): number {
    const rate = this.#rates.entries.get(claim.key)
    return rate === undefined ? 0 : drained(rate.owed, rate.atUs, nowUs, claim.limit)
  }

  /** The entry of a key, brought up to now. */
  #at(key: string, limit: number, nowUs: number): Rate {
    let rate = this.#rates.entries.get(key)
    if (rate === undefined) {
      rate = { owed: 0, atUs: nowUs, limit }
      this.#rates.entries.set(key, rate)
      return rate
    }
    rate.owed = drained(rate.owed, rate.atUs, nowUs, limit)
    rate.atUs = nowUs
    rate.limit = limit
    return rate
  }
}

/** Who has a place of one key, and until when; the oldest first, because all have one ttl. */
interface Places {
  readonly untilUs: Map<string, number>
  /** No place lapses before this moment, so until then nobody need look for one. */
  nextLapseUs: number
}

/** Places by key. */
export class LeaseTable {
  readonly #leases = new SweptMap<Places>()

  get size(): number {
    let size = 0
    for (const { untilUs } of this.#leases.entries.values()) size += untilUs.size
    return size
  }

  /** Forgets some of what lapsed; call it with the number of claims since the last time. */
  sweep(claims: number, nowUs: number): void {
    this.#leases.sweep(claims, (places) => withoutLapsed(places, nowUs).size === 0)
  }

  /**
   * Takes a place if there is one.
   * @returns when the place was to lapse that the same id already had; 0 where it had none; and
   * null where no place is free.
   */
  enter(claim: LeaseClaim, nowUs: number): number | null {
    const places = this.#at(claim.key)
    const held = withoutLapsed(places, nowUs)
    const before = held.get(claim.id) ?? 0
    if (before === 0 && held.size >= claim.max) return null
    keep(places, claim.id, nowUs + claim.ttlMs * 1000)
    return before
  }

  /** Puts back what `enter` took; `before` is what it returned. */
  undo(claim: LeaseClaim, before: number): void {
    if (before === 0) {
      this.settle(claim.key, claim.id)
      return
    }
    const places = this.#leases.entries.get(claim.key)
    if (places === undefined) return
    const { untilUs } = places
    untilUs.set(claim.id, before)
    places.nextLapseUs = Math.min(places.nextLapseUs, before)
    // Its turn among the others comes back too; this is rare enough to sort all of them.
    const inOrder = [...untilUs].sort(([, one], [, other]) => one - other)
    untilUs.clear()
    for (const [id, until] of inOrder) untilUs.set(id, until)
  }

  /** Frees a place; one that is not there is no mistake. */
  settle(key: string, id: string): void {
    this.#leases.entries.get(key)?.untilUs.delete(id)
  }

  /** Keeps a place, also one that lapsed. */
  renew(key: string, id: string, untilUs: number): void {
    keep(this.#at(key), id, untilUs)
  }

  standing(claim: LeaseClaim, nowUs: number): Standing {
    const places = this.#leases.entries.get(claim.key)
    if (places === undefined) return { remaining: claim.max, resetMs: 0 }
    const held = withoutLapsed(places, nowUs)
    if (held.size < claim.max) return { remaining: claim.max - held.size, resetMs: 0 }
    const oldest = held.values().next()
    const resetMs = oldest.done ? 0 : Math.ceil((oldest.value - nowUs) / 1000)
    return { remaining: 0, resetMs }
  }

  retryMs(claim: LeaseClaim, nowUs: number): number {
    return leaseRetryMs(this.standing(claim, nowUs).resetMs)
  }

  #at(key: string): Places {
    let places = this.#leases.entries.get(key)
    if (places === undefined) {
      places = { untilUs: new Map(), nextLapseUs: Number.POSITIVE_INFINITY }
      this.#leases.entries.set(key, places)
    }
    return places
  }
}

/** Sets a place and moves it to the end, where the latest are. */
function keep(places: Places, id: string, untilUs: number): void {
  places.untilUs.delete(id)
  places.untilUs.set(id, untilUs)
  places.nextLapseUs = Math.min(places.nextLapseUs, untilUs)
}

function withoutLapsed(places: Places, nowUs: number): Map<string, number> {
  const held = places.untilUs
  if (nowUs < places.nextLapseUs) return held
  places.nextLapseUs = Number.POSITIVE_INFINITY
  for (const [id, untilUs] of held) {
    if (untilUs > nowUs) {
      places.nextLapseUs = untilUs
      break
    }
    held.delete(id)
  }
  return held
}

interface Budget {
  spent: number
  endsAtMs: number
}

/** Budgets by key. */
export class BudgetTable {
  readonly #budgets = new SweptMap<Budget>()

  get size(): number {
    return this.#budgets.entries.size
  }

  /** Forgets some of what is over; call it with the number of claims since the last time. */
  sweep(claims: number, wallMs: number): void {
    this.#budgets.sweep(claims, (budget) => budget.endsAtMs <= wallMs)
  }

  /** Reserves the amount if it fits, and says what is left then; else null. */
  enter(claim: BudgetClaim, wallMs: number): Standing | null {
    const budget = this.#at(claim.key, claim.endsAtMs, wallMs)
    if (!budgetFits(budget.spent, claim)) return null
    budget.spent += claim.amount
    return budgetStanding(budget.spent, claim, wallMs)
  }

  /** Puts back what `enter` took. */
  undo(claim: BudgetClaim): void {
    const budget = this.#budgets.entries.get(claim.key)
    if (budget !== undefined) budget.spent -= claim.amount
  }

  /** Gives back, never below nothing spent, or takes more. */
  settle(key: string, giveBack: number, endsAtMs: number, wallMs: number): void {
    if (endsAtMs <= wallMs) return
    const budget = this.#at(key, endsAtMs, wallMs)
    budget.spent = Math.max(0, budget.spent - giveBack)
  }

  standing(claim: BudgetClaim, wallMs: number): Standing {
    const budget = this.#budgets.entries.get(claim.key)
    const isOver = budget === undefined || budget.endsAtMs <= wallMs
    return budgetStanding(isOver ? 0 : budget.spent, claim, wallMs)
  }

  /** The entry of a key, where what is over has nothing spent. */
  #at(key: string, endsAtMs: number, wallMs: number): Budget {
    let budget = this.#budgets.entries.get(key)
    if (budget === undefined) {
      budget = { spent: 0, endsAtMs }
      this.#budgets.entries.set(key, budget)
      return budget
    }
    if (budget.endsAtMs <= wallMs) budget.spent = 0
    budget.endsAtMs = endsAtMs
    return budget
  }
}

/** Whether the amount fits; what is spent up takes nothing more, not even what costs nothing. */
export function budgetFits(spent: number, claim: BudgetClaim): boolean {
  return spent < claim.max && spent + claim.amount <= claim.max
}

/** What is left of a budget. */
export function budgetStanding(spent: number, claim: BudgetClaim, wallMs: number): Standing {
  return {
    remaining: Math.max(0, claim.max - spent),
    resetMs: Math.max(0, Math.ceil(claim.endsAtMs - wallMs)),
  }
}

/** Whether a key occurs twice, so that what was left of the first is no longer true. */
export function namesTwice(claims: readonly Claim[]): boolean {
  for (let index = 1; index < claims.length; index += 1) {
    for (let before = 0; before < index; before += 1) {
      if (claims[before]?.key === claims[index]?.key) return true
    }
  }
  return false
}
