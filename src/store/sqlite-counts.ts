/** How claims and settlements become rows of the file; each call is a part of one step. */
import type { Allowances } from './allowances.ts'
import { drained, leaseRetryMs, rateFits, rateRetryMs, rateStanding } from './gcra.ts'
import type { SqliteDrawing } from './sqlite-drawing.ts'
import { budgetKey, rateKey, rowKeyOf } from './sqlite-keys.ts'
import { type Counted, earlier, type SqliteRows, uncounted } from './sqlite-rows.ts'
import { rateUntilUs, type SqliteSettling } from './sqlite-settling.ts'
import type {
  BudgetClaim,
  Claim,
  LeaseClaim,
  RateClaim,
  Renewal,
  Settlement,
  Standing,
  StoreClock,
  Taken,
} from './store.ts'
import { budgetFits, budgetStanding, namesTwice } from './tables.ts'

/** A place that a take has, and where it was before. */
interface Entered {
  readonly claim: LeaseClaim
  readonly was: 'nowhere' | 'held' | 'row'
}

/** Why a claim does not fit. */
interface Misfit {
  readonly retryAfterMs: number
  /** Whether it would if other workers gave back what they drew. */
  readonly isDrawnByOthers: boolean
}

/** What became of a take. */
export interface Counting {
  readonly taken: Taken
  /** The row of which other workers should give back what they drew; null where that is no help. */
  readonly wanted: string | null
}

/** Counts in an open file. */
export class SqliteCounts {
  readonly #rows: SqliteRows
  readonly #settling: SqliteSettling
  readonly #drawing: SqliteDrawing
  readonly #allowances: Allowances
  readonly #clock: StoreClock

  constructor(
    rows: SqliteRows,
    settling: SqliteSettling,
    drawing: SqliteDrawing,
    allowances: Allowances,
    clock: StoreClock,
  ) {
    this.#rows = rows
    this.#settling = settling
    this.#drawing = drawing
    this.#allowances = allowances
    this.#clock = clock
  }

