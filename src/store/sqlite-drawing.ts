/**
 * How a worker draws ahead, so that most of its takes need no step in the file. What it draws is
 * taken for everybody else at once; so a limit is never exceeded, and what makes it exact is that
 * leftovers come back before anything is refused.
 */
import { BudgetAllowance, PlaceAllowance, RateAllowance } from './allowance.ts'
import type { Allowances } from './allowances.ts'
import { budgetKey, placesKey, rateKey, rowKeyOf } from './sqlite-keys.ts'
import { type Counted, earlier, type SqliteRows, uncounted } from './sqlite-rows.ts'
import { LAPSE_US, rateUntilUs, type SqliteSettling } from './sqlite-settling.ts'
import type { BudgetClaim, Claim, LeaseClaim, RateClaim } from './store.ts'

/**
 * So many takes ahead at most. A step costs 100 microseconds where it is done all the time, and
 * three times that where it is rare and its code cold; one take in so many pays for it.
 */
const TAKES_AHEAD_MAX = 255

/**
 * What all workers draw is at most the eighth part of what is left, and from a few units on it is
 * nothing: what is told of a limit stays near the truth, and small limits need no leftovers back.
 */
const PART_OF_REST = 8
const TAKES_AHEAD_MIN = 2

/**
 * To draw costs as much as a take, and to give back too. So nothing is drawn of a key before it is
 * asked for again within this time.
 */
const AGAIN_WITHIN_US = 500_000

/** An allowance is used for so long, and settled up with the next take after that. */
const FRESH_US = 2_000_000

/** The same for places, as a part of the time that they are kept without being renewed. */
const FRESH_PART_OF_TTL = 4

/** Draws. All of it within a step. */
export class SqliteDrawing {
  readonly #rows: SqliteRows
  readonly #allowances: Allowances
  readonly #settling: SqliteSettling
  readonly #processes: number
  /** Keys of rows that another worker wants all of, and until when. */
  readonly #refrained = new Map<string, number>()
  /** When something was last taken of a row's key in the file. */
  readonly #takenAtUs = new Map<string, number>()

  /** @param processes that share the file; 0 where none may draw ahead. */
  constructor(
    rows: SqliteRows,
    allowances: Allowances,
    settling: SqliteSettling,
    processes: number,
  ) {
    this.#rows = rows
    this.#allowances = allowances
    this.#settling = settling
    this.#processes = processes
  }

  /** Whether anything may be drawn. */
  get isOn(): boolean {
    return this.#processes > 0
  }

  /** Draws nothing of a row's key until then. */
  refrain(rowKey: string, untilUs: number): void {
    this.#refrained.set(rowKey, untilUs)
  }

  /** Forgets what is over. */
  sweep(nowUs: number): void {
    for (const [rowKey, untilUs] of this.#refrained) {
      if (untilUs <= nowUs) this.#refrained.delete(rowKey)
    }
    for (const [rowKey, takenAtUs] of this.#takenAtUs) {
      if (!isSoonAfter(takenAtUs, nowUs)) this.#takenAtUs.delete(rowKey)
    }
  }

