/**
 * What a key, a model or a provider may have: taken when a request is let in, corrected when it is
 * over and somebody has counted, given back on every way it can end.
 */
import type { NamedLimits } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import type {
  Admitted,
  Claim,
  Refused,
  Settlement,
  Standing,
  Store,
  Taken,
} from '../store/store.ts'
import { type Bound, Bounds, LEASE_TTL_MS, type Owner, tokensIn } from './bounds.ts'
import type { Estimate } from './estimate.ts'
import type { KeyRecord } from './keys.ts'
import { Leases } from './leases.ts'
import { addLimitHeaders, type LimitHeaders } from './limit-headers.ts'

/** A key, as far as its limits are concerned. */
export type LimitedKey = Pick<KeyRecord, 'id' | 'limits' | 'budget'>

/** Who is asked for what. */
export interface Demand {
  readonly key: LimitedKey | null
  /** Limits of the model that was asked for, under the name they stand under; null has none. */
  readonly model: NamedLimits | null
  /** Of the provider that is about to be asked; null where it has none, or comes later. */
  readonly provider: NamedLimits | null
  /** Of this request alone. */
  readonly id: string
  /** Asked once, and only where tokens or money are limited. */
  readonly estimate: () => Estimate
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

/** Nothing is asked for where nobody has limits. */
export const nothingTaken: Place = Object.freeze({ headers: [], leave() {} })

/** What one request asks for: its claims, and for each the bound that it comes from. */
interface Asked {
  readonly claims: readonly Claim[]
  readonly bounds: readonly Bound[]
  readonly estimate: Estimate | null
}

/** Limits and budgets over one store. */
export class Quota {
  readonly #store: Store
  readonly #leases: Leases
  readonly #wallMs: () => number
  /** By the key or the entry of the configuration, for as long as that is in use. */
  readonly #bounds = new WeakMap<LimitedKey | NamedLimits, Bounds>()

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
    const asked = this.#asked(demand)
    if (asked === null) return nothingTaken
    const taken = this.#store.take(asked.claims)
    return taken instanceof Promise
      ? taken.then((late) => this.#place(asked, late))
      : this.#place(asked, taken)
  }

  /** Ends the renewing. */
  close(): void {
    this.#leases.close()
  }

  #asked({ key, model, provider, id, estimate }: Demand): Asked | null {
    let all: readonly Bounds[] = none
    if (key !== null) all = withBounds(all, this.#ofKey(key))
    if (model !== null) all = withBounds(all, this.#ofName('model', model))
    if (provider !== null) all = withBounds(all, this.#ofName('provider', provider))
    const [first] = all
    if (first === undefined) return null
    const guess = all.some(({ needsEstimate }) => needsEstimate) ? estimate() : null
    const asking = { id, estimate: guess, wallMs: this.#wallMs() }
    const claims: Claim[] = []
    for (const bounds of all) bounds.addClaims(claims, asking)
    const bounds = all.length === 1 ? first.each : all.flatMap(({ each }) => each)
    return { claims, bounds, estimate: guess }
  }

  #ofKey(key: LimitedKey): Bounds {
    let bounds = this.#bounds.get(key)
    if (bounds === undefined) {
      bounds = new Bounds('key', key.id, key.limits, key.budget)
      this.#bounds.set(key, bounds)
    }
    return bounds
  }

  #ofName(owner: Owner, named: NamedLimits): Bounds {
    let bounds = this.#bounds.get(named)
    if (bounds === undefined) {
      bounds = new Bounds(owner, named.name, named.limits, null)
      this.#bounds.set(named, bounds)
    }
    return bounds
  }

  #place(asked: Asked, taken: Taken): Place {
    if (!taken.ok) throw refusal(asked, taken)
    return new Held(asked, taken, this.#store, this.#leases)
  }
}

const none: readonly Bounds[] = []

const withBounds = (all: readonly Bounds[], bounds: Bounds): readonly Bounds[] =>
  bounds.each.length === 0 ? all : [...all, bounds]

/** What a request holds. */
class Held implements Place {
  readonly #asked: Asked
  readonly #taken: Admitted
  readonly #store: Store
  readonly #leases: Leases
  #isOver = false

  constructor(asked: Asked, taken: Admitted, store: Store, leases: Leases) {
    this.#asked = asked
    this.#taken = taken
    this.#store = store
    this.#leases = leases
    for (const claim of asked.claims) if (claim.kind === 'lease') leases.add(claim)
  }

  get headers(): LimitHeaders {
    return toldOf(this.#asked.bounds, this.#taken.standings, 'key')
  }

  leave(used: Used): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const claim of this.#asked.claims) if (claim.kind === 'lease') this.#leases.remove(claim)
    void this.#store.settle(settlementsOf(this.#asked, used))
  }
}

/** What was taken too much or too little. What nobody counted stays as it was estimated. */
function settlementsOf({ claims, bounds, estimate }: Asked, used: Used): Settlement[] {
  const { inputTokens, outputTokens, costMicroUsd, hasReached } = used
  const isCounted = inputTokens !== null || outputTokens !== null
  const counted = isCounted ? (inputTokens ?? 0) + (outputTokens ?? 0) : tokensIn(estimate)
  const usedTokens = hasReached ? counted : 0
  const spent = hasReached ? (costMicroUsd ?? estimate?.costMicroUsd ?? 0) : 0
  const settlements: Settlement[] = []
  for (let index = 0; index < claims.length; index += 1) {
    const claim = claims[index]
    if (claim === undefined) continue
    const { key } = claim
    if (claim.kind === 'lease') {
      settlements.push({ kind: 'lease', key, id: claim.id })
    } else if (claim.kind === 'budget') {
      const { amount, endsAtMs } = claim
      settlements.push({ kind: 'budget', key, giveBack: amount - spent, endsAtMs })
    } else if (bounds[index]?.about === 'tokens') {
      const { cost, limit, periodMs } = claim
      settlements.push({ kind: 'rate', key, giveBack: cost - usedTokens, limit, periodMs })
    }
  }
  return settlements
}

function refusal({ bounds }: Asked, { refused, retryAfterMs, standings }: Refused): GatewayError {
  const { about = 'requests', owner = 'key' } = bounds[refused] ?? {}
  const wait = Number.isFinite(retryAfterMs) ? { retryAfterMs } : {}
  const detail = { ...wait, headers: toldOf(bounds, standings, owner) }
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
function toldOf(
  bounds: readonly Bound[],
  standings: readonly Standing[],
  told: Owner,
): LimitHeaders {
  const headers: (readonly [name: string, value: string])[] = []
  for (let index = 0; index < bounds.length; index += 1) {
    const bound = bounds[index]
    const standing = standings[index]
    if (bound?.owner !== told || standing === undefined) continue
    if (bound.about === 'requests' || bound.about === 'tokens') {
      addLimitHeaders(headers, bound.about, bound.limitText, standing)
    }
  }
  return headers
}
