/**
 * Distributions on one fixed scale, so that any two of them can be added: 32 buckets to each
 * doubling, from 1/128 (of a millisecond, mostly) to 2^22, which is 70 minutes. A bucket is at most
 * 3.1 % wide, and a quantile is interpolated inside it.
 */
import type { Spread } from './totals.ts'

/** Buckets to each doubling are two to the power of this. */
const FINENESS = 5
const PER_DOUBLING = 2 ** FINENESS

/** Exponents of two where the scale begins and ends. */
const EXPONENT_MIN = -7
const EXPONENT_MAX = 22

/** How many buckets the scale has; the first takes all that is smaller than the scale begins. */
export const BUCKETS = 1 + (EXPONENT_MAX - EXPONENT_MIN) * PER_DOUBLING

const SMALLEST = 2 ** EXPONENT_MIN
const LARGEST = 2 ** EXPONENT_MAX

/** A number and its bits: exponent and first digits of a number are the index of its bucket. */
const asNumber = new Float64Array(1)
const asBits = new Uint32Array(asNumber.buffer)
const HIGH_WORD = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0
const EXPONENT_BIAS = 1023
const DIGITS_DROPPED = 20 - FINENESS
const FIRST_INDEX = ((EXPONENT_BIAS + EXPONENT_MIN) << FINENESS) - 1

/** The bucket of a value; of what is below the scale or no number the first, above it the last. */
export function bucketOf(value: number): number {
  if (!(value >= SMALLEST)) return 0
  if (value >= LARGEST) return BUCKETS - 1
  asNumber[0] = value
  return ((asBits[HIGH_WORD] ?? 0) >>> DIGITS_DROPPED) - FIRST_INDEX
}

/** The smallest value of a bucket; of the one behind the last it is the end of the scale. */
export function lowerBoundOf(index: number): number {
  if (index <= 0) return 0
  const exponent = EXPONENT_MIN + Math.floor((index - 1) / PER_DOUBLING)
  return 2 ** exponent * (1 + ((index - 1) % PER_DOUBLING) / PER_DOUBLING)
}

/** A distribution that is kept for long: as a `Spread`, in a tenth of its memory. */
export interface PackedSpread {
  readonly count: number
  readonly sum: number
  readonly max: number
  /** Index and count of each bucket that is not empty, one after the other. */
  readonly pairs: Uint32Array
}

const nothing: PackedSpread = Object.freeze({
  count: 0,
  sum: 0,
  max: 0,
  pairs: new Uint32Array(0),
})

/** The same as it is kept for long. */
export function packedSpread({ count, sum, max, buckets }: Spread): PackedSpread {
  if (count === 0) return nothing
  const pairs = new Uint32Array(buckets.length * 2)
  for (const [place, [index, counted]] of buckets.entries()) {
    pairs[place * 2] = index
    pairs[place * 2 + 1] = counted
  }
  return { count, sum, max, pairs }
}

/** What was packed, as it is sent. */
export function unpackedSpread({ count, sum, max, pairs }: PackedSpread): Spread {
  const buckets: (readonly [number, number])[] = []
  for (let place = 0; place < pairs.length; place += 2) {
    buckets.push([pairs[place] ?? 0, pairs[place + 1] ?? 0])
  }
  return { count, sum, max, buckets }
}

/** A distribution that is counted up. Its 3.7 KB are taken when the first value comes. */
export class Histogram {
  count = 0
  sum = 0
  max = 0
  #buckets: Uint32Array | null = null

  /** Counts a value in. */
  record(value: number): void {
    this.count += 1
    this.sum += value
    if (value > this.max) this.max = value
    this.#counted(bucketOf(value), 1)
  }

  /** Counts all values of a distribution in. */
  add({ count, sum, max, buckets }: Spread): void {
    this.count += count
    this.sum += sum
    if (max > this.max) this.max = max
    for (const [index, counted] of buckets) this.#counted(index, counted)
  }

