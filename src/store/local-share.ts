/**
 * What a process decides by itself while the shared store is away: its part of the rates and of
 * the places. Budgets are not decided, because money spent twice cannot be taken back; a rate that
 * is a little off mends itself within its period.
 */
import { GatewayError } from '../core/errors.ts'
import { MemoryStore } from './memory.ts'
import type { Claim, LeaseClaim, RateClaim, Renewal, Settlement, Taken } from './store.ts'

/** When a client may ask again while budgets cannot be decided. */
const RETRY_MS = 1000

/** Counts this process's part of the limits, and which places it holds anywhere. */
export class LocalShare {
  readonly #memory = new MemoryStore()

  /** Entries that are held. */
  get size(): number {
    return this.#memory.size
  }

  /**
   * Decides for this process alone, on its part of each limit and at least one of it.
   * @throws GatewayError `store_unavailable` where a budget is among the claims.
   */
  take(claims: readonly Claim[], processes: number): Taken {
    const parts: Claim[] = []
    const debts: Settlement[] = []
    for (const claim of claims) {
      if (claim.kind === 'budget') throw undecided()
      if (claim.kind === 'lease') parts.push(partOfPlaces(claim, processes))
      else parts.push(partOfRate(claim, processes, debts))
    }
    const taken = this.#memory.take(parts)
    if (taken.ok && debts.length > 0) this.#memory.settle(debts)
    return taken
  }

  /** Notes the places that were taken in the shared store, for they count when it is away. */
  hold(claims: readonly Claim[]): void {
    const places = claims.filter((claim): claim is LeaseClaim => claim.kind === 'lease')
    if (places.length > 0) this.#memory.renew(places)
  }

  renew(leases: readonly Renewal[]): void {
    this.#memory.renew(leases)
  }

  /** Frees places; rates only where they are counted here, and `processes` says how finely. */
  settle(settlements: readonly Settlement[], processes: number | null): void {
    const own = settlements.flatMap((settled): Settlement[] => {
      if (settled.kind === 'lease') return [settled]
      if (settled.kind === 'budget' || processes === null) return []
      return [{ ...settled, limit: partOf(settled.limit, processes) }]
    })
    if (own.length > 0) this.#memory.settle(own)
  }
}

/** What is thrown where a budget cannot be decided. */
export const undecided = (cause?: unknown): GatewayError =>
  new GatewayError('store_unavailable', { retryAfterMs: RETRY_MS, cause })

const partOf = (whole: number, processes: number): number =>
  whole <= 0 ? whole : Math.max(1, Math.floor(whole / processes))

function partOfPlaces(claim: LeaseClaim, processes: number): LeaseClaim {
  return { ...claim, max: partOf(claim.max, processes) }
}

/** A cost above the part, but within the whole, is let in when all is idle, and owed after that. */
function partOfRate(claim: RateClaim, processes: number, debts: Settlement[]): RateClaim {
  const limit = partOf(claim.limit, processes)
  if (claim.cost <= limit || claim.cost > claim.limit) return { ...claim, limit }
  const { key, periodMs } = claim
  debts.push({ kind: 'rate', key, giveBack: limit - claim.cost, limit, periodMs })
  return { ...claim, limit, cost: limit }
}
