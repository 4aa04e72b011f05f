/**
 * The time between the events with content of one stream, as its client sees it: measured where
 * they are written, because what is gathered before it leaves arrives together.
 */
import { bucketOf } from './histogram.ts'
import type { Spread } from './totals.ts'

/** A gap of this length and more is a stall: whoever reads along thinks that it has stopped. */
export const STALL_MS = 1000

/**
 * What a stream keeps of the scale: gaps of an eighth of a millisecond to 131 seconds. Shorter ones
 * are nothing, longer ones are in the last bucket, and the longest is kept as it is. With two bytes
 * to a bucket that is 1282 bytes a stream.
 */
const FIRST_BUCKET = bucketOf(2 ** -3)
const LAST_BUCKET = bucketOf(2 ** 17) - 1
const LENGTH = LAST_BUCKET - FIRST_BUCKET + 2

/** More than two bytes can count; a stream that gets there goes on with four. */
const NARROW_MAX = 0xffff

/** The gaps of one stream. */
export class Gaps {
  /** When the last event with content left, or the client was ready again; 0 is never. */
  lastAtMs = 0
  count = 0
  sumMs = 0
  maxMs = 0
  /** Gaps of a second and more. */
  stalls = 0
  #waiting = 0
  #buckets: Uint16Array | Uint32Array | null = null

  /** Events with content are on their way that were not written yet. */
  get isWaiting(): boolean {
    return this.#waiting > 0
  }

  /** An event with content is about to be written. */
  seen(): void {
    this.#waiting += 1
  }

  /** What was seen so far was written, all of it together. */
  sent(nowMs: number): void {
    if (this.#waiting === 0) return
    let together = this.#waiting - 1
    this.#waiting = 0
    if (this.lastAtMs === 0) this.lastAtMs = nowMs
    else this.#gap(nowMs - this.lastAtMs)
    this.lastAtMs = nowMs
    if (together === 0) return
    this.count += together
    for (; together > 0; together -= NARROW_MAX) this.#add(0, Math.min(together, NARROW_MAX))
  }

  /** The client took nothing until now: that is its time and not the provider's. */
  resumed(nowMs: number): void {
    if (this.lastAtMs > 0) this.lastAtMs = nowMs
  }

  /** The gaps on the scale of all distributions. */
  spread(): Spread {
    const { count, sumMs: sum, maxMs: max } = this
    const buckets: (readonly [number, number])[] = []
    const kept = this.#buckets
    if (kept !== null) {
      for (let place = 0; place < LENGTH; place += 1) {
        const counted = kept[place] ?? 0
        if (counted > 0) buckets.push([place === 0 ? 0 : place - 1 + FIRST_BUCKET, counted])
      }
    }
    return { count, sum, max, buckets }
  }

  #gap(gapMs: number): void {
    this.count += 1
    this.sumMs += gapMs
    if (gapMs > this.maxMs) this.maxMs = gapMs
    if (gapMs >= STALL_MS) this.stalls += 1
    const index = Math.min(bucketOf(gapMs), LAST_BUCKET)
    this.#add(index < FIRST_BUCKET ? 0 : index - FIRST_BUCKET + 1, 1)
  }

  #add(place: number, count: number): void {
    let buckets = this.#buckets ?? new Uint16Array(LENGTH)
    const counted = (buckets[place] ?? 0) + count
    if (counted > NARROW_MAX && buckets instanceof Uint16Array) buckets = Uint32Array.from(buckets)
    buckets[place] = counted
    this.#buckets = buckets
  }
}
