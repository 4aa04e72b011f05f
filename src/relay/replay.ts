/**
 * One reader of a journal: the client that asked for the stream, or one that came back to it.
 * Replays what is kept from its position on, follows what comes, and keeps the pace of its client.
 */

import type { BufferPool } from '../buffer/lease.ts'
import type { StreamSettings } from '../config/config.ts'
import { onAbort } from '../core/abort.ts'
import type { Sweep, Swept } from '../core/clock.ts'
import type { Journal, JournalListener, Piece } from './journal.ts'
import { type DirectController, Outlet, type OutletFacts } from './outlet.ts'

/** What a reader needs besides the journal. */
export interface ReplayContext {
  readonly sweep: Sweep
  readonly pool: BufferPool
  readonly settings: StreamSettings
  /** The signal of the reader's own request. */
  readonly signal: AbortSignal
  /** What is counted of its writes. */
  readonly facts: OutletFacts
  /** Said where there is nothing else to say; never in the middle of an event. */
  readonly heartbeat: () => string
  /** Whether a heartbeat goes first where nothing is to be replayed, so that the head is sent. */
  readonly greets: boolean
  /** Called once, when the client has all or has left. */
  readonly left: () => void
}

/** The way of a journal to one client. */
export class Replay implements Swept, JournalListener {
  readonly #journal: Journal
  readonly #context: ReplayContext
  readonly #forget: () => void
  #forgetAbort: () => void = () => {}
  #position: number
  #outlet: Outlet | null = null
  #wake: (() => void) | null = null
  #isOver = false
  /** The event of which only a part was sent; 0 between events. */
  #inside = 0

  constructor(journal: Journal, position: number, context: ReplayContext) {
    this.#journal = journal
    this.#position = position
    this.#context = context
    this.#forget = journal.listen(this)
    context.sweep.add(this)
    this.#forgetAbort = onAbort(context.signal, () => this.leave())
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Bun asks once; the answer lasts until all was sent, or the client has left. */
  async pull(controller: DirectController): Promise<void> {
    const { settings, facts, pool, greets, heartbeat } = this.#context
    const { responseChunkBytes: chunkBytes } = settings
    const outlet = new Outlet(controller, { chunkBytes, flushIntervalMs: 0 }, facts, pool)
    this.#outlet = outlet
    if (greets && this.#position === this.#journal.end) outlet.writeText(heartbeat())
    const isWhole = await this.#send(outlet, chunkBytes)
    this.leave()
    outlet.release()
    // Throwing resets the connection without the final chunk, so that the client cannot take what
    // it has for the whole. An AbortError is the one exception that Bun does not print.
    if (!isWhole) throw new DOMException('The response was cut off.', 'AbortError')
    controller.close()
  }

  /** The client closed the connection. */
  cancel(): void {
    this.leave()
  }

  leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#forget()
    this.#forgetAbort()
    this.#context.sweep.remove(this)
    this.#outlet?.giveUp()
    this.#wake?.()
    this.#context.left()
  }

  wake(): void {
    this.#wake?.()
  }

  /** Looks at the clocks and sends the heartbeat. Called by the sweep. */
  sweep(now: number): void {
    const { heartbeatIntervalMs, clientStallTimeoutMs } = this.#context.settings
    const outlet = this.#outlet
    if (outlet === null) return
    if (outlet.busy) {
      const isStalled =
        clientStallTimeoutMs > 0 && now - outlet.stalledSinceMs > clientStallTimeoutMs
      if (isStalled) this.leave()
      return
    }
    if (heartbeatIntervalMs <= 0 || this.#inside > 0) return
    if (now - outlet.lastWriteAtMs >= heartbeatIntervalMs) {
      outlet.writeText(this.#context.heartbeat())
    }
  }

  /** False where the client does not have all of it. */
  async #send(outlet: Outlet, chunkBytes: number): Promise<boolean> {
    const journal = this.#journal
    while (!this.#isOver && !outlet.closed) {
      const pieces = this.#take(chunkBytes)
      if (pieces === null) return false
      if (pieces.length > 0) {
        await outlet.write(pieces, true)
        journal.advance(this.#position)
      } else if (journal.state === 'live') {
        await this.#news()
      } else {
        // What has no end of its own ends with the stream, where that is whole.
        return this.#inside === 0 || journal.state === 'done'
      }
    }
    return false
  }

  /** What is to be sent next; null where it is not kept any more, or was taken back. */
  #take(chunkBytes: number): Uint8Array[] | null {
    const taken: Uint8Array[] = []
    if (this.#position < this.#journal.first) return null
    for (let bytes = 0; bytes < chunkBytes; this.#position += 1) {
      const piece = this.#journal.at(this.#position)
      if (piece === undefined) break
      if (!this.#follows(piece)) return null
      if (piece.bytes.length > 0) taken.push(piece.bytes)
      bytes += piece.bytes.length
    }
    return taken
  }

  #follows({ seq, isFirst, isLast }: Piece): boolean {
    if (this.#inside > 0 && (isFirst || seq !== this.#inside)) return false
    this.#inside = isLast ? 0 : seq
    return true
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null
        resolve()
      }
    })
  }
}
