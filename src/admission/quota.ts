/**
 * What a key, a model or a provider may have: taken when a request is let in, corrected when it is
 * over and somebody has counted, given back on every way it can end.
 */
import type { KeyLimits } from '../config/client-key.ts'
import type { NamedLimits } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import type { Claim, Refused, Settlement, Standing, Store, Taken } from '../store/store.ts'
import { type Bound, Bounds, LEASE_TTL_MS, type Owner, tokensIn } from './bounds.ts'
import type { Estimate } from './estimate.ts'
import type { KeyRecord } from './keys.ts'
import { Leases } from './leases.ts'
import { setLimitHeaders } from './limit-headers.ts'

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
  /** Tells a client how its key stands, by OpenAI's headers about limits. */
  tell(headers: Headers): void
  /** Settles everything; the first call counts. */
  leave(used: Used): void
}

/** Nothing is asked for where nobody has limits. */
export const nothingTaken: Place = Object.freeze({ tell() {}, leave() {} })

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
  take({ key, model, provider, id, estimate }: Demand): Place | Promise<Place> {
    const ofKey = key === null ? none : this.#boundsOf('key', key)
    const ofModel = model === null ? none : this.#boundsOf('model', model)
    const ofProvider = provider === null ? none : this.#boundsOf('provider', provider)
    const bounds = joined(joined(ofKey.each, ofModel.each), ofProvider.each)
    if (bounds.length === 0) return nothingTaken
    const isGuessed = ofKey.isGuessed || ofModel.isGuessed || ofProvider.isGuessed
    const guess = isGuessed ? estimate() : null
    const claims: Claim[] = []
    const wallMs = this.#wallMs()
    ofKey.addClaims(claims, id, guess, wallMs)
    ofModel.addClaims(claims, id, guess, wallMs)
    ofProvider.addClaims(claims, id, guess, wallMs)
    const asked = new Held(this.#store, this.#leases, claims, bounds, guess)
    const taken = this.#store.take(claims)
    return taken instanceof Promise ? taken.then((late) => asked.hold(late)) : asked.hold(taken)
  }

  /** Ends the renewing. */
  close(): void {
    this.#leases.close()
  }

  #boundsOf(owner: Owner, limited: LimitedKey | NamedLimits): Bounds {
    let bounds = this.#bounds.get(limited)
    if (bounds === undefined) {
      const [name, budget] =
        'budget' in limited ? [limited.id, limited.budget] : [limited.name, null]
      bounds = new Bounds(owner, name, limited.limits, budget)
      this.#bounds.set(limited, bounds)
    }
    return bounds
  }
}

const unlimited: KeyLimits = {
  requestsPerMinute: null,
  tokensPerMinute: null,
  concurrentStreams: null,
}

const none = new Bounds('key', '', unlimited, null)

const joined = (some: readonly Bound[], more: readonly Bound[]): readonly Bound[] => {
  if (more.length === 0) return some
  return some.length === 0 ? more : [...some, ...more]
}

/** What a request asks for, a bound for each claim, and what it holds once that was taken. */
class Held implements Place {
  readonly #store: Store
  readonly #leases: Leases
  readonly #claims: readonly Claim[]
  readonly #bounds: readonly Bound[]
  readonly #estimate: Estimate | null
  #standings: readonly Standing[] = []
  #isOver = false

  constructor(
    store: Store,
    leases: Leases,
    claims: readonly Claim[],
    bounds: readonly Bound[],
    estimate: Estimate | null,
  ) {
    this.#store = store
    this.#leases = leases
    this.#claims = claims
    this.#bounds = bounds
    this.#estimate = estimate
  }

  /** Keeps what was taken. @throws GatewayError where nothing was. */
  hold(taken: Taken): Place {
    if (!taken.ok) throw refusal(this.#bounds, taken)
    this.#standings = taken.standings
    for (const claim of this.#claims) if (claim.kind === 'lease') this.#leases.add(claim)
    return this
  }

  tell(headers: Headers): void {
    tellLimits(headers, this.#bounds, this.#standings, 'key')
  }

  leave(used: Used): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const claim of this.#claims) if (claim.kind === 'lease') this.#leases.remove(claim)
    void this.#store.settle(settlementsOf(this.#claims, this.#bounds, this.#estimate, used))
  }
}

/** What was taken too much or too little. What nobody counted stays as it was estimated. */
function settlementsOf(
  claims: readonly Claim[],
  bounds: readonly Bound[],
  estimate: Estimate | null,
  used: Used,
): Settlement[] {
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

function refusal(bounds: readonly Bound[], taken: Refused): GatewayError {
  const { refused, retryAfterMs, standings } = taken
  const { about = 'requests', owner = 'key' } = bounds[refused] ?? {}
  const wait = Number.isFinite(retryAfterMs) ? { retryAfterMs } : {}
  const headers = new Headers()
  tellLimits(headers, bounds, standings, owner)
  const detail = { ...wait, headers: [...headers] }
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
function tellLimits(
  headers: Headers,
  bounds: readonly Bound[],
  standings: readonly Standing[],
  told: Owner,
): void {
  for (let index = 0; index < bounds.length; index += 1) {
    const bound = bounds[index]
    const standing = standings[index]
    if (bound?.owner !== told || standing === undefined) continue
    if (bound.about === 'requests' || bound.about === 'tokens') {
      setLimitHeaders(headers, bound.about, bound.limitText, standing)
    }
  }
}