  /** How many more such takes to draw; 0 where it is not worth it. `remaining` is after it. */
  takesAhead(claims: readonly Claim[], remaining: readonly number[], nowUs: number): number {
    if (this.#processes === 0 || claims.length === 0) return 0
    let takes = TAKES_AHEAD_MAX
    for (const [index, claim] of claims.entries()) {
      const rowKey = rowKeyOf(claim.kind, claim.key)
      const part = (remaining[index] ?? 0) / (PART_OF_REST * this.#processes)
      takes = Math.min(takes, Math.floor(part / unitsOf(claim)))
      if ((this.#refrained.get(rowKey) ?? 0) > nowUs) takes = 0
      const beforeUs = this.#takenAtUs.get(rowKey)
      if (beforeUs === undefined || !isSoonAfter(beforeUs, nowUs)) takes = 0
      this.#takenAtUs.set(rowKey, nowUs)
    }
    return takes < TAKES_AHEAD_MIN ? 0 : takes
  }

  /** Draws what `takes` more of such takes need, of all claims that were just taken. */
  draw(claims: readonly Claim[], takes: number, nowUs: number): void {
    for (const claim of claims) {
      if (claim.kind === 'rate') this.#drawRate(claim, takes, nowUs)
      else if (claim.kind === 'budget') this.#drawBudget(claim, takes, nowUs)
      else this.#drawPlaces(claim, takes, nowUs)
    }
  }

  #drawRate({ key, cost, limit, periodMs }: RateClaim, takes: number, nowUs: number): void {
    const row = this.#rows.counted(rateKey(key)) ?? uncounted
    const allowance = this.#allowances.rates.get(key) ?? new RateAllowance(key)
    allowance.limit = limit
    allowance.periodUs = periodMs * 1000
    allowance.known = row.amount
    allowance.atUs = row.atUs
    allowance.poured = row.poured
    allowance.othersAhead = row.ahead
    const units = takes * Math.max(1, cost) * allowance.periodUs
    const untilUs = rateUntilUs(row.amount, row.ahead + units, limit, nowUs)
    this.#drawNumber(rateKey(key), { ...row, untilUs }, units, nowUs)
    allowance.draw(units, nowUs, nowUs + FRESH_US, nowUs + LAPSE_US)
    this.#allowances.rates.set(key, allowance)
    this.#settling.touch(allowance)
  }

  #drawBudget({ key, amount, max, endsAtMs }: BudgetClaim, takes: number, nowUs: number): void {
    const row = this.#rows.counted(budgetKey(key)) ?? uncounted
    const allowance = this.#allowances.budgets.get(key) ?? new BudgetAllowance(key)
    allowance.max = max
    allowance.endsAtMs = endsAtMs
    allowance.known = row.amount
    allowance.othersAhead = row.ahead
    const units = takes * Math.max(1, amount)
    this.#drawNumber(budgetKey(key), row, units, nowUs)
    const freshUntilUs = Math.min(nowUs + FRESH_US, endsAtMs * 1000)
    allowance.draw(units, nowUs, freshUntilUs, nowUs + LAPSE_US)
    this.#allowances.budgets.set(key, allowance)
    this.#settling.touch(allowance)
  }

  #drawNumber(rowKey: string, row: Counted, units: number, nowUs: number): void {
    const untilUs = nowUs + LAPSE_US
    this.#rows.drawn.setOwn(rowKey, { units, held: 0, atUs: nowUs, untilUs })
    const lapsesUs = row.ahead === 0 ? untilUs : earlier(row.lapsesUs, untilUs)
    this.#rows.count(rowKey, { ...row, ahead: row.ahead + units, lapsesUs })
  }

  /** All places that this worker has in use may be asked back, since any of them may end soon. */
  #drawPlaces({ key, max, ttlMs }: LeaseClaim, takes: number, nowUs: number): void {
    const rowKey = placesKey(key)
    const allowance = this.#allowances.places.get(key) ?? new PlaceAllowance(key)
    const own = this.#rows.drawn.own(rowKey)
    const untilUs = nowUs + ttlMs * 1000
    const drawn = allowance.used.size + takes
    const aheadBy = drawn - (own?.units ?? 0)
    this.#rows.changePlaces(key, -(own?.held ?? 0), aheadBy, nowUs, untilUs)
    this.#rows.drawn.setOwn(rowKey, { units: drawn, held: 0, atUs: nowUs, untilUs })
    const row = this.#rows.places(key, nowUs)
    const freshUs = Math.min(FRESH_US, (ttlMs * 1000) / FRESH_PART_OF_TTL)
    allowance.max = max
    allowance.ttlMs = ttlMs
    allowance.drawn = drawn
    allowance.held = 0
    allowance.others = row.amount + row.ahead - drawn
    allowance.begin(nowUs, Math.min(nowUs + freshUs, row.untilUs))
    this.#settling.touch(allowance)
    this.#allowances.places.set(key, allowance)
  }

  /** Keeps the place that a take has, among those that this worker holds; it is counted already. */
  hold({ key, id, ttlMs }: LeaseClaim, isNew: boolean, nowUs: number): void {
    const allowance = this.#allowances.places.get(key) ?? new PlaceAllowance(key)
    const untilUs = nowUs + ttlMs * 1000
    allowance.ttlMs = ttlMs
    allowance.keep(id, untilUs)
    this.#settling.touch(allowance)
    this.#allowances.places.set(key, allowance)
    const rowKey = placesKey(key)
    const held = (this.#rows.drawn.own(rowKey)?.held ?? 0) + (isNew ? 1 : 0)
    this.#rows.drawn.setOwn(rowKey, { units: 0, held, atUs: nowUs, untilUs })
    allowance.held = held
  }
}

const isSoonAfter = (thenUs: number, nowUs: number): boolean =>
  Math.abs(nowUs - thenUs) <= AGAIN_WITHIN_US

const unitsOf = (claim: Claim): number => {
  if (claim.kind === 'lease') return 1
  return Math.max(1, claim.kind === 'rate' ? claim.cost : claim.amount)
}
