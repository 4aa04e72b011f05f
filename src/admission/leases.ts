/** Keeps the places of requests that are under way: one timer renews them all. */
import type { Renewal, Store } from '../store/store.ts'

/** A place lapses after its time; it is renewed three times in it, so that two may be lost. */
const RENEWALS_PER_TTL = 3

/** The places that this process holds. */
export class Leases {
  readonly #store: Store
  readonly #periodMs: number
  readonly #held = new Set<Renewal>()
  #timer: ReturnType<typeof setInterval> | null = null

  constructor(store: Store, ttlMs: number) {
    this.#store = store
    this.#periodMs = ttlMs / RENEWALS_PER_TTL
  }

  get size(): number {
    return this.#held.size
  }

  /** Renews a place from now on. */
  add(place: Renewal): void {
    this.#held.add(place)
    if (this.#timer !== null) return
    this.#timer = setInterval(() => this.#renew(), this.#periodMs)
    this.#timer.unref()
  }

  /** Lets go what was added; the store is told by whoever settles. */
  remove(place: Renewal): void {
    this.#held.delete(place)
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  /** The timer outlives the last place by up to a period: one request a time would make as many. */
  #renew(): void {
    if (this.#held.size === 0) this.close()
    else void this.#store.renew([...this.#held])
  }
}
