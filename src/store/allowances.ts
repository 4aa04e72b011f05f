/**
 * All that one worker drew ahead, by key, and what can be decided of it without asking the file:
 * a take whose claims all fit into what was drawn, and the settlement behind it.
 */
import { type Allowance, type BudgetAllowance, PlaceAllowance, RateAllowance } from './allowance.ts'
import type { Admitted, Claim, Renewal, Settlement, Standing, StoreClock } from './store.ts'

/** What has not been used for so long is given back. */
const IDLE_US = 1_000_000

/** What a worker drew, and what it may do with it. */
export class Allowances {
  readonly rates = new Map<string, RateAllowance>()
  readonly budgets = new Map<string, BudgetAllowance>()
  readonly places = new Map<string, PlaceAllowance>()
  /** Places that have a row of their own, which the same id must find again. */
  readonly #rows = new Map<string, number>()
  #serial = 0

  /** Keys of which something is drawn, or was. */
  get size(): number {
    return this.rates.size + this.budgets.size + this.places.size
  }

  /** Takes all claims, or gives null and takes nothing where one of them is for the file. */
  take(claims: readonly Claim[], nowUs: number, clock: StoreClock): Admitted | null {
    if (this.size === 0) return null
    this.#serial += 1
    for (const claim of claims) {
      const allowance = this.#fitting(claim, nowUs)
      if (allowance === null || allowance.serial === this.#serial) return null
      allowance.serial = this.#serial
    }
    const standings: Standing[] = []
    for (const claim of claims) {
      const standing = this.#use(claim, nowUs, clock)
      if (standing !== undefined) standings.push(standing)
    }
    return { ok: true, standings }
  }

  /** Gives what the file has to be told of a settlement; null where that is nothing. */
  settle(settled: Settlement, nowUs: number): Settlement | null {
    const { key } = settled
    if (settled.kind === 'lease') {
      if (this.#rows.size > 0) this.#rows.delete(nameOf(key, settled.id))
      return this.places.get(key)?.settle(settled.id) ? null : settled
    }
    if (settled.kind === 'rate') {
      const { giveBack, limit, periodMs } = settled
      const rest = this.rates.get(key)?.settle(giveBack, limit, periodMs, nowUs)
      return restOf(settled, rest)
    }
    return restOf(settled, this.budgets.get(key)?.settle(settled.giveBack, nowUs))
  }

  /** Whether this worker may use what it drew of a number. */
  isDrawn({ kind, key }: Settlement, nowUs: number): boolean {
    if (kind === 'lease') return false
    const numbers = kind === 'rate' ? this.rates : this.budgets
    return numbers.get(key)?.isFresh(nowUs) ?? false
  }

  /** Notes a place that has a row of its own. */
  hasRow(key: string, id: string, untilUs: number): void {
    this.#rows.set(nameOf(key, id), untilUs)
  }

  /** Whether an id has a place of what was drawn. */
  has({ key, id }: { readonly key: string; readonly id: string }): boolean {
    return this.places.get(key)?.used.has(id) ?? false
  }

  /** Forgets the place of a take that came to nothing. */
  forget({ key, id }: { readonly key: string; readonly id: string }): void {
    this.places.get(key)?.used.delete(id)
  }

  /** Forgets what is neither drawn nor used. */
  remove(allowance: Allowance): void {
    const { key } = allowance
    if (allowance instanceof RateAllowance) this.rates.delete(key)
    else if (!(allowance instanceof PlaceAllowance)) this.budgets.delete(key)
    else if (allowance.used.size === 0) this.places.delete(key)
  }

  /** Forgets rows of places that lapsed. */
  sweep(nowUs: number): void {
    for (const [name, untilUs] of this.#rows) if (untilUs <= nowUs) this.#rows.delete(name)
  }

  /** What nobody used lately, or may use any more. */
  idle(nowUs: number): Allowance[] {
    return this.all().filter((allowance) => {
      const isPlace = allowance instanceof PlaceAllowance
      const isDrawn = !isPlace || allowance.drawn > 0 || allowance.used.size === 0
      const isUsed = allowance.isFresh(nowUs) && nowUs - allowance.usedAtUs < IDLE_US
      return isDrawn && !isUsed
    })
  }

  /** All of them. */
  all(): Allowance[] {
    return [...this.rates.values(), ...this.budgets.values(), ...this.places.values()]
  }

  /** The places that requests have of what was drawn, each as it would be renewed. */
  renewals(): Renewal[] {
    return [...this.places.values()].flatMap(({ key, ttlMs, used }) =>
      [...used.keys()].map((id) => ({ key, id, ttlMs })),
    )
  }

  #fitting(claim: Claim, nowUs: number): Allowance | null {
    if (claim.kind === 'rate') {
      const rate = this.rates.get(claim.key)
      return rate?.canTake(claim, nowUs) ? rate : null
    }
    if (claim.kind === 'budget') {
      const budget = this.budgets.get(claim.key)
      return budget?.canTake(claim, nowUs) ? budget : null
    }
    const place = this.places.get(claim.key)
    if (!place?.canTake(claim, nowUs)) return null
    return this.#rows.size > 0 && this.#rows.has(nameOf(claim.key, claim.id)) ? null : place
  }

  #use(claim: Claim, nowUs: number, clock: StoreClock): Standing | undefined {
    if (claim.kind === 'rate') return this.rates.get(claim.key)?.take(claim, nowUs)
    if (claim.kind === 'lease') return this.places.get(claim.key)?.take(claim, nowUs)
    return this.budgets.get(claim.key)?.take(claim, nowUs, clock.wallMs())
  }
}

const nameOf = (key: string, id: string): string => `${key} ${id}`

/** @param rest what is left of the amount; undefined where nothing was drawn of its key. */
function restOf<Amount extends Settlement & { readonly giveBack: number }>(
  settled: Amount,
  rest: number | undefined,
): Amount | null {
  if (rest === 0) return null
  return rest === undefined || rest === settled.giveBack ? settled : { ...settled, giveBack: rest }
}
