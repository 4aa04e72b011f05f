/** A stream that another process of the machine holds, on its way through this one. */
import type { BufferPool } from '../buffer/lease.ts'
import { onAbort } from '../core/abort.ts'
import type { Sweep, Swept } from '../core/clock.ts'
import { BoundaryFinder } from '../sse/boundary.ts'
import type { DirectSource } from './direct-stream.ts'
import { type DirectController, Outlet, type OutletFacts } from './outlet.ts'

/** What one needs besides the stream. */
export interface ConduitParts {
  readonly sweep: Sweep
  readonly pool: BufferPool
  /** The signal of the client's request. */
  readonly signal: AbortSignal
  readonly responseChunkBytes: number
  readonly clientStallTimeoutMs: number
  /** What is said where the stream broke off between two events; null resets the connection. */
  readonly lastWords: () => Promise<string | null>
  /** Called once, when the client has all or has left. */
  readonly left: () => void
}

/** Passes bytes on as they are, at the pace of the client. */
export class Conduit implements DirectSource, Swept {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #parts: ConduitParts
  readonly #finder = new BoundaryFinder()
  #atBoundary = true
  #outlet: Outlet | null = null
  #isOver = false
  #forgetAbort: () => void = () => {}

  constructor(body: ReadableStream<Uint8Array>, parts: ConduitParts) {
    this.#reader = body.getReader()
    this.#parts = parts
    parts.sweep.add(this)
    this.#forgetAbort = onAbort(parts.signal, () => this.#leave())
  }

  async pull(controller: DirectController): Promise<void> {
    const { responseChunkBytes: chunkBytes, pool } = this.#parts
    const settings = { chunkBytes, flushIntervalMs: 0 }
    const outlet = new Outlet(controller, settings, uncounted(), pool)
    this.#outlet = outlet
    const isWhole = await this.#send(outlet)
    this.#leave()
    outlet.release()
    // As for every response that is cut off: a reset, without a word about it on the console.
    if (!isWhole) throw new DOMException('The response was cut off.', 'AbortError')
    controller.close()
  }

  cancel(): void {
    this.#leave()
  }

  /** Called by the sweep. */
  sweep(now: number): void {
    const { clientStallTimeoutMs } = this.#parts
    const outlet = this.#outlet
    if (outlet === null || !outlet.busy || clientStallTimeoutMs <= 0) return
    if (now - outlet.stalledSinceMs > clientStallTimeoutMs) this.#leave()
  }

  async #send(outlet: Outlet): Promise<boolean> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read()
        if (this.#isOver || outlet.closed) return false
        if (done) return true
        this.#look(value)
        await outlet.write([value], true)
      }
    } catch {
      const words = this.#isOver || !this.#atBoundary ? null : await this.#parts.lastWords()
      if (words === null || outlet.closed) return false
      outlet.writeText(words)
      return true
    }
  }

  #look(bytes: Uint8Array): void {
    let end = 0
    for (let next = 0; next !== -1; next = this.#finder.next(bytes, end)) end = next
    this.#atBoundary = end === bytes.length
  }

  #leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#forgetAbort()
    this.#parts.sweep.remove(this)
    this.#reader.cancel().catch(() => {})
    this.#outlet?.giveUp()
    this.#parts.left()
  }
}

/** The process that holds the stream counts. */
const uncounted = (): OutletFacts => ({
  ...{ bytesOut: 0, backpressureEvents: 0, backpressureMs: 0, blockedSinceMs: 0 },
  gaps: { resumed: () => {} },
  contentSent: () => {},
})
