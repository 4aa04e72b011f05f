/** The requests that are under way, so that a shutdown can wait for them and then end them. */
import type { GatewayError } from '../core/errors.ts'

/** All requests of a worker between their first header and their last byte. */
export class Underway {
  readonly #controllers = new Set<AbortController>()
  #idle: (() => void)[] = []

  get size(): number {
    return this.#controllers.size
  }

  /** Enters a request; the returned function takes it out again. */
  add(controller: AbortController): () => void {
    this.#controllers.add(controller)
    return () => {
      this.#controllers.delete(controller)
      if (this.#controllers.size > 0) return
      for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  /** Resolves when nothing is under way. */
  whenIdle(): Promise<void> {
    return this.#controllers.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Ends everything that is under way, with a reason that clients are told in-band. */
  abortAll(reason: GatewayError): void {
    for (const controller of [...this.#controllers]) controller.abort(reason)
  }
}
