/**
 * Sums over time: slots of a second, of ten, of minutes, each kept for a while, so that the last
 * minute and the last day can both be asked for.
 *
 * A request is counted into the finest slot alone. When that is over it is packed, and counted into
 * the open slot of the next coarser kind.
 */
import { type PackedSlot, type SlotKind, Slots } from './slots.ts'
import { packed, Tally, unpacked } from './tally.ts'
import type { Totals } from './totals.ts'

/** What ended in one slot. */
export interface SlotTotals {
  /** Wall time of its beginning, in milliseconds. */
  readonly at: number
  readonly totals: Totals
}

/** All that a series has; for each kind of its slots, those that were counted into it. */
export interface SeriesBequest {
  readonly startedAt: number
  readonly kinds: readonly (readonly SlotTotals[])[]
}

/** Sums of a window, and how much of it they cover: a young program has no whole day. */
export interface WindowTotals {
  readonly coveredMs: number
  readonly totals: Totals
}

/** Where windows are summed, one at a time: its 23 KB are not taken anew for each. */
const scratch = new Tally()

/** The sums of one group of requests over time. Times are wall time in milliseconds. */
export class Series {
  readonly #kinds: readonly Slots[]
  #startedAt: number

  constructor(kinds: readonly SlotKind[], now: number) {
    this.#kinds = kinds.map((kind) => new Slots(kind))
    this.#startedAt = now
    this.#roll(now)
  }

  /** The sums that a request which ends now is counted into. */
  openAt(now: number): Tally {
    this.#roll(now)
    const [finest] = this.#kinds
    if (finest === undefined) throw new RangeError('a series needs slots')
    return finest.open
  }

  /** What ended in the last `windowMs`; never what ended before that. */
  totals(windowMs: number, now: number): WindowTotals {
    this.#roll(now)
    const sum = scratch
    sum.clear()
    const kept = this.#kinds.findIndex(({ spanMs }) => spanMs >= windowMs)
    const level = kept < 0 ? this.#kinds.length - 1 : kept
    const slots = this.#kinds[level]
    let sinceAt = now
    if (slots !== undefined) {
      const { stepMs } = slots
      sinceAt = Math.ceil((now - windowMs) / stepMs) * stepMs
      for (const { packed } of slots.between(sinceAt, now)) sum.addPacked(packed)
    }
    // What is open in a finer kind has not been counted into the coarser ones yet.
    for (const { open } of this.#kinds.slice(0, level + 1)) sum.addTally(open)
    return { coveredMs: now - Math.max(sinceAt, this.#startedAt), totals: sum.totals() }
  }

  /** The finest slots that are over and began at `sinceAt` or later, without the empty ones. */
  points(sinceAt: number, now: number): readonly SlotTotals[] {
    this.#roll(now)
    const slots = this.#kinds[0]?.between(sinceAt, now) ?? []
    return slots.map(({ at, packed }) => ({ at, totals: unpacked(packed) }))
  }

  /** All of it, for the worker that has this one's place next. Survives JSON. */
  bequeath(now: number): SeriesBequest {
    this.#roll(now)
    const open = new Tally()
    const kinds = this.#kinds.map((slots) => {
      // What is open here has not been counted into the coarser ones yet.
      open.addTally(slots.open)
      const over = slots
        .between(0, now)
        .map((slot) => ({ at: slot.at, totals: unpacked(slot.packed) }))
      return open.isEmpty ? over : [...over, { at: slots.openAt, totals: open.totals() }]
    })
    return { startedAt: this.#startedAt, kinds }
  }

  /** Takes over what the worker before this one had. */
  inherit({ startedAt, kinds }: SeriesBequest): void {
    this.#startedAt = Math.min(this.#startedAt, startedAt)
    for (const [index, slots] of this.#kinds.entries()) {
      for (const { at, totals } of kinds[index] ?? []) {
        slots.keep({ at, packed: packed(totals) })
      }
    }
  }

  #roll(now: number): void {
    let over: PackedSlot | null = null
    for (const slots of this.#kinds) {
      // It lay in the slot that is open here, so it comes before that may be over.
      if (over !== null) slots.open.addPacked(over.packed)
      over = slots.roll(now)
    }
  }
}
