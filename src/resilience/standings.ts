/** How the targets do: what is under way with each, and how long their first tokens took. */

/** The weight of the newest sample in the mean: about the last ten answers decide. */
const NEWEST_SHARE = 0.2

/** The first tokens that percentiles are taken of. */
const SAMPLES_MAX = 128

/** Fewer samples than this say nothing of a 95th percentile. */
const SAMPLES_MIN = 20

/** Targets that are kept; a client can name any model of a provider, so there must be a bound. */
const TARGETS_MAX = 2048

/** One target's counts and times. */
export class Standing {
  /** Requests under way, from the attempt to the end of its answer. */
  inFlight = 0
  #meanMs: number | null = null
  readonly #samplesMs: number[] = []
  #next = 0
  #percentileMs: number | null = null

  /** The weighted mean of the times to the first token, or null where none is known. */
  get firstTokenMs(): number | null {
    return this.#meanMs
  }

  /** The 95th percentile of the last times, or null while there are fewer than 20. */
  get firstTokenP95Ms(): number | null {
    if (this.#samplesMs.length < SAMPLES_MIN) return null
    if (this.#percentileMs === null) {
      const sorted = this.#samplesMs.toSorted((a, b) => a - b)
      this.#percentileMs = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? null
    }
    return this.#percentileMs
  }

  /** Takes in how long a first token took. */
  sample(ms: number): void {
    this.#meanMs =
      this.#meanMs === null ? ms : this.#meanMs * (1 - NEWEST_SHARE) + ms * NEWEST_SHARE
    this.#samplesMs[this.#next] = ms
    this.#next = (this.#next + 1) % SAMPLES_MAX
    this.#percentileMs = null
  }
}

/** The standings by target key. */
export class Standings {
  readonly #all = new Map<string, Standing>()

  /** The standing of a target; a new one where nothing is known yet. */
  of(key: string): Standing {
    const known = this.#all.get(key)
    if (known !== undefined) return known
    if (this.#all.size >= TARGETS_MAX) this.#forgetOne()
    const made = new Standing()
    this.#all.set(key, made)
    return made
  }

  /** Requests under way with all targets; zero when nothing is under way. */
  get inFlight(): number {
    let sum = 0
    for (const standing of this.#all.values()) sum += standing.inFlight
    return sum
  }

  /** Requests under way by target, those alone that have some. */
  *underway(): Generator<readonly [key: string, count: number]> {
    for (const [key, { inFlight }] of this.#all) if (inFlight > 0) yield [key, inFlight]
  }

  #forgetOne(): void {
    for (const [key, standing] of this.#all) {
      if (standing.inFlight > 0) continue
      this.#all.delete(key)
      return
    }
  }
}
