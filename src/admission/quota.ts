/**
 * What a key, a model or a provider may have: taken when a request is let in, corrected when it is
 * over and somebody has counted, given back on every way it can end.
 */
import type { KeyLimits } from '../config/client-key.ts'
import { GatewayError } from '../core/errors.ts'
import type { Claim, Refused, Settlement, Standing, Store, Taken } from '../store/store.ts'
import type { Estimate } from './estimate.ts'
import type { KeyRecord } from './keys.ts'
import { Leases } from './leases.ts'
import { budgetWindows } from './windows.ts'

/** Who is asked for what. */
export interface Demand {
  readonly key: Pick<KeyRecord, 'id' | 'limits' | 'budget'> | null
  /** Limits of the model that was asked for, under the name they stand under; null has none. */
  readonly model: { readonly name: string; readonly limits: KeyLimits } | null
  /** Of this request alone. */
  readonly id: string
  readonly estimate: Estimate
}

/** What a request used in the end; null is not known. */
export interface Used {
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly costMicroUsd: number | null
  /** Whether a provider was asked at all. */
  readonly hasReached: boolean
}

/** What was taken for one request. */
export interface Place {
  /** OpenAI's headers about limits. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Settles everything; the first call counts. */
  leave(used: Used): void
}

const MINUTE_MS = 60_000

/** A place is kept for so long without being renewed: a killed process holds it no longer. */
const LEASE_TTL_MS = 15_000

/** A claim, and what a refusal of it is. */
interface Asked {
  readonly claim: Claim
  readonly about: 'requests' | 'tokens' | 'streams' | 'budget'
  /** The tightest of several is told to the client. */
  readonly isTold: boolean
}

/** What is asked for where nobody has limits. */
export const noDemand: Demand = Object.freeze({
  key: null,
  model: null,
  id: '',
  estimate: { inputTokens: 0, outputTokens: 0, costMicroUsd: null },
})

const nothing: Place = Object.freeze({ headers: [], leave() {} })

/** Limits and budgets over one store. */
export class Quota {
  readonly #store: Store
  readonly #leases: Leases
  readonly #wallMs: () => number

  /** @param wallMs milliseconds since 1970, for days and months. */
  constructor(store: Store, wallMs: () => number = Date.now) {
    this.#store = store
    this.#leases = new Leases(store, LEASE_TTL_MS)
    this.#wallMs = wallMs
  }

  /** Places that are out; zero when nothing is under way. */
  get inside(): number {
    return this.#leases.size
  }

