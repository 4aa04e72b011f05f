/**
 * The steps of one worker in the file: what comes with each of them, what becomes of it where the
 * file fails, and how long the file is left alone after that.
 */
import { nowMs } from '../core/clock.ts'
import type { SqliteFile } from './sqlite-file.ts'
import type { Settlement } from './store.ts'
import { Unsettled } from './unsettled.ts'

/**
 * How long a step waits for those of other workers. They take 20 microseconds, but where a machine
 * is short of processors the one that holds the file may not get any for more than 100 ms.
 */
const BUSY_TIMEOUT_MS = 500

/** How much less it waits where the last one failed, and how long after a failure none is tried. */
const BUSY_AGAIN_DIVISOR = 5
const AWAY_MS = 1000

/** How long a settlement may wait for others, since a step costs the same for one and for many. */
const SETTLE_WITHIN_MS = 5

/** The same where this worker draws of the key: there is plenty, and a step will come soon. */
const SETTLE_LATER_WITHIN_MS = 50

/** What a step is made of. */
export interface StepParts {
  /** The time of the store in whole microseconds. */
  readonly nowUs: () => number
  /** Counts a settlement, within a step. */
  readonly settle: (settled: Settlement, nowUs: number) => void
  /** The step is written. */
  readonly done: () => void
  /** Nothing of the step is written. */
  readonly undone: () => void
}

/** Steps, and the settlements that go with the next one. */
export class SqliteSteps {
  readonly #file: SqliteFile
  readonly #parts: StepParts
  readonly #busyTimeoutMs: number
  readonly #unsettled = new Unsettled()
  readonly #queue: Settlement[] = []
  #flushed: PromiseWithResolvers<void> | null = null
  #timer: ReturnType<typeof setTimeout> | null = null
  /** Whether the timer is the one of those that may be late. */
  #isLate = false
  /** Until when the file is left alone after a failure; 0 while it is well. */
  #awayUntilMs = 0
  /** Steps that failed. */
  failures = 0
  lostSettlements = 0

  constructor(file: SqliteFile, parts: StepParts, busyTimeoutMs = BUSY_TIMEOUT_MS) {
    this.#file = file
    this.#parts = parts
    this.#busyTimeoutMs = busyTimeoutMs
  }

  /** Whether the last step failed. */
  get isAway(): boolean {
    return this.#awayUntilMs !== 0
  }

  /** Settles with the next step; resolves when that is done or given up. */
  enqueue(settlements: readonly Settlement[]): Promise<void> {
    if (settlements.length === 0) return Promise.resolve()
    for (const settled of settlements) this.#queue.push(settled)
    this.#flushed ??= Promise.withResolvers()
    if (this.#isLate && this.#timer !== null) clearTimeout(this.#timer)
    if (this.#isLate) this.#timer = null
    this.#isLate = false
    this.#timer ??= setTimeout(() => this.flush(), SETTLE_WITHIN_MS)
    return this.#flushed.promise
  }

  /** Settles with a step that comes soon. */
  enqueueLate(settled: Settlement): void {
    this.#queue.push(settled)
    if (this.#timer !== null) return
    this.#isLate = true
    this.#timer = setTimeout(() => this.flush(), SETTLE_LATER_WITHIN_MS)
  }

  /**
   * A step in the file. Throws where it fails, and at once for a while after that. The time is read
   * inside of it: who read it before waiting for others would put back the time of what they wrote.
   */
  run<Result>(work: (nowUs: number) => Result): Result {
    if (nowMs() < this.#awayUntilMs) throw new Error('the file failed a moment ago')
    const patienceMs = this.#busyTimeoutMs
    const timeoutMs = this.isAway ? patienceMs / BUSY_AGAIN_DIVISOR : patienceMs
    const result = this.#inFile(timeoutMs, work)
    this.#settled()
    if (this.isAway) {
      this.#awayUntilMs = 0
      void this.enqueue(this.#unsettled.takeAll())
    }
    return result
  }

  /** A step failed. */
  failed(): void {
    this.failures += 1
    if (nowMs() >= this.#awayUntilMs) this.#awayUntilMs = nowMs() + AWAY_MS
  }

  /** Settles what waits, or keeps what must not be lost. */
  flush(): void {
    if (this.#queue.length === 0) return
    try {
      this.run(() => {})
    } catch {
      this.failed()
      for (const settled of this.#queue) {
        if (settled.kind === 'budget') this.#unsettled.keep(settled)
        else this.lostSettlements += 1
      }
      this.#settled()
    }
  }

  /** Settles all there is, also what was kept while the file was away. */
  close(): void {
    this.flush()
    this.flush()
  }

  /** What is undone stays in the queue for the next step. */
  #inFile<Result>(timeoutMs: number, work: (nowUs: number) => Result): Result {
    try {
      const result = this.#file.step(timeoutMs, () => {
        const nowUs = this.#parts.nowUs()
        for (const settled of this.#queue) this.#parts.settle(settled, nowUs)
        return work(nowUs)
      })
      this.#parts.done()
      return result
    } catch (thrown) {
      this.#parts.undone()
      throw thrown
    }
  }

  /** The queue is done with. */
  #settled(): void {
    this.#queue.length = 0
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#isLate = false
    this.#flushed?.resolve()
    this.#flushed = null
  }
}
