/**
 * How a worker draws ahead, so that most of its takes need no step in the file, and how it settles
 * up. What it draws is taken for everybody else at once; so a limit is never exceeded, and what
 * makes it exact is that leftovers come back before anything is refused.
 *
 * A rate drains while time passes, but not what was only drawn: it may be used at the last moment.
 * So the file counts it apart (`ahead`), and when a worker settles up, what it used is added to
 * what is owed. Of two bounds the lower one counts: what was owed when it drew, followed here with
 * its own use and with all that others added since; and what the file says is owed, and all of the
 * use as if it were from this moment. Neither is below the truth, since whatever is added to a
 * bucket never makes it fuller by more than that; where nobody else drew, the first is the truth.
 */
import { type Allowance, BudgetAllowance, PlaceAllowance, RateAllowance } from './allowance.ts'
import type { Allowances } from './allowances.ts'
import { drained } from './gcra.ts'
import { type Counted, earlier, placesKey, type SqliteRows, uncounted } from './sqlite-rows.ts'
import type { BudgetClaim, Claim, LeaseClaim, RateClaim } from './store.ts'

/** So many takes ahead at most. One in so many pays for the step, which is the better part. */
const TAKES_AHEAD_MAX = 31

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

/** What a worker drew of rates and budgets is its own for so long, whatever became of it. */
const LAPSE_US = 10_000_000

/** The same for places, as a part of the time that they are kept without being renewed. */
const FRESH_PART_OF_TTL = 4

/** Draws and settles up. All of it within a step. */
export class SqliteDrawing {
  readonly #rows: SqliteRows
  readonly #allowances: Allowances
  readonly #processes: number
  /** Keys of rows that another worker wants all of, and until when. */
  readonly #refrained = new Map<string, number>()
  /** When something was last taken of a row's key in the file. */
  readonly #takenAtUs = new Map<string, number>()
  /** Allowances that the step under way has changed. */
  readonly #touched = new Set<Allowance>()

  /** @param processes that share the file; 0 where none may draw ahead. */
  constructor(rows: SqliteRows, allowances: Allowances, processes: number) {
    this.#rows = rows
    this.#allowances = allowances
    this.#processes = processes
  }

  /** Whether anything may be drawn. */
  get isOn(): boolean {
    return this.#processes > 0
  }

  /** The step is done: what it gave back is forgotten. */
  done(): void {
    for (const allowance of this.#touched) {
      if (allowance.drawn === 0) this.#allowances.remove(allowance)
    }
    this.#touched.clear()
  }

  /** The step failed. The file may have what it had, so what was drawn counts as used. */
  undone(): void {
    for (const allowance of this.#touched) allowance.lose()
    this.#touched.clear()
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

  /** What this worker drew under a row's key; undefined where that is nothing. */
  byRow(rowKey: string): Allowance | undefined {
    const key = rowKey.slice(2)
    for (const kind of ['rate', 'budget', 'lease'] as const) {
      if (rowKeyOf(kind, key) === rowKey) return this.#of(kind, key)
    }
    return undefined
  }

  /** Gives back what this worker has left of the claim's key, if it drew any. */
  settleUpFor(
    { kind, key }: { readonly kind: Claim['kind']; readonly key: string },
    nowUs: number,
  ) {
    const allowance = this.#of(kind, key)
    if (allowance !== undefined) this.settleUp(allowance, nowUs)
  }

  /** Gives back what is left of an allowance, and counts what was used. */
  settleUp(allowance: Allowance, nowUs: number): void {
    this.#touched.add(allowance)
    this.#rows.firmly(() => {
      if (allowance instanceof PlaceAllowance) this.#settlePlaces(allowance, nowUs)
      else if (allowance instanceof RateAllowance) this.#settleRate(allowance, nowUs)
      else this.#settleBudget(allowance)
    })
    allowance.end()
  }

  /** What would be taken of a claim's key if this worker settled up; `row` is as counted now. */
  takenOf({ kind, key }: Claim, row: Counted, nowUs: number): number {
    const taken = row.amount + row.ahead
    const allowance = this.#of(kind, key)
    const own = allowance && this.#rows.drawn.own(rowKeyOf(kind, key))
    if (!allowance || !own) return taken
    if (allowance instanceof PlaceAllowance) {
      allowance.prune(nowUs)
      return taken - own.units - own.held + allowance.used.size
    }
    if (allowance instanceof BudgetAllowance) return taken - allowance.left
    const used = own.units - allowance.left
    return owedWith(allowance, row, used, nowUs) + row.ahead - own.units
  }

  /** Draws what `takes` more of such takes need, of all claims that were just taken. */
  draw(claims: readonly Claim[], takes: number, nowUs: number): void {
    for (const claim of claims) {
      if (claim.kind === 'rate') this.#drawRate(claim, takes, nowUs)
      else if (claim.kind === 'budget') this.#drawBudget(claim, takes, nowUs)
      else this.#drawPlaces(claim, takes, nowUs)
    }
  }

