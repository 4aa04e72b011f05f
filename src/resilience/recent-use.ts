/**
 * Who had more than its share lately. A queue that only knows who waits lets a flood take as much
 * of a burst as each of the others, though it has had all that was left over before; so what was
 * served is remembered for a while, and fades.
 *
 * Time is counted in what was served, since a queue has no other clock: after as much as
 * `HORIZON_REQUESTS` of usual size, a third is left of what a key had.
 */

/** What a key had, as of a moment in the time of what was served. */
interface Had {
  readonly tokens: number
  readonly at: number
}

/** Enough that keys that come now and then are among those who share. */
const HORIZON_REQUESTS = 256

/** A key that has had less than so many equal shares is nobody's burden. */
const SHARES_MAX = 2

/** What the keys of one lane had lately. */
export class RecentUse {
  /** In the order in which they were served last. */
  readonly #keys = new Map<string, Had>()
  /** All that was served, in tokens. */
  #served = 0
  /** What a request usually costs, in tokens. */
  #usualTokens = 0

  /** Takes down that a request of `key` was served. */
  note(key: string, tokens: number): void {
    const had = this.#tokensOf(key)
    this.#usualTokens += (tokens - this.#usualTokens) / (this.#served === 0 ? 1 : HORIZON_REQUESTS)
    this.#served += tokens
    this.#keys.delete(key)
    this.#keys.set(key, { tokens: had + tokens, at: this.#served })
    this.#forgetOld()
  }

  /**
   * Whether `key` had more than its share.
   * @param waiting how many keys wait now.
   */
  isHeavy(key: string, waiting: number): boolean {
    const share = (SHARES_MAX * this.#horizon) / Math.max(this.#keys.size, waiting, 1)
    return this.#tokensOf(key) > share
  }

  /** Forgets everything: where nobody waits, nobody is burdened. */
  clear(): void {
    this.#keys.clear()
    this.#served = 0
  }

  get #horizon(): number {
    return HORIZON_REQUESTS * this.#usualTokens
  }

  #tokensOf(key: string): number {
    const had = this.#keys.get(key)
    return had === undefined ? 0 : had.tokens * Math.exp((had.at - this.#served) / this.#horizon)
  }

  #forgetOld(): void {
    for (const [key, { at }] of this.#keys) {
      if (this.#served - at <= this.#horizon) return
      this.#keys.delete(key)
    }
  }
}
