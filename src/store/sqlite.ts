/**
 * The store of one machine: a file that its workers count in. What comes in one turn of the event
 * loop is one transaction, because that costs twice as much as what is done in it; it also carries
 * the settlements that came since the one before. Where there is plenty, a worker draws some of it
 * ahead and decides the next takes by itself. It is exact between processes, and what a killed
 * process held lapses by itself. A file cannot call anyone, so news travel by a channel that is
 * given, such as the one to the parent; without one nothing is drawn, for nobody could ask it back.
 *
 * The time is the wall clock, because that is the one clock that all processes of a machine share
 * here. Where it goes back, rates stand still for a moment; where it goes forward, places lapse
 * that are back with their next renewal.
 */
import type { Allowance } from './allowance.ts'
import { Allowances } from './allowances.ts'
import { LocalShare } from './local-share.ts'
import { Recalls } from './recalls.ts'
import { type Counting, SqliteCounts } from './sqlite-counts.ts'
import { SqliteDrawing } from './sqlite-drawing.ts'
import { SqliteFile } from './sqlite-file.ts'
import { SqliteSettling } from './sqlite-settling.ts'
import { SqliteSteps } from './sqlite-steps.ts'
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

/** How often a process looks for what is over. */
const SWEEP_PERIOD_US = 10_000_000

/** So many are a millisecond or two, for which all other workers wait. */
const TAKES_PER_STEP = 256

/** How often a worker looks for what it drew and does not use. */
const IDLE_PERIOD_MS = 1000

/** Tells the other workers that what they drew of a key is wanted; the text is its row's key. */
const RECALL_TOPIC = 'sqlite-recall'

