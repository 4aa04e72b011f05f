/**
 * What one rule counts in one worker: a few numbers over the last so many seconds, in slots of a
 * sixtieth of that. Cheap enough to be counted for every request.
 */
import { bucketOf } from '../histogram.ts'
import type { Spread } from '../totals.ts'

/** Slots of one window. A window is exact to one of them. */
const SLOTS = 60

/** What a window has counted. Survives JSON, and adds up with those of other workers. */
export interface WindowCounts {
  /** Requests, or attempts of a provider. */
  readonly requests: number
  /** Of failures, micro-dollars or buffers, whatever is counted. */
  readonly sum: number
  /** Of milliseconds; null where none are counted. */
  readonly spread: Spread | null
}

/** One slot as it is handed on. */
export interface KeptSlot extends WindowCounts {
  /** Which slot it is since the epoch. */
  readonly place: number
}

/** A slot while it is counted into. */
interface Slot {
  place: number
  requests: number
  sum: number
  max: number
  valueSum: number
  values: number
  readonly buckets: Map<number, number>
}

const freshSlot = (place: number): Slot => ({
  ...{ place, requests: 0, sum: 0, max: 0, valueSum: 0, values: 0 },
  buckets: new Map(),
})

/** One window. Times are wall milliseconds. */
export class Window {
  readonly stepMs: number
  readonly #slots: Slot[]

  constructor(windowSeconds: number) {
    this.stepMs = Math.ceil((windowSeconds * 1000) / SLOTS)
    this.#slots = Array.from({ length: SLOTS }, () => freshSlot(-1))
  }

  /** Counts one request, or another thing, in. @param value milliseconds, where there are any. */
  add(now: number, requests: number, sum: number, value: number | null = null): void {
    const slot = this.#slotAt(Math.floor(now / this.stepMs))
    slot.requests += requests
    slot.sum += sum
    if (value === null) return
    slot.values += 1
    slot.valueSum += value
    slot.max = Math.max(slot.max, value)
    const bucket = bucketOf(value)
    slot.buckets.set(bucket, (slot.buckets.get(bucket) ?? 0) + 1)
  }

  /** Counts the values of a distribution in, such as the gaps of one stream. */
  addSpread(now: number, { count, sum, max, buckets }: Spread): void {
    const slot = this.#slotAt(Math.floor(now / this.stepMs))
    slot.requests += 1
    slot.values += count
    slot.valueSum += sum
    slot.max = Math.max(slot.max, max)
    for (const [index, counted] of buckets) {
      slot.buckets.set(index, (slot.buckets.get(index) ?? 0) + counted)
    }
  }

  /** What was counted in the window that ends now. */
  counts(now: number): WindowCounts {
    return sumOf(this.#live(now))
  }

  /** All slots of the window, for whoever goes on counting. */
  kept(now: number): readonly KeptSlot[] {
    return this.#live(now).map((slot) => ({ place: slot.place, ...sumOf([slot]) }))
  }

  /** Takes in the slots of another window of this length. */
  take(slots: readonly KeptSlot[], now: number): void {
    const oldest = Math.floor(now / this.stepMs) - SLOTS
    for (const { place, requests, sum, spread } of slots) {
      if (place <= oldest || place - oldest > SLOTS) continue
      const slot = this.#slotAt(place)
      slot.requests += requests
      slot.sum += sum
      if (spread === null) continue
      slot.values += spread.count
      slot.valueSum += spread.sum
      slot.max = Math.max(slot.max, spread.max)
      for (const [index, counted] of spread.buckets) {
        slot.buckets.set(index, (slot.buckets.get(index) ?? 0) + counted)
      }
    }
  }

  #live(now: number): Slot[] {
    const newest = Math.floor(now / this.stepMs)
    return this.#slots.filter(({ place }) => place > newest - SLOTS && place <= newest)
  }

  #slotAt(place: number): Slot {
    const index = ((place % SLOTS) + SLOTS) % SLOTS
    const slot = this.#slots[index]
    if (slot !== undefined && slot.place === place) return slot
    const fresh = freshSlot(place)
    this.#slots[index] = fresh
    return fresh
  }
}

function sumOf(slots: readonly Slot[]): WindowCounts {
  const buckets = new Map<number, number>()
  let [requests, sum, count, valueSum, max] = [0, 0, 0, 0, 0]
  for (const slot of slots) {
    requests += slot.requests
    sum += slot.sum
    count += slot.values
    valueSum += slot.valueSum
    max = Math.max(max, slot.max)
    for (const [index, counted] of slot.buckets) {
      buckets.set(index, (buckets.get(index) ?? 0) + counted)
    }
  }
  const ordered = [...buckets].sort(([a], [b]) => a - b)
  return {
    requests,
    sum,
    spread: count === 0 ? null : { count, sum: valueSum, max, buckets: ordered },
  }
}
