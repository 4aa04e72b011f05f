/**
 * How many requests a provider takes at once, found out by its own refusals: a 429 or 529 takes
 * three tenths off, each answer adds a little (AIMD, reliability 5.6). Nothing is limited before
 * the first refusal.
 */

/** What a refusal leaves of the limit. */
const DECREASE = 0.7

/** Requests that were under way together are refused together, and count once. */
const WINDOW_MS = 1000

/** After so many answers in a row at a limit that is not reached, there is none any more. */
const FORGET_FACTOR = 4

/** The limit of one provider. Times are monotonic milliseconds. */
export class AdaptiveLimit {
  readonly #most: number
  #limit: number
  #refusedAtMs = Number.NEGATIVE_INFINITY
  #highest = 0

  /** @param most what it never exceeds; infinite where the operator set nothing. */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most
    this.#limit = most
  }

  get limit(): number {
    return Math.max(1, Math.floor(this.#limit))
  }

  /** The provider refused one of `inside`, for want of capacity. */
  refused(inside: number, nowMs: number): void {
    if (nowMs - this.#refusedAtMs < WINDOW_MS) return
    this.#refusedAtMs = nowMs
    const before = Math.min(this.#limit, Math.max(1, inside))
    this.#highest = before
    this.#limit = Math.max(1, before * DECREASE)
  }

  /** The provider answered one of `inside`. */
  answered(inside: number): void {
    if (this.#limit >= this.#most) return
    // What is not used to its end says nothing about where the end is.
    if (inside < this.#limit / 2) return
    this.#limit = Math.min(this.#most, this.#limit + 1 / this.#limit)
    if (this.#limit > this.#highest * FORGET_FACTOR) this.#limit = this.#most
  }
}
