/** So many at once, and the others in the order in which they came. */
export class Lanes {
  readonly #lanes: number
  readonly #waiting: ((leave: () => void) => void)[] = []
  #busy = 0

  constructor(lanes: number) {
    this.#lanes = lanes
  }

  /** Starts when there is a lane; `start` calls `leave` once, when it has done. */
  enter(start: (leave: () => void) => void): void {
    if (this.#busy >= this.#lanes) {
      this.#waiting.push(start)
      return
    }
    this.#busy += 1
    start(() => {
      this.#busy -= 1
      const next = this.#waiting.shift()
      if (next !== undefined) this.enter(next)
    })
  }
}
