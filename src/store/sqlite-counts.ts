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
  Taken,
} from './store.ts'
import { budgetFits, budgetStanding } from './tables.ts'

/** A place that a take has, and until when it had it before; null where it had none. */
interface Entered {
  readonly key: string
  readonly id: string
  readonly beforeUs: number | null
}

/** Counts in an open file. */
export class SqliteCounts {
  readonly #file: SqliteFile
  readonly #clock: Pick<StoreClock, 'wallMs'>

  constructor(file: SqliteFile, clock: Pick<StoreClock, 'wallMs'>) {
    this.#file = file
    this.#clock = clock
  }

  /** Takes all claims or none. */
  take(claims: readonly Claim[], nowUs: number): Taken {
    const standings: Standing[] = []
    const entered: Entered[] = []
    let retryAfterMs = 0
    this.#file.tentatively(() => {
      for (const claim of claims) {
        const outcome = this.#enter(claim, nowUs, entered)
        if (typeof outcome === 'number') {
          retryAfterMs = outcome
          return false
        }
        standings.push(outcome)
      }
      return true
    })
    const refused = standings.length
    if (refused < claims.length) {
      for (const { key, id, beforeUs } of entered.reverse()) {
        this.#file.put(key, id, nowUs, beforeUs)
      }
      return { ok: false, refused, retryAfterMs, standings: this.#standings(claims, nowUs) }
    }
    return { ok: true, standings: namesTwice(claims) ? this.#standings(claims, nowUs) : standings }
  }

  /**
   * Takes a claim: what is left, or, where it does not fit, the milliseconds to wait.
   * @param entered gets the places that were taken.
   */
  #enter(claim: Claim, nowUs: number, entered: Entered[]): Standing | number {
    if (claim.kind === 'rate') return this.#enterRate(claim, nowUs)
    if (claim.kind === 'budget') return this.#enterBudget(claim, nowUs)
    return this.#enterPlace(claim, nowUs, entered)
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

  #enterPlace(claim: LeaseClaim, nowUs: number, entered: Entered[]): Standing | number {
    const { key, id, max, ttlMs } = claim
    const count = this.#file.places(key, nowUs)
    // Without any there is no row that could be the one of this id.
    const beforeUs = count === 0 ? null : this.#file.placeUntilUs(key, id)
    const isRenewed = beforeUs !== null
    if (!isRenewed && count >= max) return leaseRetryMs(this.#standing(claim, nowUs).resetMs)
    entered.push({ key, id, beforeUs })
    const untilUs = nowUs + ttlMs * 1000
    this.#file.put(key, id, nowUs, untilUs)
    if (!isRenewed) this.#file.changeCount(key, 1, nowUs, untilUs)
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
  #standings(claims: readonly Claim[], nowUs: number): Standing[] {
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

/** Whether a key occurs twice, so that what was left of the first is no longer true. */
function namesTwice(claims: readonly Claim[]): boolean {
  return claims.some((claim, index) => {
    for (let later = index + 1; later < claims.length; later += 1) {
      if (claims[later]?.key === claim.key) return true
    }
    return false
  })
}

const rateKey = (key: string): string => `r:${key}`
const budgetKey = (key: string): string => `b:${key}`

const idleAtUs = (owed: number, limit: number, nowUs: number): number =>
  nowUs + Math.ceil(owed / limit)

const untilMs = (untilUs: number, nowUs: number): number =>
  untilUs === 0 ? 0 : Math.max(0, Math.ceil((untilUs - nowUs) / 1000))
