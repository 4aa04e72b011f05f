/**
 * What limits repetition when everything fails at once: retries per provider, hedges for all. A
 * bound on the number of attempts alone would treble the load on a provider that is going down.
 */
import type { ResilienceSettings } from '../config/config.ts'

/** Retries under way against requests under way, per provider (reliability 5.2, as Envoy). */
export class RetryBudget {
  readonly #settings: Pick<ResilienceSettings, 'retryBudgetPercent' | 'retryBudgetMin'>
  readonly #requests = new Map<string, number>()
  readonly #retries = new Map<string, number>()

  constructor(settings: Pick<ResilienceSettings, 'retryBudgetPercent' | 'retryBudgetMin'>) {
    this.#settings = settings
  }

  /** Counts a request in; call the result once, when its attempt is over. */
  enter(provider: string): () => void {
    return counted(this.#requests, provider)
  }

  /** Takes a retry out of the budget, or null where none is left; call the result once. */
  take(provider: string): (() => void) | null {
    const { retryBudgetPercent, retryBudgetMin } = this.#settings
    const requests = this.#requests.get(provider) ?? 0
    const allowed = Math.max(retryBudgetMin, (requests * retryBudgetPercent) / 100)
    const used = this.#retries.get(provider) ?? 0
    return used + 1 > allowed ? null : counted(this.#retries, provider)
  }
}

/** Adds one under `name` until the returned function is called; forgets names that reach zero. */
function counted(counts: Map<string, number>, name: string): () => void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
  let isOver = false
  return () => {
    if (isOver) return
    isOver = true
    const left = (counts.get(name) ?? 1) - 1
    if (left > 0) counts.set(name, left)
    else counts.delete(name)
  }
}

/** How many hedges can be saved up, so that a quiet hour does not pay for a storm. */
const HEDGES_SAVED_MAX = 10

/** Each request earns a part of a hedge; one is in hand at the start. */
export class HedgeBudget {
  readonly #earned: number
  #inHand = 1

  /** @param percent hedges in percent of the requests. */
  constructor(percent: number) {
    this.#earned = percent / 100
  }

  /** Counts a request in. */
  earn(): void {
    this.#inHand = Math.min(HEDGES_SAVED_MAX, this.#inHand + this.#earned)
  }

  /** Takes a hedge out of the budget. @returns whether there was one. */
  take(): boolean {
    // A hundredth less than one, because twenty times 5 % is not quite one in binary.
    if (this.#inHand < 0.99) return false
    this.#inHand -= 1
    return true
  }
}
