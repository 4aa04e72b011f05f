/** Spans of time of one length, one behind the other, and what was counted in each. */
import { type PackedTotals, Tally } from './tally.ts'

/** Slots of one length, and how many of them are kept. The length divides that of the next kind. */
export interface SlotKind {
  readonly stepMs: number
  readonly kept: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** For all requests: two minutes by the second, an hour by ten, a day by five minutes. */
export const fineSlots: readonly SlotKind[] = [
  { stepMs: SECOND, kept: 120 },
  { stepMs: 10 * SECOND, kept: 360 },
  { stepMs: 5 * MINUTE, kept: 288 },
]

/** For a part of them: five minutes by ten seconds, an hour by two minutes, a day by the hour. */
export const coarseSlots: readonly SlotKind[] = [
  { stepMs: 10 * SECOND, kept: 30 },
  { stepMs: 2 * MINUTE, kept: 30 },
  { stepMs: HOUR, kept: 24 },
]

/** What may be asked for at most. */
export const WINDOW_MAX_MS = 24 * HOUR

/** A slot that is over. */
export interface PackedSlot {
  readonly at: number
  readonly packed: PackedTotals
}

function sumOf(first: PackedSlot, second: PackedSlot): PackedTotals {
  const sum = new Tally()
  sum.addPacked(first.packed)
  sum.addPacked(second.packed)
  return sum.pack()
}

/** The slots of one length. */
export class Slots {
  readonly stepMs: number
  readonly #kept: number
  /** Ordered by time; those in which nothing ended are left out. */
  readonly #over: PackedSlot[] = []
  readonly open = new Tally()
  openAt = 0

  constructor({ stepMs, kept }: SlotKind) {
    this.stepMs = stepMs
    this.#kept = kept
  }

  get spanMs(): number {
    return this.stepMs * this.#kept
  }

  /** Goes on to the slot of `now`; returns the one that is over, where something ended in it. */
  roll(now: number): PackedSlot | null {
    const at = now - (now % this.stepMs)
    if (at === this.openAt) return null
    const over = this.open.isEmpty ? null : { at: this.openAt, packed: this.open.pack() }
    if (over !== null) {
      this.keep(over)
      this.open.clear()
    }
    this.openAt = at
    const goneAt = at - this.spanMs
    // Not more than there is room for either, where the clock was set back and forth.
    let gone = Math.max(0, this.#over.length - this.#kept)
    while ((this.#over[gone]?.at ?? at) < goneAt) gone += 1
    if (gone > 0) this.#over.splice(0, gone)
    return over
  }

  /** Keeps one that is over, in its place; of two of the same time their sum. */
  keep(slot: PackedSlot): void {
    const over = this.#over
    let place = over.length
    while (place > 0 && (over[place - 1]?.at ?? 0) > slot.at) place -= 1
    const before = over[place - 1]
    if (before?.at === slot.at) over[place - 1] = { at: slot.at, packed: sumOf(before, slot) }
    else over.splice(place, 0, slot)
  }

  /** Those that began at `sinceAt` or later, but not in a future that was called off. */
  between(sinceAt: number, now: number): readonly PackedSlot[] {
    const first = this.#over.findIndex(({ at }) => at >= sinceAt)
    return first < 0 ? [] : this.#over.slice(first).filter(({ at }) => at <= now)
  }
}