  /** Counts all values of a distribution in. */
  addPacked({ count, sum, max, pairs }: PackedSpread): void {
    if (count === 0) return
    this.count += count
    this.sum += sum
    if (max > this.max) this.max = max
    for (let place = 0; place < pairs.length; place += 2) {
      this.#counted(pairs[place] ?? 0, pairs[place + 1] ?? 0)
    }
  }

  /** Counts all values of another histogram in. */
  addHistogram(other: Histogram): void {
    if (other.count === 0) return
    this.count += other.count
    this.sum += other.sum
    if (other.max > this.max) this.max = other.max
    const counts = other.#buckets ?? []
    for (let index = 0; index < counts.length; index += 1) {
      const counted = counts[index] ?? 0
      if (counted > 0) this.#counted(index, counted)
    }
  }

  /** Forgets all values, and keeps the memory. */
  clear(): void {
    if (this.count > 0) this.#buckets?.fill(0)
    this.count = 0
    this.sum = 0
    this.max = 0
  }

  /** What was counted so far, as it is sent and kept. */
  spread(): Spread {
    const { count, sum, max } = this
    const buckets: (readonly [number, number])[] = []
    if (count > 0) {
      const counts = this.#buckets ?? []
      for (let index = 0; index < counts.length; index += 1) {
        const counted = counts[index] ?? 0
        if (counted > 0) buckets.push([index, counted])
      }
    }
    return { count, sum, max, buckets }
  }

  /** What was counted so far, as it is kept for long. */
  pack(): PackedSpread {
    const { count, sum, max } = this
    if (count === 0) return nothing
    const counts = this.#buckets ?? []
    let used = 0
    for (let index = 0; index < counts.length; index += 1) {
      if ((counts[index] ?? 0) > 0) used += 1
    }
    const pairs = new Uint32Array(used * 2)
    for (let index = 0, place = 0; place < pairs.length; index += 1) {
      const counted = counts[index] ?? 0
      if (counted === 0) continue
      pairs[place] = index
      pairs[place + 1] = counted
      place += 2
    }
    return { count, sum, max, pairs }
  }

  #counted(index: number, count: number): void {
    this.#buckets ??= new Uint32Array(BUCKETS)
    this.#buckets[index] = (this.#buckets[index] ?? 0) + count
  }
}

/** Of no values. */
export const emptySpread: Spread = Object.freeze({ count: 0, sum: 0, max: 0, buckets: [] })

/** The distribution of the values of all of them. */
export function addSpreads(spreads: readonly Spread[]): Spread {
  const [first, second] = spreads
  if (first === undefined) return emptySpread
  if (second === undefined) return first
  const sum = new Histogram()
  for (const spread of spreads) sum.add(spread)
  return sum.spread()
}

/**
 * The value that the part `quantile` (0..1) of all values does not exceed; null where there is
 * none. Between two values it lies between them, and those of a bucket are taken to lie evenly.
 */
export function quantileOf(spread: Spread, quantile: number): number | null {
  if (spread.count === 0) return null
  const rank = Math.min(1, Math.max(0, quantile)) * (spread.count - 1)
  const below = Math.floor(rank)
  const value = valueAt(spread, below)
  return rank === below ? value : value + (valueAt(spread, below + 1) - value) * (rank - below)
}

/** The value of a rank, the smallest being 0. */
function valueAt({ count, max, buckets }: Spread, rank: number): number {
  // The largest is known, and lies in the last bucket with all that is as large.
  if (rank >= count - 1) return max
  let before = 0
  for (const [index, counted] of buckets) {
    if (rank < before + counted) {
      return Math.min(max, inBucket(index, (rank - before + 0.5) / counted))
    }
    before += counted
  }
  return max
}

/** The arithmetic mean; null where there is nothing. It is exact. */
export const meanOf = ({ count, sum }: Spread): number | null => (count === 0 ? null : sum / count)

function inBucket(index: number, part: number): number {
  // What is too small for the scale is nothing: events of one chunk have no time between them.
  if (index === 0) return 0
  const lower = lowerBoundOf(index)
  return lower + (lowerBoundOf(index + 1) - lower) * part
}
