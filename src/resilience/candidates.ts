/** The targets of one plan on their way to being tried, each at most once. */
import { type Target, targetKey } from '../provider/call.ts'
import { type Breakers, type Permit, unwatched } from './breakers.ts'
import type { Parking } from './parking.ts'
import type { Standings } from './standings.ts'

/** A target that may be tried now. */
export interface Candidate {
  readonly target: Target
  readonly key: string
  readonly permit: Permit
}

/** What decides whether a target may be tried. */
export interface Gates {
  readonly breakers: Breakers
  readonly parking: Parking
  readonly standings: Standings
}

/** Hands out the targets in the order of the plan; those that are left alone come last. */
export class Candidates {
  readonly #gates: Gates
  #waiting: Target[]
  /** Passed over because of their breaker or their key: the last resort. */
  readonly #passedOver: Target[] = []
  #isCrowded = false

  constructor(targets: readonly Target[], gates: Gates) {
    this.#waiting = [...targets]
    this.#gates = gates
  }

  /** Whether a target was passed over for having all the requests that it may have. */
  get isCrowded(): boolean {
    return this.#isCrowded
  }

  /** Whether a target is left that is free now. */
  get hasFreshTarget(): boolean {
    return this.#waiting.some((target) => this.#isReady(target))
  }

  /**
   * The next target. Where all are left alone, the first of them is tried all the same: the last
   * target of a route is never ejected (reliability 1.2, Envoy's panic rule).
   */
  next(): Candidate | null {
    for (;;) {
      const target = this.#waiting.shift()
      if (target === undefined) break
      if (this.#isFull(target)) continue
      const key = targetKey(target)
      const permit = this.#gates.parking.isParked(target) ? null : this.#gates.breakers.admit(key)
      if (permit !== null) return { target, key, permit }
      this.#passedOver.push(target)
    }
    return this.#lastResort()
  }

  /** Leaves only the targets whose context is known to be longer than that of `target`. */
  keepLongerThan({ traits }: Target): void {
    const isLonger = (other: Target): boolean =>
      traits.contextTokens !== null && (other.traits.contextTokens ?? 0) > traits.contextTokens
    this.#waiting = this.#waiting.filter(isLonger)
    this.#passedOver.splice(0, Number.POSITIVE_INFINITY, ...this.#passedOver.filter(isLonger))
  }

  #lastResort(): Candidate | null {
    const target = this.#passedOver.shift()
    return target === undefined ? null : { target, key: targetKey(target), permit: unwatched }
  }

  #isReady(target: Target): boolean {
    const { breakers, parking } = this.#gates
    return (
      !this.#isFull(target) && !parking.isParked(target) && breakers.share(targetKey(target)) > 0
    )
  }

  #isFull(target: Target): boolean {
    const { concurrencyMax } = target.traits
    if (concurrencyMax === null) return false
    const isFull = this.#gates.standings.of(targetKey(target)).inFlight >= concurrencyMax
    this.#isCrowded ||= isFull
    return isFull
  }
}
