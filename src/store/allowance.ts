/**
 * What a worker drew ahead of one key, and what it used of that. Nothing here is shared: what was
 * drawn is taken for everybody else until it is given back, so spending it needs to ask nobody.
 */
import { drained, rateStanding } from './gcra.ts'
import type { BudgetClaim, LeaseClaim, RateClaim, Standing } from './store.ts'
import { budgetStanding } from './tables.ts'

/** When an allowance may be used. */
class Validity {
  /** Of the take that looked at it last, so that a key that is named twice is noticed. */
  serial = 0
  /** When it was last used, in the time of the store. */
  usedAtUs = 0
  #fromUs = 0
  #untilUs = 0

  /** From now until `untilUs` it may be used. */
  begin(nowUs: number, untilUs: number): void {
    this.#fromUs = nowUs
    this.#untilUs = untilUs
    this.usedAtUs = nowUs
  }

  /** Nothing may be taken of it before it is drawn anew. */
  end(): void {
    this.#untilUs = 0
  }

  /** A clock that went back is no reason to trust it for longer. */
  isFresh(nowUs: number): boolean {
    return nowUs < this.#untilUs && nowUs >= this.#fromUs
  }
}

/** What was drawn of a number, and how that number looks from here. */
class DrawnAmount extends Validity {
  /** In the file, as taken. Microseconds of the period for each unit of a rate, else units. */
  drawn = 0
  /** Of that, what is not used. */
  left = 0
  /** What is owed or spent as far as is known here, without what any worker drew. */
  known = 0
  /** What other workers had drawn at the same time. */
  othersAhead = 0
  /** Until when nobody else takes the row in the file for that of a dead worker. */
  lapsesUs = 0

  /** What the file does not know of yet. */
  get used(): number {
    return this.drawn - this.left
  }

  /** All of it is left, to be used until `freshUntilUs`; see `lapsesUs`. */
  draw(drawn: number, nowUs: number, freshUntilUs: number, lapsesUs: number): void {
    this.drawn = drawn
    this.left = drawn
    this.lapsesUs = lapsesUs
    this.begin(nowUs, freshUntilUs)
  }

  /** Nothing is left of it, and nobody knows here what the file has of it. */
  lose(): void {
    this.end()
    this.drawn = 0
    this.left = 0
    this.lapsesUs = 0
    this.known = Number.POSITIVE_INFINITY
  }

  /**
   * Puts back what was used and is not needed, or takes what was needed besides.
   * @returns what of `amount` the file has to be told.
   */
  protected correct(amount: number): number {
    if (amount < 0) {
      if (-amount <= this.left) {
        this.left += amount
        this.known -= amount
        return 0
      }
      // The file is asked before anything else is let in, for it has to know of the debt.
      this.end()
      return amount
    }
    const absorbed = Math.min(amount, this.used)
    this.left += absorbed
    this.known = Math.max(0, this.known - amount)
    return amount - absorbed
  }
}

/** What was drawn of a rate. */
export class RateAllowance extends DrawnAmount {
  readonly key: string
  limit = 0
  periodUs = 0
  /** When `known` was worked out. */
  atUs = 0
  /** What the file had counted in all when this was drawn, in units. */
  poured = 0

  constructor(key: string) {
    super()
    this.key = key
  }

  /** Whether `claim` can be had of it. */
  canTake({ cost, limit, periodMs }: RateClaim, nowUs: number): boolean {
    const periodUs = periodMs * 1000
    const isSame = limit === this.limit && periodUs === this.periodUs
    return isSame && cost * periodUs <= this.left && this.isFresh(nowUs)
  }

  /** Takes what `canTake` found. */
  take({ cost }: RateClaim, nowUs: number): Standing {
    this.drain(nowUs)
    this.left -= cost * this.periodUs
    this.known += cost * this.periodUs
    this.usedAtUs = nowUs
    return rateStanding(this.known + this.othersAhead, this.limit, this.periodUs)
  }

