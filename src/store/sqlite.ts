/**
 * The store of one machine: a file that its workers count in. What comes in one turn of the event
 * loop is one transaction, because that costs twice as much as what is done in it; it also carries
 * the settlements that came since the one before. It is exact between processes, and what a killed
 * process held lapses by itself. A file cannot call anyone, so news travel by a channel that is
 * given, such as the one to the parent.
 *
 * The time is the wall clock, because that is the one clock that all processes of a machine share
 * here. Where it goes back, rates stand still for a moment; where it goes forward, places lapse
 * that are back with their next renewal.
 */
import { nowMs } from '../core/clock.ts'
import { LocalShare } from './local-share.ts'
import { SqliteCounts } from './sqlite-counts.ts'
import { SqliteFile } from './sqlite-file.ts'
import type {
  Claim,
  NewsChannel,
  Renewal,
  Settlement,
  Store,
  StoreClock,
  StoreView,
  Taken,
} from './store.ts'
import { untouched } from './store.ts'
import { Unsettled } from './unsettled.ts'

/** How often a process looks for what is over. */
const SWEEP_PERIOD_US = 10_000_000

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

/** So many are a millisecond or two, for which all other workers wait. */
const TAKES_PER_STEP = 256

/** A take that goes with the next step. */
interface Waiting {
  readonly claims: readonly Claim[]
  readonly resolve: (taken: Taken) => void
  readonly reject: (reason: unknown) => void
}

/** What the store needs. */
export interface SqliteOptions {
  /** The file, in a directory of this run that the workers share; made where it is not there. */
  readonly path: string
  /** How many processes share it, for what each may decide alone where the file fails. */
  readonly processes: number
  /** How news travel; without it they do not. */
  readonly news?: NewsChannel
  /** How long a step may wait for those of other processes; 500 ms. After a failure, a fifth. */
  readonly busyTimeoutMs?: number
  readonly clock?: StoreClock
}

const wallClock: StoreClock = {
  monotonicUs: () => Date.now() * 1000,
  wallMs: () => Date.now(),
}

/** Counts in a file, for all processes that opened it. */
export class SqliteStore implements Store {
  readonly name = 'sqlite'
  readonly #options: SqliteOptions
  readonly #clock: StoreClock
  readonly #file: SqliteFile
  readonly #counts: SqliteCounts
  readonly #local = new LocalShare()
  #isClosed = false
  readonly #unsettled = new Unsettled()
  readonly #waiting: Waiting[] = []
  #turn: ReturnType<typeof setImmediate> | null = null
  /** Settlements that go with the next step, whichever that is. */
  readonly #queue: Settlement[] = []
  #flushed: PromiseWithResolvers<void> | null = null
  #timer: ReturnType<typeof setTimeout> | null = null
  /** Until when the file is left alone after a failure; 0 while it is well. */
  #awayUntilMs = 0
  #sweptAtUs = 0
  #operations = 0
  #failures = 0
  #decidedLocally = 0
  #undecided = 0
  #lostSettlements = 0

  /** Throws what the runtime throws where the file cannot be opened. */
  constructor(options: SqliteOptions) {
    this.#options = options
    this.#clock = options.clock ?? wallClock
    this.#file = new SqliteFile(options.path)
    this.#counts = new SqliteCounts(this.#file, this.#clock)
  }

  take(claims: readonly Claim[]): Promise<Taken> {
    this.#operations += 1
    const { promise, resolve, reject } = Promise.withResolvers<Taken>()
    this.#waiting.push({ claims, resolve, reject })
    this.#turn ??= setImmediate(() => this.#takeAll())
    return promise
  }

  settle(settlements: readonly Settlement[]): Promise<void> {
    if (settlements.length === 0) return Promise.resolve()
    this.#operations += 1
    this.#local.settle(settlements, this.#awayUntilMs === 0 ? null : this.#options.processes)
    this.#queue.push(...settlements)
    this.#flushed ??= Promise.withResolvers()
    this.#timer ??= setTimeout(() => this.#flush(), SETTLE_WITHIN_MS)
    return this.#flushed.promise
  }

