/**
 * A body that comes in time: pulled by its reader, so it stops where the reader stops, and cut at
 * once when the call is cancelled.
 */
import { nowMs } from '../../core/clock.ts'
import type { Step } from './steps.ts'

/** How a body is paced. */
export interface Pace {
  /** The monotonic time that the steps count from. */
  readonly startMs: number
  /** How many steps one piece of the body may hold, when they are due together. */
  readonly stepsPerChunkMax: number
  readonly signal: AbortSignal
}

/** One piece of the body is closed when it has this many characters, whatever is due. */
const CHUNK_LENGTH_MAX = 65_536

/** Timers are 32-bit; a longer wait is waited for in parts. */
const WAIT_MS_MAX = 2_147_483_647

/** A reader that is always ready is made to let others run after this long. */
const TURN_MS_MAX = 2

/**
 * The steps as a stream of bytes. Nothing is made ahead of the reader, and at most one timer runs,
 * only while the reader waits. When it ends, breaks, is cancelled or `pace.signal` aborts, no
 * timer and no listener is left.
 */
export function pacedBody(steps: Iterator<Step, void>, pace: Pace): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(new PacedSource(steps, pace), { highWaterMark: 0 })
}

/** Waits, or rejects with the signal's reason as soon as that aborts. */
export function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, timerMs(delayMs))
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** A delay that a timer takes as it is meant: not negative, not above 31 bits. */
function timerMs(delayMs: number): number {
  return Math.min(Math.max(delayMs, 0), WAIT_MS_MAX)
}

const encoder = new TextEncoder()

class PacedSource implements UnderlyingDefaultSource<Uint8Array> {
  readonly #steps: Iterator<Step, void>
  readonly #pace: Pace
  readonly #onAbort = (): void => this.#abort()
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null
  #next: IteratorResult<Step, void> | null = null
  #wake: (() => void) | null = null
  #timer: ReturnType<typeof setTimeout> | null = null
  #turnSinceMs = nowMs()

  constructor(steps: Iterator<Step, void>, pace: Pace) {
    this.#steps = steps
    this.#pace = pace
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller
    if (this.#pace.signal.aborted) this.#abort()
    else this.#pace.signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  async pull(): Promise<void> {
    while (this.#controller !== null) {
      const text = this.#gather()
      if (text !== '') {
        await this.#letOthersRun()
        return this.#controller?.enqueue(encoder.encode(text))
      }
      const next = this.#peek()
      if (next.done) return this.#close()
      if (next.value === 'reset') return this.#reset()
      // Silence has no timer: only the reader or the signal ends it.
      if (next.value === 'stall') await this.#sleep(null)
      else await this.#sleep(next.value.dueMs - this.#elapsedMs())
      this.#turnSinceMs = nowMs()
    }
  }

  cancel(): void {
    this.#release()
  }

  /** Everything that is due now, up to the size of a piece. */
  #gather(): string {
    let text = ''
    for (let count = 0; count < this.#pace.stepsPerChunkMax; count++) {
      if (text.length >= CHUNK_LENGTH_MAX) break
      const { done, value } = this.#peek()
      if (done || typeof value === 'string' || value.dueMs > this.#elapsedMs()) break
      text += value.text
      this.#next = null
    }
    return text
  }

  #peek(): IteratorResult<Step, void> {
    this.#next ??= this.#steps.next()
    return this.#next
  }

  #elapsedMs(): number {
    return nowMs() - this.#pace.startMs
  }

  /** Null waits until woken. */
  #sleep(delayMs: number | null): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      if (delayMs === null) return
      this.#timer = setTimeout(() => {
        this.#timer = null
        resolve()
      }, timerMs(delayMs))
    })
  }

  /**
   * A loop of reads that never wait would run as microtasks, and neither a socket nor a
   * cancellation would get its turn.
   */
  async #letOthersRun(): Promise<void> {
    if (nowMs() - this.#turnSinceMs < TURN_MS_MAX) return
    await new Promise((resolve) => setImmediate(resolve))
    this.#turnSinceMs = nowMs()
  }

  #close(): void {
    const controller = this.#controller
    this.#release()
    controller?.close()
  }

  /** What a reader of a real connection gets when that breaks. */
  #reset(): void {
    const controller = this.#controller
    this.#release()
    const broken = new TypeError('The socket connection was closed unexpectedly.')
    controller?.error(Object.assign(broken, { code: 'ECONNRESET' }))
  }

  #abort(): void {
    const controller = this.#controller
    this.#release()
    controller?.error(this.#pace.signal.reason)
  }

  #release(): void {
    this.#controller = null
    this.#next = { done: true, value: undefined }
    this.#steps.return?.()
    this.#pace.signal.removeEventListener('abort', this.#onAbort)
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#wake?.()
    this.#wake = null
  }
}
