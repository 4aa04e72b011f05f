/**
 * How long to wait before a crashed worker is started again: 100 ms, doubled with each crash up to
 * 5 s, so that a worker that dies at once costs no core, and one that dies once is hardly missed.
 */
const firstMs = 100
const lastMs = 5000

/** A worker that served this long was well, and the next crash is the first one again. */
const healthyMs = 10_000

/** The waits of one worker's place. */
export class Backoff {
  #nextMs = firstMs

  /** @param servedMs how long the worker that crashed had served; 0 if it never did. */
  afterCrash(servedMs: number): number {
    const delayMs = servedMs >= healthyMs ? firstMs : this.#nextMs
    this.#nextMs = Math.min(lastMs, delayMs * 2)
    return delayMs
  }
}
