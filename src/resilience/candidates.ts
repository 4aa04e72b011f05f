/** The targets of one plan on their way to being tried, each at most once. */
import { type Target, targetKey } from '../provider/call.ts'
import { type Breakers, type Permit, unwatched } from './breakers.ts'
import type { Parking } from './parking.ts'
import type { Entered, Slots } from './slots.ts'

/** A target that may be tried now. */
export interface Candidate {
  readonly target: Target
  readonly key: string
  readonly permit: Permit
  /** Gives its place back; call it once. */
  readonly leaveSlot: () => void
}

/** What decides whether a target may be tried. */
export interface Gates {
  readonly breakers: Breakers
  readonly parking: Parking
  readonly slots: Slots
}

/** Hands out the targets in the order of the plan; those that are left alone come last. */
export class Candidates {
  readonly #gates: Gates
  #waiting: Target[]
  /** Passed over because of their breaker or their key: the last resort. */
  readonly #passedOver: Target[] = []
  /** Those that have all the requests they may have. */
  #crowded: Target[] = []

  constructor(targets: readonly Target[], gates: Gates) {
    this.#waiting = [...targets]
    this.#gates = gates
  }

  /** Those that were passed over for having all the requests that they may have. */
  get crowded(): readonly Target[] {
    return this.#crowded
  }

  /** Whether a target is left that is free now. */
  get hasFreshTarget(): boolean {
    return this.#waiting.some((target) => this.#isReady(target))
  }

  /**
   * The next target. Where all are left alone, the first of them is tried all the same: the last
   * target of a route is never ejected (reliability 1.2, Envoy's panic rule). One that is crowded
   * is worth a wait before that.
   */
  next(): Candidate | null {
    for (;;) {
      const target = this.#waiting.shift()
      if (target === undefined) break
      const key = targetKey(target)
      const permit = this.#gates.parking.isParked(target) ? null : this.#gates.breakers.admit(key)
      if (permit === null) {
        this.#passedOver.push(target)
        continue
      }
      const leaveSlot = this.#gates.slots.tryEnter(target)
      if (leaveSlot !== null) return { target, key, permit, leaveSlot }
      permit.release()
      this.#crowded.push(target)
    }
    return this.#crowded.length === 0 ? this.#lastResort() : null
  }

  /** A crowded target whose turn came. */
  taken({ target, leave }: Entered): Candidate {
    this.#crowded = this.#crowded.filter((other) => other !== target)
    const key = targetKey(target)
    const permit = this.#gates.breakers.admit(key) ?? unwatched
    return { target, key, permit, leaveSlot: leave }
  }

  /** Leaves only the targets whose context is known to be longer than that of `target`. */
  keepLongerThan({ traits }: Target): void {
    const isLonger = (other: Target): boolean =>
      traits.contextTokens !== null && (other.traits.contextTokens ?? 0) > traits.contextTokens
    this.#waiting = this.#waiting.filter(isLonger)
    this.#crowded = this.#crowded.filter(isLonger)
    this.#passedOver.splice(0, Number.POSITIVE_INFINITY, ...this.#passedOver.filter(isLonger))
  }

  #lastResort(): Candidate | null {
    for (;;) {
      const target = this.#passedOver.shift()
      if (target === undefined) return null
      const leaveSlot = this.#gates.slots.tryEnter(target)
      if (leaveSlot !== null) {
        return { target, key: targetKey(target), permit: unwatched, leaveSlot }
      }
      this.#crowded.push(target)
    }
  }

  #isReady(target: Target): boolean {
    const { breakers, parking, slots } = this.#gates
    return (
      !slots.isFull(target) && !parking.isParked(target) && breakers.share(targetKey(target)) > 0
    )
  }
}
