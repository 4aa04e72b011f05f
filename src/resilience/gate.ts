/** One thing that takes so many requests at once and no more; whoever is too many waits. */
import { abortReason, onAbort } from '../core/abort.ts'
import { nowMs } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import type { Pauses } from '../core/pause.ts'
import { FairQueue, type Waiting } from './fair-queue.ts'

/** The bounds of a queue. */
export interface QueueSettings {
  /** Requests that may wait, at most; 0 lets none wait. */
  readonly lengthMax: number
  /** How long one may wait, at most. */
  readonly waitMaxMs: number
}

/** Who wants to pass. */
export interface Passer extends Omit<Waiting, 'tokens'> {
  readonly tokens: number
  readonly signal: AbortSignal
  /** When its total clock runs out, in monotonic milliseconds; 0 where it has none. */
  readonly deadlineMs: number
  /** Told the place in the queue, where it waits, and null when it does so no more. */
  readonly positioned: (position: (() => number) | null) => void
}

/** One that waits. */
interface Waiter extends Waiting {
  readonly grant: () => void
  readonly refuse: (error: GatewayError) => void
}

/** The newest pass counts for so much of the mean time between two. */
const NEWEST_SHARE = 0.1

/** How long a client is told to stay away when nothing is known of the pace. */
const RETRY_UNKNOWN_MS = 1000

/** A gate of `limit` places. The limit may change at any time. */
export class Gate {
  readonly #settings: QueueSettings
  readonly #pauses: Pauses
  readonly #queue = new FairQueue<Waiter>()
  #limit: number
  #inside = 0
  /** When somebody last left it full, or it became full: from then on the next one is awaited. */
  #fullSinceMs = 0
  /** Mean time between two who leave while it is full. */
  #gapMs: number | null = null

  constructor(limit: number, settings: QueueSettings, pauses: Pauses) {
    this.#limit = limit
    this.#settings = settings
    this.#pauses = pauses
  }

  get inside(): number {
    return this.#inside
  }

  get waiting(): number {
    return this.#queue.size
  }

  get limit(): number {
    return this.#limit
  }

  /** Another limit. More lets those in who wait; less sends nobody away. */
  setLimit(limit: number): void {
    if (limit === this.#limit) return
    const wasFull = this.#inside >= this.#limit
    // With twice the places they leave twice as often.
    const isPaceKnown = this.#gapMs !== null && Number.isFinite(limit)
    this.#gapMs = isPaceKnown ? ((this.#gapMs ?? 0) * this.#limit) / limit : null
    this.#limit = limit
    if (!wasFull && this.#inside >= limit) this.#fullSinceMs = nowMs()
    this.#admit()
  }

  /** Whether one could enter at once. */
  get isOpen(): boolean {
    return this.#inside < this.#limit && this.#queue.size === 0
  }

  /** Enters at once, or not at all. Call the result once, to leave. */
  tryEnter(): (() => void) | null {
    return this.isOpen ? this.#entered() : null
  }

  /**
   * Enters when it is its turn.
   * @returns what is to be called once, to leave.
   * @throws GatewayError `overloaded` at once where the wait would be too long or the queue is
   *   full, or when it has waited as long as it may; the signal's reason where that aborts.
   */
  async enter(passer: Passer): Promise<() => void> {
    const entered = this.tryEnter()
    if (entered !== null) return entered
    if (passer.signal.aborted) throw abortReason(passer.signal)
    return new Promise((resolve, reject) => {
      let isOver = false
      const settle = (finish: () => void): void => {
        if (isOver) return
        isOver = true
        forget()
        unlink()
        this.#queue.leave(waiter)
        passer.positioned(null)
        finish()
      }
      const waiter: Waiter = {
        priority: passer.priority,
        key: passer.key,
        tokens: passer.tokens,
        grant: () => settle(() => resolve(this.#entered())),
        refuse: (error) => settle(() => reject(error)),
      }
      this.#queue.add(waiter)
      const waitMs = this.#waitMaxMs(passer)
      const forget = this.#pauses.after(waitMs, () => waiter.refuse(this.#tooLong()))
      const unlink = onAbort(passer.signal, () => waiter.refuse(abortReason(passer.signal)))
      this.#shorten()
      if (isOver) return
      // Whoever cannot be served in time learns it now, and not when the time is over.
      const expectedMs = this.#expectedMs(waiter, waitMs)
      if (expectedMs > waitMs) waiter.refuse(this.#tooLong(expectedMs))
      else passer.positioned(() => this.#queue.positionOf(waiter))
    })
  }

  #entered(): () => void {
    this.#inside += 1
    if (this.#inside === this.#limit) this.#fullSinceMs = nowMs()
    let isInside = true
    return () => {
      if (!isInside) return
      isInside = false
      if (this.#inside >= this.#limit) this.#measure()
      this.#inside -= 1
      this.#admit()
    }
  }

  #admit(): void {
    while (this.#inside < this.#limit) {
      const next = this.#queue.next()
      if (next === null) return
      next.grant()
    }
  }

  /** A full queue turns away whoever would be served last, who need not be the one that came. */
  #shorten(): void {
    if (this.#queue.size <= this.#settings.lengthMax) return
    const expectedMs = (this.#gapMs ?? 0) * this.#queue.size
    this.#queue.last()?.refuse(this.#tooLong(expectedMs))
  }

  /** Also where nobody waits: else a pace that was once too slow for any queue would stay so. */
  #measure(): void {
    const now = nowMs()
    const gapMs = now - this.#fullSinceMs
    this.#fullSinceMs = now
    this.#gapMs =
      this.#gapMs === null ? gapMs : this.#gapMs * (1 - NEWEST_SHARE) + gapMs * NEWEST_SHARE
  }

  /** How long it will wait, as far as it matters: nobody counts where all of them fit. */
  #expectedMs(waiter: Waiter, waitMs: number): number {
    const gapMs = this.#gapMs ?? 0
    if (gapMs * this.#queue.size <= waitMs) return 0
    const nextInMs = Math.max(0, gapMs - (nowMs() - this.#fullSinceMs))
    return nextInMs + gapMs * (this.#queue.positionOf(waiter) - 1)
  }

  #waitMaxMs({ deadlineMs }: Passer): number {
    const { waitMaxMs } = this.#settings
    return deadlineMs <= 0 ? waitMaxMs : Math.min(waitMaxMs, Math.max(0, deadlineMs - nowMs()))
  }

  #tooLong(expectedMs = RETRY_UNKNOWN_MS): GatewayError {
    return new GatewayError('overloaded', {
      message: 'Every target has as many requests as it may have, and the queue is too long.',
      retryAfterMs: Math.max(RETRY_UNKNOWN_MS, expectedMs),
    })
  }
}
