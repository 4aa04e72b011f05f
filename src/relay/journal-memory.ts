/** What all journals of a worker hold together. */

/** Whoever waits until memory is short no more. */
interface Waiting {
  retry(): void
}

/** Counts it against a bound. */
export class JournalMemory {
  readonly bytesMax: number
  readonly #makeRoom: () => boolean
  readonly #waiting = new Set<Waiting>()
  #bytes = 0

  /** @param makeRoom gives up something that is over; false where there is nothing. */
  constructor(bytesMax: number, makeRoom: () => boolean) {
    this.bytesMax = bytesMax
    this.#makeRoom = makeRoom
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether more is held than may be, though all was given up that is over. */
  get isShort(): boolean {
    while (this.#bytes > this.bytesMax) if (!this.#makeRoom()) return true
    return false
  }

  /** @param bytes negative for what is given back. */
  use(bytes: number): void {
    const wasShort = this.#bytes > this.bytesMax
    this.#bytes += bytes
    if (!wasShort || this.#bytes > this.bytesMax) return
    for (const waiting of [...this.#waiting]) waiting.retry()
  }

  /** `retry` is called when memory is there again. */
  wait(waiting: Waiting): void {
    this.#waiting.add(waiting)
  }

  forget(waiting: Waiting): void {
    this.#waiting.delete(waiting)
  }
}
