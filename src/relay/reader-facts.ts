/** What is counted of the writes to the readers of a stream. */
import type { Exchange } from '../observe/exchange.ts'
import type { OutletFacts } from './outlet.ts'

/**
 * That a client takes nothing is a fact of its stream; what was sent to it was counted when it was
 * written to the journal, once for all readers.
 */
export class ReaderFacts implements OutletFacts {
  bytesOut = 0
  readonly gaps = { resumed: (): void => {} }
  readonly #exchange: () => Exchange | null

  /** @param exchange that of the stream while it goes on; null when its record is closed. */
  constructor(exchange: () => Exchange | null) {
    this.#exchange = exchange
  }

  get backpressureEvents(): number {
    return this.#exchange()?.backpressureEvents ?? 0
  }

  set backpressureEvents(count: number) {
    const exchange = this.#exchange()
    if (exchange !== null) exchange.backpressureEvents = count
  }

  get backpressureMs(): number {
    return this.#exchange()?.backpressureMs ?? 0
  }

  set backpressureMs(spentMs: number) {
    const exchange = this.#exchange()
    if (exchange !== null) exchange.backpressureMs = spentMs
  }

  get blockedSinceMs(): number {
    return this.#exchange()?.blockedSinceMs ?? 0
  }

  set blockedSinceMs(sinceMs: number) {
    const exchange = this.#exchange()
    if (exchange !== null) exchange.blockedSinceMs = sinceMs
  }

  contentSent(): void {}
}