  /** Gives the units that the file has to be told, of those that are given back. */
  settle(giveBack: number, limit: number, periodMs: number, nowUs: number): number {
    const isSame = limit === this.limit && periodMs * 1000 === this.periodUs
    if (!isSame || nowUs >= this.lapsesUs) {
      this.end()
      return giveBack
    }
    this.drain(nowUs)
    return this.correct(giveBack * this.periodUs) / this.periodUs
  }

  /** Brings `known` up to now. */
  drain(nowUs: number): void {
    this.known = drained(this.known, this.atUs, nowUs, this.limit)
    this.atUs = Math.max(this.atUs, nowUs)
  }
}

/** What was drawn of a budget. */
export class BudgetAllowance extends DrawnAmount {
  readonly key: string
  max = 0
  endsAtMs = 0

  constructor(key: string) {
    super()
    this.key = key
  }

  /** Whether `claim` can be had of it. What costs nothing needs something that is left, too. */
  canTake({ amount, max, endsAtMs }: BudgetClaim, nowUs: number): boolean {
    const isSame = max === this.max && endsAtMs === this.endsAtMs
    return isSame && Math.max(1, amount) <= this.left && this.isFresh(nowUs)
  }

  /** Takes what `canTake` found. */
  take(claim: BudgetClaim, nowUs: number, wallMs: number): Standing {
    this.left -= claim.amount
    this.known += claim.amount
    this.usedAtUs = nowUs
    return budgetStanding(this.known + this.othersAhead, claim, wallMs)
  }

  /** Gives the amount that the file has to be told, of what is given back. */
  settle(giveBack: number, nowUs: number): number {
    if (nowUs < this.lapsesUs) return this.correct(giveBack)
    this.end()
    return giveBack
  }
}

/** The places of one key that this worker may give to its requests, and those that they have. */
export class PlaceAllowance extends Validity {
  readonly key: string
  max = 0
  ttlMs = 0
  /** In the file: so many that may be asked back, whether they are used or not. */
  drawn = 0
  /** In the file besides: so many that are used. */
  held = 0
  /** Places of other workers, and those that have a row of their own. */
  others = 0
  /** Who has a place, and until when; the oldest first, because all have one ttl. */
  readonly used = new Map<string, number>()

  constructor(key: string) {
    super()
    this.key = key
  }

  /** When the first place lapses that a request has; 0 where none has one. */
  get oldestUs(): number {
    return this.used.values().next().value ?? 0
  }

  /** Whether `claim` can be had of it. */
  canTake({ id, max, ttlMs }: LeaseClaim, nowUs: number): boolean {
    if (max !== this.max || ttlMs !== this.ttlMs || !this.isFresh(nowUs)) return false
    this.prune(nowUs)
    return this.used.size < this.drawn + this.held || this.used.has(id)
  }

  /** Takes what `canTake` found. */
  take({ id, max, ttlMs }: LeaseClaim, nowUs: number): Standing {
    this.keep(id, nowUs + ttlMs * 1000)
    this.usedAtUs = nowUs
    return { remaining: Math.max(0, max - this.others - this.used.size), resetMs: 0 }
  }

  /** Sets until when an id has its place, and moves it to the end, where the latest are. */
  keep(id: string, untilUs: number): void {
    this.used.delete(id)
    this.used.set(id, untilUs)
  }

  /**
   * Frees the place of an id.
   * @returns whether it had one here that can go to another request; else the file has to know.
   */
  settle(id: string): boolean {
    if (this.used.delete(id)) return this.drawn > 0 && this.used.size >= this.held
    // It may have a row of its own, which is among the others.
    this.end()
    return false
  }

  /** Forgets what lapsed. */
  prune(nowUs: number): void {
    for (const [id, untilUs] of this.used) {
      if (untilUs > nowUs) break
      this.used.delete(id)
    }
  }

  /** It is not known what the file has of it; who has a place has it none the less. */
  lose(): void {
    this.end()
    this.drawn = 0
    this.held = 0
  }
}

/** Any of them. */
export type Allowance = RateAllowance | BudgetAllowance | PlaceAllowance