  /**
   * Takes what a request needs, all or nothing. A promise only where the store is elsewhere.
   * @throws GatewayError `rate_limit_exceeded`, `too_many_streams`, `budget_exceeded`, or
   *   `store_unavailable` where a budget cannot be decided.
   */
  take(demand: Demand): Place | Promise<Place> {
    const asked = asksOf(demand, this.#wallMs())
    if (asked.length === 0) return nothing
    const taken = this.#store.take(asked.map(({ claim }) => claim))
    return taken instanceof Promise
      ? taken.then((late) => this.#place(asked, late, demand))
      : this.#place(asked, taken, demand)
  }

  /** Ends the renewing. */
  close(): void {
    this.#leases.close()
  }

  #place(asked: readonly Asked[], taken: Taken, { estimate }: Demand): Place {
    if (!taken.ok) throw refusal(asked, taken)
    const lease = asked.flatMap(({ claim }) => (claim.kind === 'lease' ? [claim] : []))
    for (const { key, id } of lease) this.#leases.add(key, id)
    let isOver = false
    return {
      headers: headersOf(asked, taken.standings),
      leave: (used) => {
        if (isOver) return
        isOver = true
        for (const { key, id } of lease) this.#leases.remove(key, id)
        void this.#store.settle(settlementsOf(asked, estimate, used))
      },
    }
  }
}

function asksOf({ key, model, id, estimate }: Demand, wallMs: number): Asked[] {
  const tokens = estimate.inputTokens + estimate.outputTokens
  const asked: Asked[] = []
  const limited = (owner: string, limits: KeyLimits, isTold: boolean): void => {
    const { requestsPerMinute, tokensPerMinute, concurrentStreams } = limits
    const rate = (about: 'requests' | 'tokens', cost: number, limit: number): Asked => {
      const most = Math.min(cost, limit)
      const claim = { kind: 'rate', key: `${about}:${owner}`, cost: most, limit } as const
      return { claim: { ...claim, periodMs: MINUTE_MS }, about, isTold }
    }
    if (requestsPerMinute !== null) asked.push(rate('requests', 1, requestsPerMinute))
    if (tokensPerMinute !== null) asked.push(rate('tokens', tokens, tokensPerMinute))
    if (concurrentStreams !== null) {
      const claim = { kind: 'lease', key: `streams:${owner}`, id, max: concurrentStreams } as const
      asked.push({ claim: { ...claim, ttlMs: LEASE_TTL_MS }, about: 'streams', isTold: false })
    }
  }
  if (key !== null) {
    limited(`key:${key.id}`, key.limits, true)
    for (const window of budgetWindows(key.id, key.budget, wallMs)) {
      // A request that may cost more than the whole budget still gets what is left of a full one.
      const amount = Math.min(window.max, estimate.costMicroUsd ?? 0)
      asked.push({ claim: { kind: 'budget', ...window, amount }, about: 'budget', isTold: false })
    }
  }
  if (model !== null) limited(`model:${model.name}`, model.limits, false)
  return asked
}

/** What was taken too much or too little. What nobody counted stays as it was estimated. */
function settlementsOf(
  asked: readonly Asked[],
  estimate: Estimate,
  { inputTokens, outputTokens, costMicroUsd, hasReached }: Used,
): Settlement[] {
  const estimated = estimate.inputTokens + estimate.outputTokens
  const isCounted = inputTokens !== null || outputTokens !== null
  const usedTokens = hasReached
    ? isCounted
      ? (inputTokens ?? 0) + (outputTokens ?? 0)
      : estimated
    : 0
  const reserved = estimate.costMicroUsd ?? 0
  const spent = hasReached ? (costMicroUsd ?? reserved) : 0
  return asked.flatMap(({ claim, about }): Settlement[] => {
    if (claim.kind === 'lease') return [{ kind: 'lease', key: claim.key, id: claim.id }]
    if (claim.kind === 'budget') {
      const { key, endsAtMs } = claim
      return [{ kind: 'budget', key, giveBack: claim.amount - spent, endsAtMs }]
    }
    if (about !== 'tokens') return []
    const { key, limit, periodMs, cost } = claim
    return [{ kind: 'rate', key, giveBack: cost - usedTokens, limit, periodMs }]
  })
}

function refusal(asked: readonly Asked[], { refused, retryAfterMs }: Refused): GatewayError {
  const about = asked[refused]?.about ?? 'requests'
  const detail = Number.isFinite(retryAfterMs) ? { retryAfterMs } : {}
  if (about === 'budget') return new GatewayError('budget_exceeded', detail)
  if (about === 'streams') return new GatewayError('too_many_streams', detail)
  const message = `Rate limit reached: too many ${about} per minute.`
  return new GatewayError('rate_limit_exceeded', { ...detail, message })
}

/** OpenAI's names; a reset is written as it writes them: `1m30s`, `250ms`. */
function headersOf(
  asked: readonly Asked[],
  standings: readonly Standing[],
): (readonly [string, string])[] {
  return asked.flatMap(({ claim, about, isTold }, index) => {
    const standing = standings[index]
    if (!isTold || claim.kind !== 'rate' || standing === undefined) return []
    return [
      [`x-ratelimit-limit-${about}`, String(claim.limit)],
      [`x-ratelimit-remaining-${about}`, String(standing.remaining)],
      [`x-ratelimit-reset-${about}`, durationText(standing.resetMs)],
    ] as const
  })
}

function durationText(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % 60}s`
}