  #of(kind: Claim['kind'], key: string): Allowance | undefined {
    if (kind === 'rate') return this.#allowances.rates.get(key)
    return kind === 'budget' ? this.#allowances.budgets.get(key) : this.#allowances.places.get(key)
  }

  #settleRate(allowance: RateAllowance, nowUs: number): void {
    const { limit, periodUs } = allowance
    const rowKey = rateKey(allowance.key)
    const [row, own] = [this.#rows.counted(rowKey), this.#rows.drawn.own(rowKey)]
    if (own !== null) this.#rows.drawn.setOwn(rowKey, null)
    if (row !== null && own !== null) {
      const used = own.units - allowance.left
      const amount = owedWith(allowance, row, used, nowUs)
      const ahead = Math.max(0, row.ahead - own.units)
      const poured = row.poured + used / periodUs
      const untilUs = rateUntilUs(amount, ahead, limit, nowUs)
      this.#rows.count(rowKey, { ...row, amount, ahead, poured, atUs: nowUs, untilUs })
    }
    allowance.lose()
  }

  #settleBudget(allowance: BudgetAllowance): void {
    const rowKey = budgetKey(allowance.key)
    const [row, own] = [this.#rows.counted(rowKey), this.#rows.drawn.own(rowKey)]
    if (own !== null) this.#rows.drawn.setOwn(rowKey, null)
    if (row !== null && own !== null) {
      const amount = row.amount + own.units - allowance.left
      this.#rows.count(rowKey, { ...row, amount, ahead: Math.max(0, row.ahead - own.units) })
    }
    allowance.lose()
  }

  /** What requests use stays theirs, and is known to be used. */
  #settlePlaces(allowance: PlaceAllowance, nowUs: number): void {
    const { key, ttlMs } = allowance
    const rowKey = placesKey(key)
    allowance.prune(nowUs)
    const own = this.#rows.drawn.own(rowKey)
    const held = allowance.used.size
    const untilUs = held === 0 ? 0 : nowUs + ttlMs * 1000
    this.#rows.changePlaces(key, held - (own?.held ?? 0), -(own?.units ?? 0), nowUs, untilUs)
    this.#rows.drawn.setOwn(rowKey, held === 0 ? null : { units: 0, held, atUs: nowUs, untilUs })
    allowance.lose()
    allowance.held = held
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
    this.#touched.add(allowance)
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
    this.#touched.add(allowance)
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
    this.#touched.add(allowance)
    this.#allowances.places.set(key, allowance)
  }

  /** Keeps the place that a take has, among those that this worker holds; it is counted already. */
  hold({ key, id, ttlMs }: LeaseClaim, isNew: boolean, nowUs: number): void {
    const allowance = this.#allowances.places.get(key) ?? new PlaceAllowance(key)
    const untilUs = nowUs + ttlMs * 1000
    allowance.ttlMs = ttlMs
    allowance.keep(id, untilUs)
    this.#touched.add(allowance)
    this.#allowances.places.set(key, allowance)
    const rowKey = placesKey(key)
    const held = (this.#rows.drawn.own(rowKey)?.held ?? 0) + (isNew ? 1 : 0)
    this.#rows.drawn.setOwn(rowKey, { units: 0, held, atUs: nowUs, untilUs })
    allowance.held = held
  }
}

const isSoonAfter = (thenUs: number, nowUs: number): boolean =>
  Math.abs(nowUs - thenUs) <= AGAIN_WITHIN_US

/** What is owed with what was used of an allowance; see the top of this file. */
function owedWith(allowance: RateAllowance, row: Counted, used: number, nowUs: number): number {
  allowance.drain(nowUs)
  const since = (row.poured - allowance.poured) * allowance.periodUs
  return Math.min(
    drained(row.amount, row.atUs, nowUs, allowance.limit) + used,
    allowance.known + since,
  )
}

const unitsOf = (claim: Claim): number => {
  if (claim.kind === 'lease') return 1
  return Math.max(1, claim.kind === 'rate' ? claim.cost : claim.amount)
}

/** When a rate is over: idle, also where all that is drawn lapses, and then drains. */
export function rateUntilUs(owed: number, ahead: number, limit: number, nowUs: number): number {
  const fromUs = ahead > 0 ? nowUs + LAPSE_US : nowUs
  return fromUs + Math.ceil((owed + ahead) / limit)
}

/** The key under which a rate is counted. */
export const rateKey = (key: string): string => `r:${key}`

/** The key under which a budget is counted. */
export const budgetKey = (key: string): string => `b:${key}`

/** The key under which a claim's key is counted. */
export function rowKeyOf(kind: Claim['kind'], key: string): string {
  if (kind === 'rate') return rateKey(key)
  return kind === 'budget' ? budgetKey(key) : placesKey(key)
}
