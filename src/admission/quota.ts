/**
 * What a key, a model or a provider may have: taken when a request is let in, corrected when it is
 * over and somebody has counted, given back on every way it can end.
 */
import type { KeyLimits } from '../config/client-key.ts'
import type { NamedLimits } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import type { Claim, Refused, Settlement, Store, Taken } from '../store/store.ts'
import type { Estimate } from './estimate.ts'
import type { KeyRecord } from './keys.ts'
import { Leases } from './leases.ts'
import { addLimitHeaders, type LimitHeaders } from './limit-headers.ts'
import { budgetWindows } from './windows.ts'

/** Who is asked for what. */
export interface Demand {
  readonly key: Pick<KeyRecord, 'id' | 'limits' | 'budget'> | null
  /** Limits of the model that was asked for, under the name they stand under; null has none. */
  readonly model: NamedLimits | null
  /** Of the provider that is about to be asked; null where it has none, or comes later. */
  readonly provider: NamedLimits | null
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
  readonly headers: LimitHeaders
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
  readonly owner: 'key' | 'model' | 'provider'
}

/** What is asked for where nobody has limits. */
export const noDemand: Demand = Object.freeze({
  key: null,
  model: null,
  provider: null,
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
      headers: toldOf(asked, taken, 'key'),
      leave: (used) => {
        if (isOver) return
        isOver = true
        for (const { key, id } of lease) this.#leases.remove(key, id)
        void this.#store.settle(settlementsOf(asked, estimate, used))
      },
    }
  }
}

function asksOf({ key, model, provider, id, estimate }: Demand, wallMs: number): Asked[] {
  const tokens = estimate.inputTokens + estimate.outputTokens
  const asked: Asked[] = []
  const limited = (owner: Asked['owner'], name: string, limits: KeyLimits): void => {
    const { requestsPerMinute, tokensPerMinute, concurrentStreams } = limits
    if (requestsPerMinute !== null) {
      asked.push(rateOf('requests', owner, name, 1, requestsPerMinute))
    }
    if (tokensPerMinute !== null) asked.push(rateOf('tokens', owner, name, tokens, tokensPerMinute))
    if (concurrentStreams !== null) {
      const place = { key: `streams:${owner}:${name}`, id, max: concurrentStreams }
      const claim = { kind: 'lease', ...place, ttlMs: LEASE_TTL_MS } as const
      asked.push({ claim, about: 'streams', owner })
    }
  }
  if (key !== null) {
    limited('key', key.id, key.limits)
    for (const window of budgetWindows(key.id, key.budget, wallMs)) {
      // A request that may cost more than the whole budget still gets what is left of a full one.
      const amount = Math.min(window.max, estimate.costMicroUsd ?? 0)
      asked.push({ claim: { kind: 'budget', ...window, amount }, about: 'budget', owner: 'key' })
    }
  }
  if (model !== null) limited('model', model.name, model.limits)
  if (provider !== null) limited('provider', provider.name, provider.limits)
  return asked
}

function rateOf(
  about: 'requests' | 'tokens',
  owner: Asked['owner'],
  name: string,
  cost: number,
  limit: number,
): Asked {
  const key = `${about}:${owner}:${name}`
  // What is larger than the limit gets in alone, when all of it is there.
  const most = Math.min(cost, limit)
  return { claim: { kind: 'rate', key, cost: most, limit, periodMs: MINUTE_MS }, about, owner }
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
  const settlements: Settlement[] = []
  for (const { claim, about } of asked) {
    if (claim.kind === 'lease') {
      settlements.push({ kind: 'lease', key: claim.key, id: claim.id })
    } else if (claim.kind === 'budget') {
      const { key, endsAtMs } = claim
      settlements.push({ kind: 'budget', key, giveBack: claim.amount - spent, endsAtMs })
    } else if (about === 'tokens') {
      const { key, limit, periodMs, cost } = claim
      settlements.push({ kind: 'rate', key, giveBack: cost - usedTokens, limit, periodMs })
    }
  }
  return settlements
}

function refusal(asked: readonly Asked[], taken: Refused): GatewayError {
  const { refused, retryAfterMs } = taken
  const { about = 'requests', owner = 'key' } = asked[refused] ?? {}
  const wait = Number.isFinite(retryAfterMs) ? { retryAfterMs } : {}
  const detail = { ...wait, headers: toldOf(asked, taken, owner) }
  if (about === 'budget') return new GatewayError('budget_exceeded', detail)
  if (about === 'streams') {
    const message = `Too many requests are under way with this ${owner}.`
    return new GatewayError('too_many_streams', { ...detail, message })
  }
  const whose = owner === 'key' ? '' : ` of this ${owner}`
  const message = `Rate limit${whose} reached: too many ${about} per minute.`
  return new GatewayError('rate_limit_exceeded', { ...detail, message })
}

/** What the client is told: how its key stands, or whatever it was that refused it. */
function toldOf(asked: readonly Asked[], { standings }: Taken, told: Asked['owner']): LimitHeaders {
  const headers: (readonly [name: string, value: string])[] = []
  for (let index = 0; index < asked.length; index += 1) {
    const each = asked[index]
    const standing = standings[index]
    if (each?.owner !== told || standing === undefined || each.claim.kind !== 'rate') continue
    if (each.about === 'requests' || each.about === 'tokens') {
      addLimitHeaders(headers, each.about, each.claim.limit, standing)
    }
  }
  return headers
}