/** Whoever was asked to give something back leaves the rest to others for so long. */
const REFRAIN_US = 1_000_000

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
  /** How many processes share it, for what each may draw, or decide alone where the file fails. */
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
  readonly #steps: SqliteSteps
  readonly #allowances = new Allowances()
  readonly #settling: SqliteSettling
  readonly #drawing: SqliteDrawing
  readonly #counts: SqliteCounts
  readonly #recalls: Recalls<Waiting>
  readonly #hearNoMore: () => void
  readonly #local = new LocalShare()
  /** Whether it knows the places among the allowances too; from the first failure on. */
  #isLocalTold = false
  #isClosed = false
  readonly #waiting: Waiting[] = []
  #turn: ReturnType<typeof setImmediate> | null = null
  #idleTimer: ReturnType<typeof setTimeout> | null = null
  #sweptAtUs = 0
  #operations = 0
  #decidedLocally = 0
  #undecided = 0

  /** Throws what the runtime throws where the file cannot be opened. */
  constructor(options: SqliteOptions) {
    const { path, processes, news, clock = wallClock, busyTimeoutMs } = options
    this.#options = options
    this.#clock = clock
    this.#file = new SqliteFile(path)
    const { rows } = this.#file
    const isAskable = news !== undefined || processes === 1
    const settling = new SqliteSettling(rows, this.#allowances)
    const drawing = new SqliteDrawing(rows, this.#allowances, settling, isAskable ? processes : 0)
    this.#settling = settling
    this.#drawing = drawing
    this.#counts = new SqliteCounts(rows, settling, drawing, this.#allowances, clock)
    const parts = {
      nowUs: () => clock.monotonicUs(),
      settle: (settled: Settlement, nowUs: number) => this.#counts.settle(settled, nowUs),
      done: () => this.#settling.done(),
      undone: () => this.#settling.undone(),
    }
    this.#steps = new SqliteSteps(this.#file, parts, busyTimeoutMs)
    this.#recalls = new Recalls(
      (rowKey) => this.publish(RECALL_TOPIC, rowKey),
      (waiting) => this.#takeInSteps(waiting),
    )
    this.#hearNoMore = this.subscribe(RECALL_TOPIC, (rowKey) => this.#giveBack(rowKey))
  }

  take(claims: readonly Claim[]): Taken | Promise<Taken> {
    this.#operations += 1
    const drawn = this.#allowances.take(claims, this.#clock.monotonicUs(), this.#clock)
    if (drawn !== null) {
      if (this.#isLocalTold) this.#local.hold(claims)
      return drawn
    }
    const { promise, resolve, reject } = Promise.withResolvers<Taken>()
    this.#waiting.push({ claims, resolve, reject })
    this.#turn ??= setImmediate(() => this.#takeAll())
    return promise
  }

  settle(settlements: readonly Settlement[]): void | Promise<void> {
    if (settlements.length === 0) return
    this.#operations += 1
    const nowUs = this.#clock.monotonicUs()
    let rest: Settlement[] | null = null
    for (const settled of settlements) {
      const left = this.#allowances.settle(settled, nowUs)
      if (left === null) continue
      if (this.#allowances.isDrawn(settled, nowUs)) this.#steps.enqueueLate(left)
      else if (rest === null) rest = [left]
      else rest.push(left)
    }
    const processes = this.#steps.isAway ? this.#options.processes : null
    if (this.#isLocalTold) this.#local.settle(settlements, processes)
    else if (rest !== null) this.#local.settle(rest, processes)
    if (rest !== null) return this.#steps.enqueue(rest)
  }

  renew(leases: readonly Renewal[]): void {
    if (leases.length === 0) return
    this.#operations += 1
    const isTold = this.#isLocalTold
    this.#local.renew(isTold ? leases : leases.filter((lease) => !this.#allowances.has(lease)))
    try {
      this.#steps.run((nowUs) => {
        for (const lease of leases) this.#counts.renew(lease, nowUs)
        // What is held of what was drawn is kept by the row of this worker.
        for (const key of new Set(leases.map((lease) => lease.key))) {
          this.#settling.settleUpFor({ kind: 'lease', key }, nowUs)
        }
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
      state: this.#steps.isAway ? 'away' : 'ready',
      processes: this.#options.processes,
      operations: this.#operations,
      failures: this.#steps.failures,
      decidedLocally: this.#decidedLocally,
      undecided: this.#undecided,
      lostSettlements: this.#steps.lostSettlements,
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#hearNoMore()
    if (this.#turn !== null) clearImmediate(this.#turn)
    this.#waiting.push(...this.#recalls.close())
    this.#takeInSteps(this.#waiting.splice(0))
    this.#settleUp(this.#allowances.all())
    this.#steps.close()
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#file.close()
  }

  #failed(): void {
    this.#steps.failed()
    if (this.#isLocalTold) return
    this.#isLocalTold = true
    this.#local.renew(this.#allowances.renewals())
  }

  /** Takes for all that came in this turn of the event loop, or for as many as a step may have. */
  #takeAll(): void {
    const some = this.#waiting.splice(0, TAKES_PER_STEP)
    this.#turn = this.#waiting.length === 0 ? null : setImmediate(() => this.#takeAll())
    this.#takeNow(some)
  }

  #takeInSteps(all: readonly Waiting[]): void {
    for (let from = 0; from < all.length; from += TAKES_PER_STEP) {
      this.#takeNow(all.slice(from, from + TAKES_PER_STEP))
    }
  }

  #takeNow(some: readonly Waiting[]): void {
    const counted = this.#countAll(some)
    for (const [index, waiting] of some.entries()) {
      const counting = counted?.[index]
      if (counting === undefined) this.#takeAlone(waiting)
      else this.#answer(waiting, counting)
    }
    this.#watchIdle()
  }

  /** Counts all in one step; null where the file fails. */
  #countAll(some: readonly Waiting[]): readonly Counting[] | null {
    if (some.length === 0) return null
    try {
      this.#sweepIfDue()
      return this.#steps.run((nowUs) => some.map(({ claims }) => this.#counts.take(claims, nowUs)))
    } catch {
      return null
    }
  }

  /** Answers a take, unless it is worth waiting for what others drew. */
  #answer(waiting: Waiting, { taken, wanted }: Counting): void {
    if (wanted !== null && !this.#isClosed && this.#recalls.wait(wanted, waiting)) return
    if (taken.ok) this.#hold(waiting.claims)
    waiting.resolve(taken)
  }

  /** Notes the places of a take for when the file fails. */
  #hold(claims: readonly Claim[]): void {
    const isDrawn = (claim: Claim): boolean => claim.kind === 'lease' && this.#allowances.has(claim)
    if (this.#isLocalTold || !claims.some(isDrawn)) this.#local.hold(claims)
    else this.#local.hold(claims.filter((claim) => !isDrawn(claim)))
  }

  #takeAlone({ claims, resolve, reject }: Waiting): void {
    for (const claim of claims) if (claim.kind === 'lease') this.#allowances.forget(claim)
    this.#failed()
    if (claims.some((claim) => claim.kind === 'budget')) this.#undecided += 1
    else this.#decidedLocally += 1
    try {
      resolve(this.#local.take(claims, this.#options.processes))
    } catch (thrown) {
      reject(thrown)
    }
  }

  /** Another worker wants what is drawn of a row. */
  #giveBack(rowKey: string): void {
    this.#drawing.refrain(rowKey, this.#clock.monotonicUs() + REFRAIN_US)
    const wanted = this.#settling.byRow(rowKey)
    if (wanted !== undefined) this.#settleUp([wanted])
  }

  #watchIdle(): void {
    if (this.#isClosed || this.#allowances.size === 0) return
    this.#idleTimer ??= setTimeout(() => {
      this.#idleTimer = null
      this.#settleUp(this.#allowances.idle(this.#clock.monotonicUs()))
      this.#watchIdle()
    }, IDLE_PERIOD_MS)
    this.#idleTimer.unref()
  }

  /** Gives back what is left of some allowances. */
  #settleUp(allowances: readonly Allowance[]): void {
    if (allowances.length === 0) return
    try {
      this.#steps.run((nowUs) => {
        for (const allowance of allowances) this.#settling.settleUp(allowance, nowUs)
      })
    } catch {
      this.#failed()
    }
  }

  #sweepIfDue(): void {
    const nowUs = this.#clock.monotonicUs()
    if (Math.abs(nowUs - this.#sweptAtUs) < SWEEP_PERIOD_US) return
    // A step of its own, which no failure of the takes undoes.
    this.#steps.run((inStepUs) => this.#file.rows.sweep(inStepUs))
    this.#allowances.sweep(nowUs)
    this.#drawing.sweep(nowUs)
    this.#recalls.sweep()
    this.#sweptAtUs = nowUs
  }
}
