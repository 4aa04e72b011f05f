/** Times between pieces of content, in constant memory: how long a stream is does not matter. */

const LOWEST_MS = 0.05
/** Each class is 2 % wider than the one before it, which is how exact a percentile is. */
const GROWTH = Math.log(1.02)
/** Up to an hour. */
const CLASSES = 1 + Math.ceil(Math.log(3_600_000 / LOWEST_MS) / GROWTH)

/** Counts by classes of length. */
export class GapHistogram {
  readonly #counts = new Uint32Array(CLASSES)
  #count = 0
  #maxMs = 0

  /** How many were added. */
  get count(): number {
    return this.#count
  }

  /** The longest, exactly; null where there is none. */
  get maxMs(): number | null {
    return this.#count === 0 ? null : this.#maxMs
  }

  /** Adds one; `gapMs` is not negative. */
  add(gapMs: number): void {
    const place = gapMs < LOWEST_MS ? 0 : 1 + Math.floor(Math.log(gapMs / LOWEST_MS) / GROWTH)
    const index = Math.min(CLASSES - 1, place)
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#count += 1
    if (gapMs > this.#maxMs) this.#maxMs = gapMs
  }

  /** The length that a share of all do not exceed; null where there is none. @param share 0 to 1 */
  percentileMs(share: number): number | null {
    if (this.#count === 0) return null
    const rank = Math.max(1, Math.ceil(share * this.#count))
    let seen = 0
    for (const [index, count] of this.#counts.entries()) {
      seen += count
      if (seen < rank) continue
      if (index === 0) return 0
      return Math.min(this.#maxMs, LOWEST_MS * Math.exp((index - 0.5) * GROWTH))
    }
    return this.#maxMs
  }
}
