/** The requests that are under way, so that they can be waited for, and ended. */
import type { GatewayError } from '../core/errors.ts'
import type { Exchange } from '../observe/exchange.ts'

/** All requests of a worker between their first header and their last byte. */
export class Underway {
  readonly #exchanges = new Map<AbortController, Exchange>()
  #idle: (() => void)[] = []
  #streams = 0

  get size(): number {
    return this.#exchanges.size
  }

  /** Their records, the oldest first. */
  exchanges(): IterableIterator<Exchange> {
    return this.#exchanges.values()
  }

  /** Those that asked for a stream. */
  get streams(): number {
    return this.#streams
  }

  /** Counts a request that was entered as a stream; the returned function ends that. */
  addStream(): () => void {
    this.#streams += 1
    return () => {
      this.#streams -= 1
    }
  }

  /** Enters a request; the returned function takes it out again. */
  add(controller: AbortController, exchange: Exchange): () => void {
    this.#exchanges.set(controller, exchange)
    return () => {
      this.#exchanges.delete(controller)
      if (this.#exchanges.size > 0) return
      for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  /** Resolves when nothing is under way. */
  whenIdle(): Promise<void> {
    return this.#exchanges.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Ends everything that is under way, with a reason that clients are told in-band. */
  abortAll(reason: GatewayError): void {
    for (const controller of [...this.#exchanges.keys()]) controller.abort(reason)
  }

  /** Ends the request of that id, where it is under way; says whether it is. */
  abort(id: string, reason: GatewayError): boolean {
    for (const [controller, exchange] of this.#exchanges) {
      if (exchange.id !== id) continue
      controller.abort(reason)
      return true
    }
    return false
  }

  /**
   * Ends the request that holds most memory; of several that hold the same, the one that began
   * last, because least is lost with it. False where nothing is under way.
   */
  abortHeaviest(reason: GatewayError): boolean {
    let heaviest: readonly [AbortController, Exchange] | null = null
    for (const entry of this.#exchanges) {
      const [controller, exchange] = entry
      if (controller.signal.aborted) continue
      if (heaviest === null || exchange.heldBytes >= heaviest[1].heldBytes) heaviest = entry
    }
    heaviest?.[0].abort(reason)
    return heaviest !== null
  }
}
