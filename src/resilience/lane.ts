/**
 * One class of a queue, which its keys share equally, counted in tokens. Each key has the time at
 * which its first request begins in the time of the lane; when that is served, the next one begins
 * as much later as it costs.
 */

/** Who waits in a lane. */
export interface Sharing {
  /** Whose request it is. */
  readonly key: string
  /** What it is expected to cost, in tokens; above zero. */
  readonly tokens: number
}

/** The requests of one key that wait in one lane, in their order. */
export class Flow<Item extends Sharing> {
  readonly key: string
  /** Decides between flows that begin at the same time: the one that came first is first. */
  readonly order: number
  /** Where its first request begins in the time of its lane, or its next one would. */
  startAt: number
  readonly items: Item[] = []
  /** What they all are expected to cost. */
  tokens = 0

  constructor(key: string, startAt: number, order: number) {
    this.key = key
    this.startAt = startAt
    this.order = order
  }

  /** Where its last request begins, which is when it is served. */
  get lastStartAt(): number {
    return this.startAt + this.tokens - (this.items.at(-1)?.tokens ?? 0)
  }

  isBefore(other: Flow<Item>): boolean {
    if (this.startAt !== other.startAt) return this.startAt < other.startAt
    return this.order < other.order
  }
}

/** Those of one class who wait. */
export class Lane<Item extends Sharing> {
  /** By key: those that wait, and those that had more than their share a moment ago. */
  readonly #flows = new Map<string, Flow<Item>>()
  /** The same, the earliest at the top of a binary heap. */
  #heap: Flow<Item>[] = []
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
    const flow = this.#flows.get(item.key) ?? this.#begin(item.key)
    flow.items.push(item)
    flow.tokens += item.tokens
    this.size += 1
    this.tokens += item.tokens
    return flow
  }

  /** Takes out the earliest. */
  next(): Item | null {
    for (let flow = this.#heap[0]; flow !== undefined; flow = this.#heap[0]) {
      const item = flow.items[0]
      if (item !== undefined) {
        this.#now = Math.max(this.#now, flow.startAt)
        this.leave(item, flow)
        flow.startAt += item.tokens
        this.#sink(flow)
        return item
      }
      // Who waits begins no earlier than this one would, so that its share is used up by now.
      this.#forget(flow)
    }
    return null
  }

  /** One that gives up costs nothing: those of its key that wait behind it move up. */
  leave(item: Item, flow: Flow<Item>): void {
    flow.items.splice(flow.items.indexOf(item), 1)
    flow.tokens -= item.tokens
    this.size -= 1
    this.tokens -= item.tokens
    if (this.size > 0) return
    this.#flows.clear()
    this.#heap = []
    this.#now = 0
  }

  /** Whose turn comes last: of the key that has most before it. */
  last(): Item | null {
    let last: Flow<Item> | null = null
    for (const flow of this.#flows.values()) {
      if (flow.items.length === 0) continue
      if (last === null || flow.lastStartAt >= last.lastStartAt) last = flow
    }
    return last?.items.at(-1) ?? null
  }

  /** How many of this lane are served before `item` of `flow`. */
  ahead(item: Item, flow: Flow<Item>): number {
    const index = flow.items.indexOf(item)
    let startAt = flow.startAt
    for (const before of flow.items.slice(0, index)) startAt += before.tokens
    let ahead = index
    for (const other of this.#flows.values()) {
      if (other === flow) continue
      let otherStartAt = other.startAt
      for (const { tokens } of other.items) {
        const isFirst = otherStartAt === startAt && other.order < flow.order
        if (otherStartAt >= startAt && !isFirst) break
        ahead += 1
        otherStartAt += tokens
      }
    }
    return ahead
  }

  #begin(key: string): Flow<Item> {
    this.#order += 1
    const flow = new Flow<Item>(key, this.#now, this.#order)
    this.#flows.set(key, flow)
    let at = this.#heap.push(flow) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = this.#heap[above]
      if (parent === undefined || parent.isBefore(flow)) break
      this.#heap[at] = parent
      at = above
    }
    this.#heap[at] = flow
    return flow
  }

  /** Takes the top of the heap out. */
  #forget(flow: Flow<Item>): void {
    this.#flows.delete(flow.key)
    const end = this.#heap.pop()
    if (end !== undefined && end !== flow) this.#sink(end)
  }

  /** Puts `flow` in the place of the top, and then where it belongs. */
  #sink(flow: Flow<Item>): void {
    const heap = this.#heap
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      const isRight = right !== undefined && left !== undefined && right.isBefore(left)
      const child = isRight ? right : left
      if (child === undefined || flow.isBefore(child)) break
      heap[at] = child
      at = 2 * at + (isRight ? 2 : 1)
    }
    heap[at] = flow
  }
}
