/**
 * One class of a queue, which its keys share equally, counted in tokens. Each request has the
 * time at which it would be finished in the time of the lane, in which every key that waits gets
 * as much as any other; the earliest is next. It is self-clocked fair queueing (Golestani 1994):
 * the time of the lane is that of the request that was served last. So whoever comes anew is
 * never later than one round of those who wait, however long a flood has kept the lane from being
 * empty.
 *
 * Whoever had more than its share lately comes behind all who had not, so that a flood lives on
 * what the others leave. It is no longer counted among those as soon as what it had has faded.
 */
import { Heap, type Ranked } from './heap.ts'
import { RecentUse } from './recent-use.ts'

/** Who waits in a lane. */
export interface Sharing {
  /** Whose request it is. */
  readonly key: string
  /** What it is expected to cost, in tokens; above zero. */
  readonly tokens: number
}

/** The requests of one key that wait in one lane, in their order. */
export class Flow<Item extends Sharing> implements Ranked<Flow<Item>> {
  readonly key: string
  /** Decides between flows that are due at the same time: who waits longest is first. */
  order: number
  /** Where its first request begins in the time of its lane. */
  startAt: number
  readonly items: Item[] = []
  /** What they all are expected to cost. */
  tokens = 0
  at = 0
  /** It had more than its share when it came, or was served last. */
  isHeavy = false

  constructor(key: string, startAt: number, order: number) {
    this.key = key
    this.startAt = startAt
    this.order = order
  }

  /** When its first request is finished, which is when it is served. */
  get dueAt(): number {
    return this.startAt + (this.items[0]?.tokens ?? 0)
  }

  /** Where its last request begins: how much of its key is served before it. */
  get lastStartAt(): number {
    return this.startAt + this.tokens - (this.items.at(-1)?.tokens ?? 0)
  }

  isBefore(other: Flow<Item>): boolean {
    if (this.dueAt !== other.dueAt) return this.dueAt < other.dueAt
    return this.order < other.order
  }
}

/** Those of one class who wait. */
export class Lane<Item extends Sharing> {
  /** By key, those that wait. What was served leaves no debt: the lane's time is past it. */
  readonly #flows = new Map<string, Flow<Item>>()
  readonly #light = new Heap<Flow<Item>>()
  readonly #heavy = new Heap<Flow<Item>>()
  readonly #recent = new RecentUse()
  /** The time up to which the lane was served. */
  #now = 0
  #order = 0
  /** How many wait. */
  size = 0
  /** What they are expected to cost. */
  tokens = 0
  /** The lane's own next place among the lanes. */
  startAt = 0

  add(item: Item): Flow<Item> {
    const known = this.#flows.get(item.key)
    const flow = known ?? new Flow<Item>(item.key, this.#now, this.#nextOrder())
    flow.items.push(item)
    flow.tokens += item.tokens
    this.size += 1
    this.tokens += item.tokens
    if (known === undefined) {
      this.#flows.set(item.key, flow)
      this.#enter(flow)
    }
    return flow
  }

  /** Takes out the earliest. */
  next(): Item | null {
    this.#relieve()
    const flow = this.#light.top ?? this.#heavy.top
    const item = flow?.items[0]
    if (flow === undefined || item === undefined) return null
    const dueAt = flow.dueAt
    this.#now = Math.max(this.#now, dueAt)
    flow.startAt = dueAt
    flow.order = this.#nextOrder()
    this.#recent.note(item.key, item.tokens)
    this.#remove(item, flow, 0)
    return item
  }

  /** One that gives up costs nothing: those of its key that wait behind it move up. */
  leave(item: Item, flow: Flow<Item>): void {
    this.#remove(item, flow, flow.items.indexOf(item))
  }

  /** Whose turn comes last: of the key that has most before it. */
  last(): Item | null {
    let last: Flow<Item> | null = null
    for (const flow of this.#flows.values()) {
      if (last === null || flow.lastStartAt >= last.lastStartAt) last = flow
    }
    return last?.items.at(-1) ?? null
  }

  /** How many of this lane are served before `item` of `flow`. */
  ahead(item: Item, flow: Flow<Item>): number {
    const index = flow.items.indexOf(item)
    let dueAt = flow.startAt
    for (const before of flow.items.slice(0, index + 1)) dueAt += before.tokens
    let ahead = index
    for (const other of this.#flows.values()) {
      if (other === flow || (other.isHeavy && !flow.isHeavy)) continue
      if (flow.isHeavy && !other.isHeavy) {
        ahead += other.items.length
        continue
      }
      let otherDueAt = other.startAt
      for (const { tokens } of other.items) {
        otherDueAt += tokens
        const isFirst = otherDueAt === dueAt && other.order < flow.order
        if (otherDueAt >= dueAt && !isFirst) break
        ahead += 1
      }
    }
    return ahead
  }

  #nextOrder(): number {
    this.#order += 1
    return this.#order
  }

  #remove(item: Item, flow: Flow<Item>, index: number): void {
    flow.items.splice(index, 1)
    flow.tokens -= item.tokens
    this.size -= 1
    this.tokens -= item.tokens
    const heap = flow.isHeavy ? this.#heavy : this.#light
    heap.remove(flow)
    if (flow.items.length > 0) this.#enter(flow)
    else this.#flows.delete(flow.key)
    if (this.size > 0) return
    this.#now = 0
    this.#recent.clear()
  }

  #enter(flow: Flow<Item>): void {
    flow.isHeavy = this.#recent.isHeavy(flow.key, this.#flows.size)
    const heap = flow.isHeavy ? this.#heavy : this.#light
    heap.add(flow)
  }

  /** Whose use has faded is as light as the others. */
  #relieve(): void {
    for (let flow = this.#heavy.top; flow !== undefined; flow = this.#heavy.top) {
      if (this.#recent.isHeavy(flow.key, this.#flows.size)) return
      this.#heavy.remove(flow)
      this.#enter(flow)
    }
  }
}
