/** A map that keeps what was used last and forgets the rest, so that it stays within a bound. */
export class RecentMap<Key, Value> {
  readonly #entries = new Map<Key, Value>()
  readonly #max: number

  /** @param max entries that are kept, at most. */
  constructor(max: number) {
    this.#max = max
  }

  /** Entries that are kept now. */
  get size(): number {
    return this.#entries.size
  }

  /** The value of a key, which thereby becomes the last that was used. */
  get(key: Key): Value | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  /** Keeps a value, and forgets the one that was not used for the longest time if need be. */
  set(key: Key, value: Value): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#max) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  /** Forgets one. */
  delete(key: Key): void {
    this.#entries.delete(key)
  }

  /** Forgets all of which `isGone` says so. */
  forget(isGone: (value: Value) => boolean): void {
    for (const [key, value] of this.#entries) if (isGone(value)) this.#entries.delete(key)
  }
}
