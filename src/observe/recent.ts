/** The requests that ended last. Two rings, so that successes never push out what went wrong. */
import { isFailed } from './failure.ts'
import type { FinishedRequest } from './finished.ts'

/** How many are kept of all, and of those that failed or were slow; a few KB each at most. */
const ALL_MAX = 1000
const NOTABLE_MAX = 200

/** A stream whose first content takes this long is slow, and so is any other request. */
const SLOW_MS = 10_000

/** What is looked for among them; what is left out is not asked about. */
export interface RecentFilter {
  /** Those alone that failed or were slow. */
  readonly notable?: boolean
  /** Those alone that failed, by nobody's fault but ours or the provider's. */
  readonly failed?: boolean
  readonly provider?: string
  readonly limit?: number
}

/** Requests that one worker leaves to another; the newest first. */
export interface RecentBequest {
  readonly all: readonly FinishedRequest[]
  readonly notable: readonly FinishedRequest[]
}

/** A ring of so many values, the oldest of which makes room. */
class Ring<Value> {
  readonly #values: Value[] = []
  readonly #max: number
  #next = 0

  constructor(max: number) {
    this.#max = max
  }

  add(value: Value): void {
    this.#values[this.#next] = value
    this.#next = (this.#next + 1) % this.#max
  }

  /** Adds values, the newest first, that are older than all that are there. */
  putBefore(older: readonly Value[]): void {
    const all = [...this, ...older].slice(0, this.#max).reverse()
    this.#values.length = 0
    this.#next = 0
    for (const value of all) this.add(value)
  }

  /** The newest first. */
  *[Symbol.iterator](): Generator<Value> {
    const { length } = this.#values
    for (let back = 1; back <= length; back += 1) {
      const value = this.#values[(this.#next - back + length) % length]
      if (value !== undefined) yield value
    }
  }
}

/** Whether an operator would want to look at it: it failed, or took long. */
export function isNotable(finished: FinishedRequest): boolean {
  const { streaming, firstContentMs, durationMs, stalls, recovery } = finished
  const isSlow = (streaming ? (firstContentMs ?? durationMs) : durationMs) >= SLOW_MS
  return isSlow || stalls > 0 || recovery !== null || isFailed(finished)
}

/** The last requests of a worker. */
export class RecentRequests {
  readonly #all = new Ring<FinishedRequest>(ALL_MAX)
  readonly #notable = new Ring<FinishedRequest>(NOTABLE_MAX)

  /** Keeps one. */
  add(finished: FinishedRequest): void {
    this.#all.add(finished)
    if (isNotable(finished)) this.#notable.add(finished)
  }

  /** The newest first, at most `limit` (100). */
  list({ notable, failed, provider, limit = 100 }: RecentFilter = {}): readonly FinishedRequest[] {
    const found: FinishedRequest[] = []
    for (const finished of notable === true || failed === true ? this.#notable : this.#all) {
      if (found.length >= limit) break
      if (provider !== undefined && finished.provider !== provider) continue
      if (failed !== true || isFailed(finished)) found.push(finished)
    }
    return found
  }

  /** The last ones, for the worker that has this one's place next; of all a part. */
  bequeath(): RecentBequest {
    return { all: this.list({ limit: NOTABLE_MAX }), notable: [...this.#notable] }
  }

  /** Takes over those of the worker before this one: they ended before its own. */
  inherit({ all, notable }: RecentBequest): void {
    this.#all.putBefore(all)
    this.#notable.putBefore(notable)
  }

  /** The one of that id, where it is still kept. */
  find(id: string): FinishedRequest | null {
    for (const ring of [this.#all, this.#notable]) {
      for (const finished of ring) if (finished.id === id) return finished
    }
    return null
  }
}
