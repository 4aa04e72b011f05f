/**
 * Who is next when there is not enough for all: classes share by their weights, and within a class
 * the keys share equally, counted in the tokens that their requests are expected to cost. So one
 * that floods the queue waits behind itself and nobody else.
 *
 * It is start-time fair queueing on both levels: who waits is given the time at which it would
 * begin if everybody were served at once, each with its share, and the earliest is next. That time
 * is a number of its own and has nothing to do with the clock.
 */

/** The classes, most urgent first. */
export const priorities = ['high', 'normal', 'low'] as const

/** One of the classes. */
export type Priority = (typeof priorities)[number]

/** How the classes share when all of them wait: none is ever left out. */
const weights: Readonly<Record<Priority, number>> = { high: 16, normal: 4, low: 1 }

/** Somebody who waits. */
export interface Waiting {
  readonly priority: Priority
  /** Whose request it is. */
  readonly key: string
  /** What it is expected to cost, in tokens; above zero. */
  readonly tokens: number
}

/** A place in the queue. */
interface Place<Item extends Waiting> {
  readonly item: Item
  readonly startAt: number
  readonly finishAt: number
}

/** One class: its keys share it equally. */
class Lane<Item extends Waiting> {
  readonly places = new Set<Place<Item>>()
  /** Where the last request of a key ends in this lane's time, while that is still ahead. */
  readonly #finishes = new Map<string, number>()
  /** The time up to which the lane was served. */
  #now = 0
  /** The lane's own next place among the lanes. */
  startAt = 0

  add(item: Item): Place<Item> {
    const startAt = Math.max(this.#now, this.#finishes.get(item.key) ?? 0)
    const place = { item, startAt, finishAt: startAt + item.tokens }
    this.#finishes.set(item.key, place.finishAt)
    this.places.add(place)
    return place
  }

  /** The earliest; of equals the one that came first. */
  first(): Place<Item> | null {
    let first: Place<Item> | null = null
    for (const place of this.places) {
      if (first === null || place.startAt < first.startAt) first = place
    }
    return first
  }

  serve(place: Place<Item>): void {
    this.places.delete(place)
    this.#now = Math.max(this.#now, place.startAt)
    this.#forgetPast()
  }

  /** One that gave up has cost nothing: those of its key that wait behind it move up. */
  leave(place: Place<Item>): void {
    if (!this.places.delete(place)) return
    const { key } = place.item
    const last = [...this.places].filter(({ item }) => item.key === key).at(-1)
    if (last === undefined) this.#finishes.set(key, place.startAt)
    else this.#finishes.set(key, last.finishAt)
    this.#forgetPast()
  }

  #forgetPast(): void {
    if (this.places.size === 0) {
      this.#finishes.clear()
      this.#now = 0
      return
    }
    for (const [key, finishAt] of this.#finishes) {
      if (finishAt <= this.#now) this.#finishes.delete(key)
    }
  }
}

/** Those who wait for one thing. */
export class FairQueue<Item extends Waiting> {
  readonly #lanes: Readonly<Record<Priority, Lane<Item>>> = {
    high: new Lane(),
    normal: new Lane(),
    low: new Lane(),
  }
  readonly #places = new Map<Item, Place<Item>>()
  /** The time up to which the lanes were served. */
  #now = 0

  /** How many wait. */
  get size(): number {
    return this.#places.size
  }

  /** Lets `item` wait. */
  add(item: Item): void {
    const lane = this.#lanes[item.priority]
    // A class that waited for nothing has saved up nothing.
    if (lane.places.size === 0) lane.startAt = Math.max(lane.startAt, this.#now)
    this.#places.set(item, lane.add(item))
  }

  /** Takes out whoever is next, or null where nobody waits. */
  next(): Item | null {
    let chosen: Lane<Item> | null = null
    for (const priority of priorities) {
      const lane = this.#lanes[priority]
      if (lane.places.size === 0) continue
      if (chosen === null || lane.startAt < chosen.startAt) chosen = lane
    }
    const place = chosen?.first() ?? null
    if (chosen === null || place === null) return null
    chosen.serve(place)
    this.#now = Math.max(this.#now, chosen.startAt)
    const { item } = place
    chosen.startAt += item.tokens / weights[item.priority]
    this.#places.delete(item)
    return item
  }

  /** Takes `item` out, because it gives up. */
  leave(item: Item): void {
    const place = this.#places.get(item)
    if (place === undefined) return
    this.#places.delete(item)
    this.#lanes[item.priority].leave(place)
  }

  /** About how many are served before `item`, and it: 1 is next. 0 where it does not wait. */
  positionOf(item: Item): number {
    const own = this.#places.get(item)
    if (own === undefined) return 0
    let position = 1
    for (const priority of priorities) {
      const ahead = [...this.#lanes[priority].places].filter(
        (place) => place !== own && place.startAt < own.startAt,
      ).length
      const isOwn = priority === item.priority
      // Of another class as many are served meanwhile as its weight allows.
      const share = isOwn ? 1 : weights[priority] / weights[item.priority]
      position += isOwn ? ahead : Math.min(this.#lanes[priority].places.size, ahead * share)
    }
    return Math.max(1, Math.round(position))
  }
}
