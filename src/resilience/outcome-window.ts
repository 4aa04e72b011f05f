/** Successes and failures of the last while, in ten slices that expire by themselves. */

const SLICES = 10

/** A sliding window of outcomes. Times are monotonic milliseconds. */
export class OutcomeWindow {
  readonly #sliceMs: number
  readonly #failures = new Uint32Array(SLICES)
  readonly #totals = new Uint32Array(SLICES)
  /** The number of the newest slice, counted from time 0. */
  #newest = 0

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES
  }

  /** Takes in one outcome. */
  add(isSuccess: boolean, nowMs: number): void {
    this.#advance(nowMs)
    const slice = this.#newest % SLICES
    this.#totals[slice] = (this.#totals[slice] ?? 0) + 1
    if (!isSuccess) this.#failures[slice] = (this.#failures[slice] ?? 0) + 1
  }

  /** What happened within the window. */
  counts(nowMs: number): { readonly failures: number; readonly total: number } {
    this.#advance(nowMs)
    const sum = (slices: Uint32Array): number => slices.reduce((all, each) => all + each, 0)
    return { failures: sum(this.#failures), total: sum(this.#totals) }
  }

  /** Forgets everything. */
  clear(): void {
    this.#failures.fill(0)
    this.#totals.fill(0)
  }

  #advance(nowMs: number): void {
    const current = Math.floor(nowMs / this.#sliceMs)
    const passed = Math.min(SLICES, current - this.#newest)
    for (let step = 1; step <= passed; step += 1) {
      const slice = (current - passed + step) % SLICES
      this.#failures[slice] = 0
      this.#totals[slice] = 0
    }
    this.#newest = Math.max(this.#newest, current)
  }
}
