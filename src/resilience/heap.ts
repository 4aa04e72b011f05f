/** A binary heap whose entries know their place, so that one whose rank has changed can move. */

/** What can be in a heap, in one at a time. */
export interface Ranked<Self> {
  /** Its place; the heap keeps it up to date. */
  at: number
  isBefore(other: Self): boolean
}

/** The first of them is at the top. */
export class Heap<Entry extends Ranked<Entry>> {
  readonly #entries: Entry[] = []

  /** The first of them; undefined where it is empty. */
  get top(): Entry | undefined {
    return this.#entries[0]
  }

  /** Takes it in. */
  add(entry: Entry): void {
    entry.at = this.#entries.push(entry) - 1
    this.moved(entry)
  }

  /** Takes it out. It must be in this heap. */
  remove(entry: Entry): void {
    const end = this.#entries.pop()
    if (end === undefined || end === entry) return
    end.at = entry.at
    this.moved(end)
  }

  /** Puts an entry whose rank has changed where it belongs. */
  moved(entry: Entry): void {
    const entries = this.#entries
    let { at } = entry
    for (;;) {
      const parent = entries[(at - 1) >> 1]
      if (at === 0 || parent === undefined || parent.isBefore(entry)) break
      const above = parent.at
      this.#put(parent, at)
      at = above
    }
    for (;;) {
      const left = entries[2 * at + 1]
      const right = entries[2 * at + 2]
      const isRight = right !== undefined && left !== undefined && right.isBefore(left)
      const child = isRight ? right : left
      if (child === undefined || entry.isBefore(child)) break
      const below = child.at
      this.#put(child, at)
      at = below
    }
    this.#put(entry, at)
  }

  #put(entry: Entry, at: number): void {
    this.#entries[at] = entry
    entry.at = at
  }
}
