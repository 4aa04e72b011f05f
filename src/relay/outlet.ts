/**
 * The way out to the client: bounded writes, one flush for what arrived together, and a wait
 * whenever the client's socket is full.
 *
 * Bun's direct controller answers a write with a number, with a promise when the client cannot
 * take more (the bytes are accepted all the same), or with 0 when the client is gone. Not waiting
 * for that promise is how a proxy grows without bound.
 */
import type { BufferPool, Lease } from '../buffer/lease.ts'
import { nowMs } from '../core/clock.ts'

/** What of Bun's direct stream controller is used here. */
export interface DirectController {
  write(bytes: Uint8Array | string): number | Promise<number>
  flush(): number | Promise<number>
  close(): void
}

/** Where an answer is written to: a client's socket, or the journal of a resumable stream. */
export interface Sink extends DirectController {
  /** Bytes that it holds; absent where that is not known. */
  readonly heldBytes?: number
  /** Takes whatever is written from now on without asking to wait. */
  unblock?(): void
  /** Takes back the event of which only a part was written. */
  takeBack?(): void
}

/** What is counted of the writes to a client. */
export interface OutletFacts {
  bytesOut: number
  backpressureEvents: number
  backpressureMs: number
  blockedSinceMs: number
  readonly gaps: { resumed(nowMs: number): void }
  contentSent(nowMs: number): void
}

/** How an outlet writes. */
export interface OutletSettings {
  /** Bytes of one write and of one flush, at most. */
  readonly chunkBytes: number
  /** 0 flushes what arrived together at once; more gathers for that long. */
  readonly flushIntervalMs: number
}

/** What a client that does not read costs, about: its socket's buffers fill (measured on Bun). */
const BLOCKED_CLIENT_BYTES = 2_500_000

/** The writer of one response. */
export class Outlet {
  readonly #controller: Sink
  readonly #settings: OutletSettings
  readonly #exchange: OutletFacts
  readonly #pool: BufferPool
  #unflushed = 0
  #gathered: Lease | null = null
  #gatheredBytes = 0
  #gatherTimer: ReturnType<typeof setTimeout> | null = null
  #pressure: Promise<number> | null = null
  #wake: (() => void) | null = null
  #closed = false

  /** When bytes last left; heartbeats count from it. */
  lastWriteAtMs = nowMs()
  /** Since when the client takes nothing, or 0. */
  stalledSinceMs = 0
  /** When the client last took what it had been blocking; the provider's silence counts from it. */
  lastReliefAtMs = 0

  constructor(controller: Sink, settings: OutletSettings, exchange: OutletFacts, pool: BufferPool) {
    this.#controller = controller
    this.#settings = settings
    this.#exchange = exchange
    this.#pool = pool
  }

  /** The client has left, or the outlet was closed. */
  get closed(): boolean {
    return this.#closed
  }

  /** A write waits for the client. */
  get busy(): boolean {
    return this.stalledSinceMs !== 0
  }

  /** Memory that waits for the client, about. */
  get heldBytes(): number {
    const { heldBytes = this.busy ? BLOCKED_CLIENT_BYTES : 0 } = this.#controller
    return this.#gatheredBytes + heldBytes
  }

