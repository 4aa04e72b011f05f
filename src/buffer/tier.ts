/**
 * The free list of one buffer size.
 *
 * Last in, first out, because the buffer that was used last is the one most likely still in the
 * processor's cache, and because the ones nobody needs then sink to the bottom and grow old there.
 * The list is linked both ways: taking works at the new end, trimming at the old end, and neither
 * costs more than the buffers it moves.
 */

/** One buffer of a tier, and who has it. */
export interface Slot {
  /** Empty after the slot was dropped, so that a forgotten lease pins no memory. */
  bytes: Uint8Array
  /**
   * The one holder, or null while the slot is free. A lease is a new object every time, so its
   * identity is what a generation counter would be: an old lease never equals the present owner.
   */
  owner: object | null
  /** Monotonic milliseconds of the last release. */
  freedAtMs: number
  newer: Slot | null
  older: Slot | null
}

const nothing = new Uint8Array(0)

/** The buffers of one size. */
export class Tier {
  readonly size: number
  available = 0
  inUse = 0
  hits = 0
  misses = 0
  trimmed = 0
  #newest: Slot | null = null
  #oldest: Slot | null = null

  /** @param size bytes of every buffer of the tier. */
  constructor(size: number) {
    this.size = size
  }

  /** Buffers in existence. */
  get allocated(): number {
    return this.available + this.inUse
  }

  /** When the buffer that has been free for the longest was released; Infinity without one. */
  get oldestFreedAtMs(): number {
    return this.#oldest === null ? Number.POSITIVE_INFINITY : this.#oldest.freedAtMs
  }

  /** The buffer that was released last, without an owner yet, or null where none is free. */
  take(): Slot | null {
    const slot = this.#newest
    if (slot === null) return null
    this.#newest = slot.older
    if (slot.older === null) this.#oldest = null
    else slot.older.newer = null
    slot.older = null
    this.available -= 1
    this.inUse += 1
    this.hits += 1
    return slot
  }

  /** A new buffer, without an owner yet. Throws what the runtime throws when memory is out. */
  make(): Slot {
    const bytes = new Uint8Array(this.size)
    this.inUse += 1
    this.misses += 1
    return { bytes, owner: null, freedAtMs: 0, newer: null, older: null }
  }

  /**
   * Takes the buffer back from `owner`, zeroed from end to end: the whole of it, because nobody
   * but the last holder knows how far it was written.
   * @returns false, with nothing done, where `owner` does not have it.
   */
  give(slot: Slot, owner: object, nowMs: number): boolean {
    if (slot.owner !== owner) return false
    if (slot.bytes.byteLength !== this.size) {
      // Somebody transferred the memory away, which leaves an empty view: there is nothing to keep.
      this.discard(slot)
      return true
    }
    slot.bytes.fill(0)
    slot.owner = null
    slot.freedAtMs = nowMs
    slot.older = this.#newest
    if (this.#newest === null) this.#oldest = slot
    else this.#newest.newer = slot
    this.#newest = slot
    this.inUse -= 1
    this.available += 1
    return true
  }

  /** Forgets a buffer that is in use and must not be handed out again. */
  discard(slot: Slot): void {
    slot.owner = null
    slot.bytes = nothing
    this.inUse -= 1
    this.trimmed += 1
  }

  /** Gives the buffer that has been free for the longest to the garbage collector. */
  dropOldest(): void {
    const slot = this.#oldest
    if (slot === null) return
    this.#oldest = slot.newer
    if (slot.newer === null) this.#newest = null
    else slot.newer.older = null
    slot.newer = null
    slot.bytes = nothing
    this.available -= 1
    this.trimmed += 1
  }
}
