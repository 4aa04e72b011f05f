/**
 * The store of one process: maps, a few microseconds, nothing shared. Where a worker is alone, or
 * where a shared store is away and its share of the limits is counted here.
 */
import { nowMs } from '../core/clock.ts'
import type {
  Claim,
  Refused,
  Renewal,
  Settlement,
  Standing,
  Store,
  StoreClock,
  StoreView,
  Taken,
} from './store.ts'
import { untouched } from './store.ts'
import { BudgetTable, LeaseTable, namesTwice, RateTable } from './tables.ts'

/** Looking at what is over is cheaper for some claims at once than for each. */
const CLAIMS_PER_SWEEP = 64

/** The clock of this process. */
const ownClock: StoreClock = {
  monotonicUs: () => Math.floor(nowMs() * 1000),
  wallMs: () => Date.now(),
}

/** Counts in this process alone. All of it is synchronous. */
export class MemoryStore implements Store {
  readonly name = 'memory'
  readonly #clock: StoreClock
  readonly #rates = new RateTable()
  readonly #leases = new LeaseTable()
  readonly #budgets = new BudgetTable()
  /** For each claim of the `take` under way, when its place was to lapse before; see `#undo`. */
  readonly #before: number[] = []
  #claimsUnswept = 0
  #operations = 0

  constructor(clock: StoreClock = ownClock) {
    this.#clock = clock
  }

  /** Entries that are held: rates and budgets by key, and places. */
  get size(): number {
    return this.#rates.size + this.#leases.size + this.#budgets.size
  }

  take(claims: readonly Claim[]): Taken {
    this.#operations += 1
    const nowUs = this.#clock.monotonicUs()
    const wallMs = this.#clock.wallMs()
    this.#sweepIfDue(claims.length, nowUs, wallMs)
    const standings: Standing[] = []
    for (let index = 0; index < claims.length; index += 1) {
      const claim = claims[index]
      if (claim === undefined) continue
      const standing = this.#enter(claim, index, nowUs, wallMs)
      if (standing === null) return this.#refuse(claims, claim, index, nowUs, wallMs)
      standings.push(standing)
    }
    const isTrue = !namesTwice(claims)
    return { ok: true, standings: isTrue ? standings : this.#standings(claims, nowUs, wallMs) }
  }

  settle(settlements: readonly Settlement[]): void {
    this.#operations += 1
    const nowUs = this.#clock.monotonicUs()
    for (const settled of settlements) {
      const { key } = settled
      if (settled.kind === 'rate') {
        this.#rates.settle(key, settled.giveBack, settled.limit, settled.periodMs, nowUs)
      } else if (settled.kind === 'lease') {
        this.#leases.settle(key, settled.id)
      } else {
        this.#budgets.settle(key, settled.giveBack, settled.endsAtMs, this.#clock.wallMs())
      }
    }
  }

  renew(leases: readonly Renewal[]): void {
    this.#operations += 1
    const nowUs = this.#clock.monotonicUs()
    for (const { key, id, ttlMs } of leases) this.#leases.renew(key, id, nowUs + ttlMs * 1000)
  }

  /** There is nobody to tell. */
  publish(_topic: string, _text: string): void {}

  /** There is nobody to hear. */
  subscribe(_topic: string, _hear: (text: string) => void): () => void {
    return () => {}
  }

  view(): StoreView {
    return { ...untouched, name: this.name, operations: this.#operations }
  }

  async close(): Promise<void> {}

  #sweepIfDue(claims: number, nowUs: number, wallMs: number): void {
    this.#claimsUnswept += claims
    if (this.#claimsUnswept < CLAIMS_PER_SWEEP) return
    this.#rates.sweep(this.#claimsUnswept, nowUs)
    this.#leases.sweep(this.#claimsUnswept, nowUs)
    this.#budgets.sweep(this.#claimsUnswept, wallMs)
    this.#claimsUnswept = 0
  }

  #enter(claim: Claim, index: number, nowUs: number, wallMs: number): Standing | null {
    if (claim.kind === 'rate') return this.#rates.enter(claim, nowUs)
    if (claim.kind === 'budget') return this.#budgets.enter(claim, wallMs)
    const before = this.#leases.enter(claim, nowUs)
    this.#before[index] = before ?? 0
    return before === null ? null : this.#leases.standing(claim, nowUs)
  }

  #refuse(
    claims: readonly Claim[],
    claim: Claim,
    refused: number,
    nowUs: number,
    wallMs: number,
  ): Refused {
    const retryAfterMs = this.#retryMs(claim, nowUs, wallMs)
    this.#undo(claims, refused)
    const standings = this.#standings(claims, nowUs, wallMs)
    return { ok: false, refused, retryAfterMs, standings }
  }

  /** Puts back what the first `count` claims took, the last first. */
  #undo(claims: readonly Claim[], count: number): void {
    for (let index = count - 1; index >= 0; index -= 1) {
      const claim = claims[index]
      if (claim === undefined) continue
      if (claim.kind === 'rate') this.#rates.undo(claim)
      else if (claim.kind === 'budget') this.#budgets.undo(claim)
      else this.#leases.undo(claim, this.#before[index] ?? 0)
    }
  }

  #retryMs(claim: Claim, nowUs: number, wallMs: number): number {
    if (claim.kind === 'rate') return this.#rates.retryMs(claim, nowUs)
    if (claim.kind === 'lease') return this.#leases.retryMs(claim, nowUs)
    return this.#budgets.standing(claim, wallMs).resetMs
  }

  #standings(claims: readonly Claim[], nowUs: number, wallMs: number): Standing[] {
    return claims.map((claim) => {
      if (claim.kind === 'rate') return this.#rates.standing(claim, nowUs)
      if (claim.kind === 'lease') return this.#leases.standing(claim, nowUs)
      return this.#budgets.standing(claim, wallMs)
    })
  }
}
