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
}

/** The newest pass counts for so much of the mean time between two. */
const NEWEST_SHARE = 0.1

/** Times between passes say nothing where the gate stood open. */
const GAP_MS_MAX = 60_000

/** How long a client is told to stay away when nothing is known of the pace. */
const RETRY_UNKNOWN_MS = 1000

/** A gate of `limit` places. The limit may change at any time. */
export class Gate {
  readonly #settings: QueueSettings
  readonly #pauses: Pauses
  readonly #queue = new FairQueue<Waiter>()
  #limit: number
  #inside = 0
  #leftAtMs = Number.NEGATIVE_INFINITY
  /** Mean time between two who leave while others wait. */
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
    this.#limit = limit
    this.#admit()
  }

  /** Whether one could enter at once. */
  get isOpen(): boolean {
    return this.#inside < this.#limit && this.#queue.size === 0
  }

  /** Enters at once, or not at all. Call the result once, to leave. */
  tryEnter(): (() => void) | null {
    if (!this.isOpen) return null
    this.#inside += 1
    return this.#leaving()
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
    this.#checkLength()
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
        grant: () => settle(() => resolve(this.#leaving())),
      }
      this.#queue.add(waiter)
      const waitMs = this.#waitMaxMs(passer)
      const expectedMs = this.#expectedMs(waiter)
      const forget = this.#pauses.after(waitMs, () => settle(() => reject(this.#tooLong())))
      const unlink = onAbort(passer.signal, () => settle(() => reject(abortReason(passer.signal))))
      // Whoever cannot be served in time learns it now, and not when the time is over.
      if (expectedMs !== null && expectedMs > waitMs)
        settle(() => reject(this.#tooLong(expectedMs)))
      else passer.positioned(() => this.#queue.positionOf(waiter))
    })
  }

  #leaving(): () => void {
    let isInside = true
    return () => {
      if (!isInside) return
      isInside = false
      this.#inside -= 1
      this.#measure()
      this.#admit()
    }
  }

  #admit(): void {
    while (this.#inside < this.#limit) {
      const next = this.#queue.next()
      if (next === null) return
      this.#inside += 1
      next.grant()
    }
  }

  #measure(): void {
    const now = nowMs()
    const gapMs = now - this.#leftAtMs
    this.#leftAtMs = now
    if (this.#queue.size === 0 || gapMs > GAP_MS_MAX) return
    this.#gapMs =
      this.#gapMs === null ? gapMs : this.#gapMs * (1 - NEWEST_SHARE) + gapMs * NEWEST_SHARE
  }

  #expectedMs(waiter: Waiter): number | null {
    return this.#gapMs === null ? null : this.#gapMs * this.#queue.positionOf(waiter)
  }

  #waitMaxMs({ deadlineMs }: Passer): number {
    const { waitMaxMs } = this.#settings
    return deadlineMs <= 0 ? waitMaxMs : Math.min(waitMaxMs, Math.max(0, deadlineMs - nowMs()))
  }

  #checkLength(): void {
    if (this.#queue.size < this.#settings.lengthMax) return
    throw this.#tooLong(this.#gapMs === null ? undefined : this.#gapMs * this.#queue.size)
  }

  #tooLong(expectedMs = RETRY_UNKNOWN_MS): GatewayError {
    return new GatewayError('overloaded', {
      message: 'Every target has as many requests as it may have, and the queue is too long.',
      retryAfterMs: Math.max(RETRY_UNKNOWN_MS, expectedMs),
    })
  }
}
