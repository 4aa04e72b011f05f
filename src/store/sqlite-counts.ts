/** How claims and settlements become rows of the file; each call is a part of one step. */
import { drained, leaseRetryMs, rateFits, rateRetryMs, rateStanding } from './gcra.ts'
import type { SqliteFile } from './sqlite-file.ts'
import type {
  BudgetClaim,
  Claim,
  LeaseClaim,
  RateClaim,
  Settlement,
  Standing,
  StoreClock,
} from './store.ts'
import { budgetFits, budgetStanding } from './tables.ts'

/** Counts in an open file. */
export class SqliteCounts {
  readonly #file: SqliteFile
  readonly #clock: Pick<StoreClock, 'wallMs'>

  constructor(file: SqliteFile, clock: Pick<StoreClock, 'wallMs'>) {
    this.#file = file
    this.#clock = clock
  }

  /** Takes a claim: what is left, or, where it does not fit, the milliseconds to wait. */
  enter(claim: Claim, nowUs: number): Standing | number {
    if (claim.kind === 'rate') return this.#enterRate(claim, nowUs)
    return claim.kind === 'lease' ? this.#enterPlace(claim, nowUs) : this.#enterBudget(claim, nowUs)
  }

  #enterRate(claim: RateClaim, nowUs: number): Standing | number {
    const { key, cost, limit } = claim
    const periodUs = claim.periodMs * 1000
    const owed = this.#owed(key, limit, nowUs)
    if (!rateFits(owed, cost, limit, periodUs)) return rateRetryMs(owed, cost, limit, periodUs)
    const after = owed + cost * periodUs
    this.#file.count(rateKey(key), after, nowUs, idleAtUs(after, limit, nowUs))
    return rateStanding(after, limit, periodUs)
  }

  #enterPlace(claim: LeaseClaim, nowUs: number): Standing | number {
    const { key, id, max, ttlMs } = claim
    const count = this.#file.places(key, nowUs)
    const isRenewed = count > 0 && this.#file.hasPlace(key, id, nowUs)
    if (!isRenewed && count >= max) return leaseRetryMs(this.#standing(claim, nowUs).resetMs)
    this.#file.enter(key, id, nowUs, nowUs + ttlMs * 1000)
    return this.#placesLeft(claim, isRenewed ? count : count + 1, nowUs)
  }

  #placesLeft({ key, max }: LeaseClaim, count: number, nowUs: number): Standing {
    if (count < max) return { remaining: max - count, resetMs: 0 }
    return { remaining: 0, resetMs: untilMs(this.#file.oldestUs(key, nowUs), nowUs) }
  }

  #enterBudget(claim: BudgetClaim, nowUs: number): Standing | number {
    const spent = this.#spent(claim.key, nowUs)
    const standing = budgetStanding(spent + claim.amount, claim, this.#clock.wallMs())
    if (!budgetFits(spent, claim)) return standing.resetMs
    const untilUs = claim.endsAtMs * 1000
    this.#file.count(budgetKey(claim.key), spent + claim.amount, nowUs, untilUs)
    return standing
  }

  /** Corrects what was taken. */
  settle(settled: Settlement, nowUs: number): void {
    const { key } = settled
    if (settled.kind === 'lease') {
      this.#file.leave(key, settled.id, nowUs)
    } else if (settled.kind === 'rate') {
      const { giveBack, limit, periodMs } = settled
      const owed = Math.max(0, this.#owed(key, limit, nowUs) - giveBack * periodMs * 1000)
      this.#file.count(rateKey(key), owed, nowUs, idleAtUs(owed, limit, nowUs))
    } else {
      const spent = Math.max(0, this.#spent(key, nowUs) - settled.giveBack)
      this.#file.count(budgetKey(key), spent, nowUs, settled.endsAtMs * 1000)
    }
  }

  #owed(key: string, limit: number, nowUs: number): number {
    const row = this.#file.counted(rateKey(key))
    return row === null ? 0 : drained(row[0], row[1], nowUs, limit)
  }

  #spent(key: string, nowUs: number): number {
    const row = this.#file.counted(budgetKey(key))
    return row === null || row[2] <= nowUs ? 0 : row[0]
  }

  /** What is left of each claim. */
  standings(claims: readonly Claim[], nowUs: number): Standing[] {
    return claims.map((claim) => this.#standing(claim, nowUs))
  }

  #standing(claim: Claim, nowUs: number): Standing {
    if (claim.kind === 'rate') {
      const owed = this.#owed(claim.key, claim.limit, nowUs)
      return rateStanding(owed, claim.limit, claim.periodMs * 1000)
    }
    if (claim.kind === 'budget') {
      return budgetStanding(this.#spent(claim.key, nowUs), claim, this.#clock.wallMs())
    }
    return this.#placesLeft(claim, this.#file.places(claim.key, nowUs), nowUs)
  }
}

const rateKey = (key: string): string => `r:${key}`
const budgetKey = (key: string): string => `b:${key}`

const idleAtUs = (owed: number, limit: number, nowUs: number): number =>
  nowUs + Math.ceil(owed / limit)

const untilMs = (untilUs: number, nowUs: number): number =>
  untilUs === 0 ? 0 : Math.max(0, Math.ceil((untilUs - nowUs) / 1000))