  /** Takes all claims or none, and draws ahead where there is plenty. */
  take(claims: readonly Claim[], nowUs: number): Counting {
    // A take before this one may have drawn enough.
    const drawn = this.#allowances.take(claims, nowUs, this.#clock)
    if (drawn !== null) return { taken: drawn, wanted: null }
    const entered: Entered[] = []
    let refused = 0
    let misfit: Misfit | null = null
    this.#rows.tentatively(() => {
      for (const claim of claims) {
        this.#settling.settleUpFor(claim, nowUs)
        misfit = this.#enter(claim, nowUs, entered)
        if (misfit !== null) return false
        refused += 1
      }
      return true
    })
    const because = misfit as Misfit | null
    if (because !== null) {
      const { retryAfterMs, isDrawnByOthers } = because
      const claim = claims[refused]
      const wanted = isDrawnByOthers && claim ? rowKeyOf(claim.kind, claim.key) : null
      const standings = this.#standings(claims, nowUs)
      return { taken: { ok: false, refused, retryAfterMs, standings }, wanted }
    }
    const takes = this.#takesAhead(claims, nowUs)
    for (const place of entered) this.#keep(place, takes > 0, nowUs)
    const standings = this.#standings(claims, nowUs)
    if (takes > 0) this.#drawing.draw(claims, takes, nowUs)
    return { taken: { ok: true, standings }, wanted: null }
  }

  /** Takes a claim, or says why not. @param entered gets the places that were taken. */
  #enter(claim: Claim, nowUs: number, entered: Entered[]): Misfit | null {
    if (claim.kind === 'rate') return this.#enterRate(claim, nowUs)
    if (claim.kind === 'budget') return this.#enterBudget(claim, nowUs)
    return this.#enterPlace(claim, nowUs, entered)
  }

  #enterRate({ key, cost, limit, periodMs }: RateClaim, nowUs: number): Misfit | null {
    const periodUs = periodMs * 1000
    const row = this.#rate(key, limit, periodUs, nowUs)
    if (!rateFits(row.amount + row.ahead, cost, limit, periodUs)) {
      const retryAfterMs = rateRetryMs(row.amount + row.ahead, cost, limit, periodUs)
      const isDrawnByOthers = row.ahead > 0 && rateFits(row.amount, cost, limit, periodUs)
      return { retryAfterMs, isDrawnByOthers }
    }
    this.#countRate(key, row, cost, limit, periodUs, nowUs)
    return null
  }

  #enterPlace(claim: LeaseClaim, nowUs: number, entered: Entered[]): Misfit | null {
    const { key, id, max } = claim
    const { amount, ahead } = this.#rows.places(key, nowUs)
    const was = this.#placeOf(claim, amount, entered)
    if (was === 'nowhere') {
      if (amount + ahead >= max) {
        const retryAfterMs = leaseRetryMs(this.#standing(claim, nowUs).resetMs)
        return { retryAfterMs, isDrawnByOthers: amount < max }
      }
      this.#rows.changePlaces(key, 1, 0, nowUs, nowUs + claim.ttlMs * 1000)
    }
    if (!entered.some(({ claim: other }) => other.key === key && other.id === id)) {
      entered.push({ claim, was })
    }
    return null
  }

  /** @param count how many places are taken; without any there is no row to look for. */
  #placeOf({ key, id }: LeaseClaim, count: number, entered: readonly Entered[]): Entered['was'] {
    if (count === 0) return 'nowhere'
    if (this.#allowances.places.get(key)?.used.has(id)) return 'held'
    const isEntered = entered.some(({ claim }) => claim.key === key && claim.id === id)
    return isEntered || this.#rows.hasPlace(key, id) ? 'row' : 'nowhere'
  }

  /** Writes the place of a take. @param isDrawing whether it is among what this worker draws. */
  #keep({ claim, was }: Entered, isDrawing: boolean, nowUs: number): void {
    const { key, id, ttlMs } = claim
    if (was === 'held' || (isDrawing && was === 'nowhere')) {
      this.#drawing.hold(claim, was === 'nowhere', nowUs)
      return
    }
    const untilUs = nowUs + ttlMs * 1000
    this.#rows.put(key, id, nowUs, untilUs)
    if (this.#drawing.isOn) this.#allowances.hasRow(key, id, untilUs)
  }

  #enterBudget(claim: BudgetClaim, nowUs: number): Misfit | null {
    const row = this.#budget(claim.key, nowUs)
    if (!budgetFits(row.amount + row.ahead, claim)) {
      const retryAfterMs = this.#standing(claim, nowUs).resetMs
      return { retryAfterMs, isDrawnByOthers: row.ahead > 0 && budgetFits(row.amount, claim) }
    }
    this.#countBudget(claim.key, row, claim.amount, claim.endsAtMs, nowUs)
    return null
  }

  /** Corrects what was taken. */
  settle(settled: Settlement, nowUs: number): void {
    const { key } = settled
    if (settled.kind === 'lease') {
      this.#rows.leave(key, settled.id, nowUs)
      this.#settling.settleUpFor(settled, nowUs)
    } else if (settled.kind === 'rate') {
      const { giveBack, limit } = settled
      const periodUs = settled.periodMs * 1000
      const row = this.#rate(key, limit, periodUs, nowUs)
      this.#countRate(key, row, -giveBack, limit, periodUs, nowUs)
    } else {
      const row = this.#budget(key, nowUs)
      this.#countBudget(key, row, -settled.giveBack, settled.endsAtMs, nowUs)
    }
  }

  /** Keeps a place, also one that lapsed. */
  renew({ key, id, ttlMs }: Renewal, nowUs: number): void {
    const untilUs = nowUs + ttlMs * 1000
    const allowance = this.#allowances.places.get(key)
    if (allowance?.used.has(id)) {
      allowance.keep(id, untilUs)
    } else {
      this.#rows.enter(key, id, nowUs, untilUs)
      if (this.#drawing.isOn) this.#allowances.hasRow(key, id, untilUs)
    }
  }

  /** What is owed of a rate now. */
  #rate(key: string, limit: number, periodUs: number, nowUs: number): Counted {
    const row = this.#rows.counted(rateKey(key))
    if (row === null) return uncounted
    const amount = drained(row.amount, row.atUs, nowUs, limit)
    const atUs = Math.max(row.atUs, nowUs)
    if (row.ahead === 0 || row.lapsesUs > nowUs) return { ...row, amount, atUs }
    // What a dead worker drew may all have been used, at the last moment.
    const { ahead, lapsesUs, gone } = this.#rows.drawn.lapsed(rateKey(key), nowUs)
    const poured = row.poured + gone / periodUs
    const counted = { ...row, amount: amount + gone, atUs: nowUs, ahead, lapsesUs, poured }
    this.#rows.firmly(() => this.#rows.count(rateKey(key), counted))
    return counted
  }

  #countRate(
    key: string,
    row: Counted,
    cost: number,
    limit: number,
    periodUs: number,
    nowUs: number,
  ): void {
    const amount = Math.max(0, row.amount + cost * periodUs)
    const poured = row.poured + Math.max(0, cost)
    const untilUs = rateUntilUs(amount, row.ahead, limit, nowUs)
    this.#rows.count(rateKey(key), { ...row, amount, poured, atUs: nowUs, untilUs })
  }

  /** What is spent of a budget. */
  #budget(key: string, nowUs: number): Counted {
    const row = this.#rows.counted(budgetKey(key))
    if (row === null || row.untilUs <= nowUs) return uncounted
    if (row.ahead === 0 || row.lapsesUs > nowUs) return row
    const { ahead, lapsesUs, gone } = this.#rows.drawn.lapsed(budgetKey(key), nowUs)
    const counted = { ...row, amount: row.amount + gone, ahead, lapsesUs }
    this.#rows.firmly(() => this.#rows.count(budgetKey(key), counted))
    return counted
  }

  #countBudget(key: string, row: Counted, spent: number, endsAtMs: number, nowUs: number): void {
    const amount = Math.max(0, row.amount + spent)
    const counted = { ...row, amount, atUs: nowUs, untilUs: endsAtMs * 1000 }
    this.#rows.count(budgetKey(key), counted)
  }

  #takesAhead(claims: readonly Claim[], nowUs: number): number {
    if (!this.#drawing.isOn || namesTwice(claims)) return 0
    const remaining = claims.map((claim) => {
      if (claim.kind !== 'lease') return this.#standing(claim, nowUs).remaining
      const { amount, ahead } = this.#rows.places(claim.key, nowUs)
      return claim.max - amount - ahead
    })
    return this.#drawing.takesAhead(claims, remaining, nowUs)
  }

  /** What is left of each claim. */
  #standings(claims: readonly Claim[], nowUs: number): Standing[] {
    return claims.map((claim) => this.#standing(claim, nowUs))
  }

  #standing(claim: Claim, nowUs: number): Standing {
    const { key } = claim
    if (claim.kind === 'rate') {
      const periodUs = claim.periodMs * 1000
      const row = this.#rate(key, claim.limit, periodUs, nowUs)
      return rateStanding(this.#settling.takenOf(claim, row, nowUs), claim.limit, periodUs)
    }
    if (claim.kind === 'budget') {
      const spent = this.#settling.takenOf(claim, this.#budget(key, nowUs), nowUs)
      return budgetStanding(spent, claim, this.#clock.wallMs())
    }
    const row = this.#rows.places(key, nowUs)
    const remaining = claim.max - this.#settling.takenOf(claim, row, nowUs)
    if (remaining > 0) return { remaining, resetMs: 0 }
    // Of the places of this worker, its row only knows the latest.
    const ownUs = this.#allowances.places.get(key)?.oldestUs ?? 0
    const oldestUs = earlier(this.#rows.oldestUs(key, nowUs), ownUs)
    return { remaining: 0, resetMs: untilMs(oldestUs, nowUs) }
  }
}

const untilMs = (untilUs: number, nowUs: number): number =>
  untilUs === 0 ? 0 : Math.max(0, Math.ceil((untilUs - nowUs) / 1000))