  renew(leases: readonly Renewal[]): void {
    if (leases.length === 0) return
    this.#operations += 1
    this.#local.renew(leases)
    try {
      this.#step((nowUs) => {
        for (const { key, id, ttlMs } of leases) {
          this.#file.enter(key, id, nowUs, nowUs + ttlMs * 1000)
        }
        return true
      })
    } catch {
      this.#failed()
    }
  }

  publish(topic: string, text: string): void {
    this.#options.news?.publish(topic, text)
  }

  subscribe(topic: string, hear: (text: string) => void): () => void {
    return this.#options.news?.subscribe(topic, hear) ?? (() => {})
  }

  view(): StoreView {
    return {
      ...untouched,
      name: this.name,
      state: this.#awayUntilMs === 0 ? 'ready' : 'away',
      processes: this.#options.processes,
      operations: this.#operations,
      failures: this.#failures,
      decidedLocally: this.#decidedLocally,
      undecided: this.#undecided,
      lostSettlements: this.#lostSettlements,
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    if (this.#turn !== null) clearImmediate(this.#turn)
    while (this.#waiting.length > 0) this.#takeAll()
    this.#flush()
    this.#isClosed = true
    this.#file.close()
  }

  #failed(): void {
    this.#failures += 1
    if (nowMs() >= this.#awayUntilMs) this.#awayUntilMs = nowMs() + AWAY_MS
  }

  /**
   * A step in the file. Throws where it fails, and at once for a while after that. The time is read
   * inside of it: who read it before waiting for others would put back the time of what they wrote.
   */
  #step<Result>(work: (nowUs: number) => Result | null): Result | null {
    if (nowMs() < this.#awayUntilMs) throw new Error('the file failed a moment ago')
    const patienceMs = this.#options.busyTimeoutMs ?? BUSY_TIMEOUT_MS
    const timeoutMs = this.#awayUntilMs === 0 ? patienceMs : patienceMs / BUSY_AGAIN_DIVISOR
    const result = this.#file.step(timeoutMs, () => {
      const nowUs = this.#clock.monotonicUs()
      for (const settled of this.#queue) this.#counts.settle(settled, nowUs)
      return work(nowUs)
    })
    // What was undone stays in the queue for the next step.
    if (result !== null) this.#settled()
    if (this.#awayUntilMs !== 0) {
      this.#awayUntilMs = 0
      void this.settle(this.#unsettled.takeAll())
    }
    return result
  }

  /** Settles what waits, or keeps what must not be lost. */
  #flush(): void {
    if (this.#queue.length === 0) return
    try {
      this.#step(() => true)
    } catch {
      this.#failed()
      for (const settled of this.#queue) {
        if (settled.kind === 'budget') this.#unsettled.keep(settled)
        else this.#lostSettlements += 1
      }
      this.#settled()
    }
  }

  /** The queue is done with. */
  #settled(): void {
    this.#queue.length = 0
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#flushed?.resolve()
    this.#flushed = null
  }

  /** Takes for all that came in this turn of the event loop, or for as many as a step may have. */
  #takeAll(): void {
    const some = this.#waiting.splice(0, TAKES_PER_STEP)
    this.#turn = this.#waiting.length === 0 ? null : setImmediate(() => this.#takeAll())
    if (some.length === 0) return
    try {
      this.#sweepIfDue()
      const taken = this.#step((nowUs) =>
        some.map(({ claims }) => this.#counts.take(claims, nowUs)),
      )
      for (const [index, { claims, resolve }] of some.entries()) {
        const outcome = taken?.[index]
        if (outcome === undefined) continue
        if (outcome.ok) this.#local.hold(claims)
        resolve(outcome)
      }
    } catch {
      for (const waiting of some) this.#takeAlone(waiting)
    }
  }

  #takeAlone({ claims, resolve, reject }: Waiting): void {
    this.#failed()
    if (claims.some((claim) => claim.kind === 'budget')) this.#undecided += 1
    else this.#decidedLocally += 1
    try {
      resolve(this.#local.take(claims, this.#options.processes))
    } catch (thrown) {
      reject(thrown)
    }
  }

  #sweepIfDue(): void {
    const nowUs = this.#clock.monotonicUs()
    if (Math.abs(nowUs - this.#sweptAtUs) < SWEEP_PERIOD_US) return
    // A step of its own, which no refusal undoes.
    this.#step((inStepUs) => {
      this.#file.sweep(inStepUs)
      return true
    })
    this.#sweptAtUs = nowUs
  }
}