  /**
   * Writes what arrived together and flushes once. When this resolves the segments may be reused.
   * @param urgent sends at once even where gathering is on: first content, errors, the end.
   */
  async write(segments: readonly Uint8Array[], urgent: boolean): Promise<void> {
    if (this.#settings.flushIntervalMs > 0) {
      for (const segment of segments) await this.#gather(segment)
      if (urgent) this.#sendGathered()
      if (this.#pressure !== null) await this.#relief()
      return
    }
    for (const segment of segments) {
      for (let start = 0; start < segment.length && !this.#closed; ) {
        const end = Math.min(segment.length, start + this.#settings.chunkBytes)
        this.#send(start === 0 && end === segment.length ? segment : segment.subarray(start, end))
        if (this.#pressure !== null) await this.#relief()
        start = end
      }
    }
    this.#flush()
    if (!this.#closed) this.#exchange.contentSent(this.lastWriteAtMs)
    if (this.#pressure !== null) await this.#relief()
  }

  /** Writes a small text at once, between events. */
  writeText(text: string): void {
    this.writeBytes(new TextEncoder().encode(text))
  }

  /** Writes bytes at once without waiting for the client; gathered bytes go first. */
  writeBytes(bytes: Uint8Array): void {
    this.#sendGathered()
    this.#send(bytes)
    this.#flush()
  }

  /** Ends a wait for the client, because the request ended otherwise; nothing follows it. */
  giveUp(): void {
    if (this.#wake === null) return
    if (this.#controller.unblock === undefined) this.#closed = true
    else this.#controller.unblock()
    this.#wake()
  }

  /** Takes back the event of which only a part was written. False where it cannot be. */
  takeBack(): boolean {
    if (this.#controller.takeBack === undefined || this.#closed) return false
    this.#sendGathered()
    this.#controller.takeBack()
    return true
  }

  /** Sends what was gathered and gives everything back. Safe to call twice. */
  release(): void {
    this.#sendGathered()
    this.#closed = true
    if (this.#gatherTimer !== null) clearTimeout(this.#gatherTimer)
    this.#gatherTimer = null
    this.#gathered?.release()
    this.#gathered = null
  }

  #send(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return
    if (this.#unflushed > 0 && this.#unflushed + bytes.length > this.#settings.chunkBytes) {
      this.#flush()
    }
    const written = this.#controller.write(bytes)
    if (written === 0) {
      this.#closed = true
      return
    }
    if (typeof written !== 'number') this.#pressure = written
    this.#unflushed += bytes.length
    this.#exchange.bytesOut += bytes.length
  }

  #flush(): void {
    if (this.#unflushed === 0 || this.#closed) return
    this.#unflushed = 0
    this.lastWriteAtMs = nowMs()
    const flushed = this.#controller.flush()
    if (typeof flushed !== 'number') this.#pressure ??= flushed
  }

  async #relief(): Promise<void> {
    const pressure = this.#pressure
    if (pressure === null || this.#closed) return
    const exchange = this.#exchange
    const since = nowMs()
    this.stalledSinceMs = since
    exchange.blockedSinceMs = since
    exchange.backpressureEvents += 1
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      pressure.then(
        () => resolve(),
        () => resolve(),
      )
    })
    this.#wake = null
    this.#pressure = null
    this.stalledSinceMs = 0
    this.lastReliefAtMs = nowMs()
    this.lastWriteAtMs = this.lastReliefAtMs
    exchange.blockedSinceMs = 0
    exchange.backpressureMs += this.lastWriteAtMs - since
    exchange.gaps.resumed(this.lastWriteAtMs)
  }

  async #gather(segment: Uint8Array): Promise<void> {
    const { chunkBytes, flushIntervalMs } = this.#settings
    for (let start = 0; start < segment.length && !this.#closed; ) {
      this.#gathered ??= this.#pool.acquire(chunkBytes)
      const count = Math.min(segment.length - start, chunkBytes - this.#gatheredBytes)
      this.#gathered.bytes.set(segment.subarray(start, start + count), this.#gatheredBytes)
      this.#gatheredBytes += count
      start += count
      if (this.#gatheredBytes === chunkBytes) {
        this.#sendGathered()
        if (this.#pressure !== null) await this.#relief()
      }
    }
    if (this.#gatheredBytes > 0) {
      this.#gatherTimer ??= setTimeout(() => this.#sendGathered(), flushIntervalMs)
    }
  }

  #sendGathered(): void {
    if (this.#gatherTimer !== null) clearTimeout(this.#gatherTimer)
    this.#gatherTimer = null
    if (this.#gathered === null || this.#gatheredBytes === 0) return
    // The controller copies before it returns, so the buffer may be filled again at once; a test
    // watches over that (test/buffer).
    this.#send(this.#gathered.bytes.subarray(0, this.#gatheredBytes))
    this.#gatheredBytes = 0
    this.#flush()
    if (!this.#closed) this.#exchange.contentSent(this.lastWriteAtMs)
  }
}
