/** Keeps the places of requests that are under way: one timer renews them all. */
import type { Store } from '../store/store.ts'

/** A place lapses after its time; it is renewed three times in it, so that two may be lost. */
const RENEWALS_PER_TTL = 3

/** The places that this process holds. */
export class Leases {
  readonly #store: Store
  readonly #ttlMs: number
  readonly #held = new Map<string, { readonly key: string; readonly id: string }>()
  #timer: ReturnType<typeof setInterval> | null = null

  constructor(store: Store, ttlMs: number) {
    this.#store = store
    this.#ttlMs = ttlMs
  }

  get size(): number {
    return this.#held.size
  }

  /** Renews a place from now on. */
  add(key: string, id: string): void {
    this.#held.set(`${key} ${id}`, { key, id })
    this.#timer ??= setInterval(() => this.#renew(), this.#ttlMs / RENEWALS_PER_TTL)
    this.#timer.unref()
  }

  /** Lets it go; the store is told by whoever settles. */
  remove(key: string, id: string): void {
    this.#held.delete(`${key} ${id}`)
    if (this.#held.size === 0) this.close()
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  #renew(): void {
    const ttlMs = this.#ttlMs
    void this.#store.renew([...this.#held.values()].map((held) => ({ ...held, ttlMs })))
  }
}
