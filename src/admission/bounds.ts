/**
 * What the limits of a key, a model or a provider ask of the store. All that is the same for every
 * request of an owner is put together once: names of counters, texts of headers, windows of a day.
 */
import type { KeyBudget, KeyLimits } from '../config/client-key.ts'
import type { Claim } from '../store/store.ts'
import type { Estimate } from './estimate.ts'
import { type BudgetWindow, budgetWindows, dayOf } from './windows.ts'

/** Whose limits they are. */
export type Owner = 'key' | 'model' | 'provider'

/** What a claim is about, for headers and for what a refusal says. */
export interface Bound {
  readonly owner: Owner
  readonly about: 'requests' | 'tokens' | 'streams' | 'budget'
  /** The limit, as a header has it. */
  readonly limitText: string
}

const MINUTE_MS = 60_000

/** A place is kept for so long without being renewed: a killed process holds it no longer. */
export const LEASE_TTL_MS = 15_000

/** The limits of one owner. */
export class Bounds {
  /** One for each claim, in their order; empty where nothing is limited. */
  readonly each: readonly Bound[]
  /** Whether tokens or money are counted, which nobody knows at the beginning. */
  readonly isGuessed: boolean
  readonly #name: string
  readonly #limits: KeyLimits
  readonly #budget: KeyBudget | null
  readonly #requests: Claim | null
  readonly #tokensKey: string
  readonly #streamsKey: string
  #windows: readonly BudgetWindow[] = []
  #windowsDay = Number.NaN

  /** @param name the owner's, of its kind; a key's is its id. */
  constructor(owner: Owner, name: string, limits: KeyLimits, budget: KeyBudget | null) {
    const { requestsPerMinute, tokensPerMinute, concurrentStreams } = limits
    const { dailyUsd = null, monthlyUsd = null } = budget ?? {}
    this.#name = name
    this.#limits = limits
    this.#budget = dailyUsd === null && monthlyUsd === null ? null : budget
    this.#requests =
      requestsPerMinute === null ? null : rateOf(`requests:${owner}:${name}`, 1, requestsPerMinute)
    this.#tokensKey = `tokens:${owner}:${name}`
    this.#streamsKey = `streams:${owner}:${name}`
    const bounds = { requests: requestsPerMinute, tokens: tokensPerMinute } as const
    const each: Bound[] = []
    for (const about of ['requests', 'tokens'] as const) {
      const limit = bounds[about]
      if (limit !== null) each.push({ owner, about, limitText: String(limit) })
    }
    if (concurrentStreams !== null) each.push({ owner, about: 'streams', limitText: '' })
    for (const limit of [dailyUsd, monthlyUsd]) {
      if (limit !== null) each.push({ owner, about: 'budget', limitText: '' })
    }
    this.each = each
    this.isGuessed = tokensPerMinute !== null || this.#budget !== null
  }

  /**
   * Adds what a request asks for, a claim for each bound.
   * @param id of this request alone.
   * @param estimate null where nothing is counted that must be guessed.
   * @param wallMs milliseconds since 1970, for days and months.
   */
  addClaims(claims: Claim[], id: string, estimate: Estimate | null, wallMs: number): void {
    const { tokensPerMinute, concurrentStreams } = this.#limits
    if (this.#requests !== null) claims.push(this.#requests)
    if (tokensPerMinute !== null) {
      claims.push(rateOf(this.#tokensKey, tokensIn(estimate), tokensPerMinute))
    }
    if (concurrentStreams !== null) {
      const key = this.#streamsKey
      claims.push({ kind: 'lease', key, id, max: concurrentStreams, ttlMs: LEASE_TTL_MS })
    }
    if (this.#budget === null) return
    for (const { key, max, endsAtMs } of this.#windowsAt(this.#budget, wallMs)) {
      // A request that may cost more than the whole budget still gets what is left of a full one.
      const amount = Math.min(max, estimate?.costMicroUsd ?? 0)
      claims.push({ kind: 'budget', key, max, endsAtMs, amount })
    }
  }

  #windowsAt(budget: KeyBudget, wallMs: number): readonly BudgetWindow[] {
    const day = dayOf(wallMs)
    if (day !== this.#windowsDay) {
      this.#windows = budgetWindows(this.#name, budget, wallMs)
      this.#windowsDay = day
    }
    return this.#windows
  }
}

/** All tokens that are guessed. */
export const tokensIn = (estimate: Estimate | null): number =>
  estimate === null ? 0 : estimate.inputTokens + estimate.outputTokens

/** What is larger than the limit gets in alone, when all of it is there. */
const rateOf = (key: string, cost: number, limit: number): Claim => ({
  kind: 'rate',
  key,
  cost: Math.min(cost, limit),
  limit,
  periodMs: MINUTE_MS,
})
