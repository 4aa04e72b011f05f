/**
 * Who is next when there is not enough for all: classes share by their weights, and within a class
 * the keys share equally, counted in the tokens that their requests are expected to cost. So one
 * that floods the queue waits behind itself and nobody else.
 *
 * It is fair queueing on both levels: who waits is given a place in the time in which everybody
 * would be served at once, each with its share, and the earliest is next. That time is a number of
 * its own and has nothing to do with the clock.
 */
import { type Flow, Lane, type Sharing } from './lane.ts'

/** The classes, most urgent first. */
export const priorities = ['high', 'normal', 'low'] as const

/** One of the classes. */
export type Priority = (typeof priorities)[number]

/** How the classes share when all of them wait: none is ever left out. */
const weights: Readonly<Record<Priority, number>> = { high: 16, normal: 4, low: 1 }

/** Somebody who waits. */
export interface Waiting extends Sharing {
  readonly priority: Priority
}

/** Those who wait for one thing. */
export class FairQueue<Item extends Waiting> {
  readonly #lanes: Readonly<Record<Priority, Lane<Item>>> = {
    high: new Lane(),
    normal: new Lane(),
    low: new Lane(),
  }
  readonly #flows = new Map<Item, Flow<Item>>()
  /** The time up to which the lanes were served. */
  #now = 0

  /** How many wait. */
  get size(): number {
    return this.#flows.size
  }

  /** Lets `item` wait. */
  add(item: Item): void {
    const lane = this.#lanes[item.priority]
    // A class that waited for nothing has saved up nothing.
    if (lane.size === 0) lane.startAt = Math.max(lane.startAt, this.#now)
    this.#flows.set(item, lane.add(item))
  }

  /** Takes out whoever is next, or null where nobody waits. */
  next(): Item | null {
    let chosen: Lane<Item> | null = null
    for (const priority of priorities) {
      const lane = this.#lanes[priority]
      if (lane.size === 0) continue
      if (chosen === null || lane.startAt < chosen.startAt) chosen = lane
    }
    const item = chosen?.next() ?? null
    if (chosen === null || item === null) return null
    this.#now = Math.max(this.#now, chosen.startAt)
    chosen.startAt += item.tokens / weights[item.priority]
    this.#flows.delete(item)
    return item
  }

  /** Takes `item` out, because it gives up. */
  leave(item: Item): void {
    const flow = this.#flows.get(item)
    if (flow === undefined) return
    this.#flows.delete(item)
    this.#lanes[item.priority].leave(item, flow)
  }

  /**
   * Whose turn comes last, who is the one to give way where there are too many: of the class that
   * has most for its weight, the key that has most. So a flood turns its own away, and not others.
   */
  last(): Item | null {
    let longest: Priority = 'low'
    for (const priority of priorities) {
      const waits = this.#lanes[priority].tokens / weights[priority]
      if (waits > this.#lanes[longest].tokens / weights[longest]) longest = priority
    }
    return this.#lanes[longest].last()
  }

  /** About how many are served before `item`, and it: 1 is next. 0 where it does not wait. */
  positionOf(item: Item): number {
    const flow = this.#flows.get(item)
    if (flow === undefined) return 0
    const ahead = this.#lanes[item.priority].ahead(item, flow)
    let position = 1 + ahead
    for (const priority of priorities) {
      if (priority === item.priority) continue
      // Of another class as many are served meanwhile as its weight allows.
      const share = weights[priority] / weights[item.priority]
      position += Math.min(this.#lanes[priority].size, ahead * share)
    }
    return Math.round(position)
  }
}
