/**
 * How a worker settles up: what it used of what it drew is counted, and what is left is given back.
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
import { budgetKey, placesKey, rateKey, rowKeyOf } from './sqlite-keys.ts'
import type { Counted, SqliteRows } from './sqlite-rows.ts'
import type { Claim } from './store.ts'

/** What a worker drew of rates and budgets is its own for so long, whatever became of it. */
export const LAPSE_US = 10_000_000

/** Settles up. All of it within a step. */
export class SqliteSettling {
  readonly #rows: SqliteRows
  readonly #allowances: Allowances
  /** Allowances that the step under way has changed. */
  readonly #touched = new Set<Allowance>()

  constructor(rows: SqliteRows, allowances: Allowances) {
    this.#rows = rows
    this.#allowances = allowances
  }

  /** Notes what the step under way changes, for when it fails. */
  touch(allowance: Allowance): void {
    this.#touched.add(allowance)
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
}

/** When a rate is over: idle, also where all that is drawn lapses, and then drains. */
export function rateUntilUs(owed: number, ahead: number, limit: number, nowUs: number): number {
  const fromUs = ahead > 0 ? nowUs + LAPSE_US : nowUs
  return fromUs + Math.ceil((owed + ahead) / limit)
}

/** What is owed with what was used of an allowance; see the top of this file. */
function owedWith(allowance: RateAllowance, row: Counted, used: number, nowUs: number): number {
  allowance.drain(nowUs)
  const since = (row.poured - allowance.poured) * allowance.periodUs
  return Math.min(
    drained(row.amount, row.atUs, nowUs, allowance.limit) + used,
    allowance.known + since,
  )
}
