/**
 * What a worker does about having too much to do, in stages (reliability 1.2 and 5.5).
 *
 * Four times a second the worst of three readings, each against its limit, is the pressure. As it
 * grows, more is left undone: first what is only nice to have, then what can wait, then everything
 * new; last, where memory is what is short, the streams that hold most of it. Each stage is left
 * a little below where it was entered, so that it does not flap.
 */
import type { KeyPriority } from '../config/client-key.ts'
import { nowMs } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import type { OverloadLimits } from './limits.ts'

/** The stages, mildest first. */
export const overloadStages = ['normal', 'strained', 'shed-low', 'shed-all', 'evict'] as const

/** One of the stages. */
export type OverloadStage = (typeof overloadStages)[number]

/** What can be short. */
export type OverloadCause = 'memory' | 'event-loop' | 'descriptors'

/** One look at the process. */
export interface Readings {
  readonly memoryBytes: number
  /** Descriptors that are open; null where the system does not say. */
  readonly descriptorsOpen: number | null
  /** How much later than wanted the look came: as long as that the event loop was not free. */
  readonly latenessMs: number
}

/** What the stages do to the rest of the program. */
export interface OverloadActions {
  /** Ends the stream that holds most memory. False where there is none. */
  evict(): boolean
  /** Asks the runtime to give memory back. */
  collectGarbage(): void
  /** Told of every change of the stage. */
  changed(stage: OverloadStage, view: OverloadView): void
}

/** What an operator sees. */
export interface OverloadView {
  readonly stage: OverloadStage
  /** 1 is at the limit. */
  readonly pressure: number
  /** What presses most; null where nothing does. */
  readonly cause: OverloadCause | null
  readonly memory: { readonly pressure: number; readonly bytes: number; readonly bytesMax: number }
  readonly eventLoop: {
    readonly pressure: number
    /** The third worst lateness of the last five seconds: what counts. */
    readonly lagMs: number
    readonly worstMs: number
    readonly lagMaxMs: number
  }
  readonly descriptors: {
    readonly pressure: number
    readonly open: number | null
    readonly max: number | null
  }
  readonly concurrentRequestsMax: number
  /** Since the start, by why. */
  readonly shed: {
    readonly lowPriority: number
    readonly pressure: number
    readonly concurrency: number
  }
  readonly evicted: number
}

/** Where each stage begins. */
const thresholds: Readonly<Record<OverloadStage, number>> = {
  normal: 0,
  strained: 0.85,
  'shed-low': 0.92,
  'shed-all': 0.95,
  evict: 0.98,
}

/** A stage is left when the pressure is this much below its beginning. */
const HYSTERESIS = 0.05

/** Five seconds of lateness are kept. */
const LAG_SAMPLES = 20

/**
 * How many of them may be worse than what counts. One long pause, of a garbage collection or of a
 * machine that was suspended, is over when it is seen; three within five seconds are an overload.
 */
const LAG_OUTLIERS = 2

/** A collection takes the event loop's time, and another right after it finds nothing. */
const COLLECT_PERIOD_MS = 10_000

/** Clients that are refused come back at different times (matrix, row 56). */
const RETRY_MIN_MS = 1000
const RETRY_MAX_MS = 5000

/** The overload of one worker. */
export class Overload {
  readonly #limits: OverloadLimits
  readonly #actions: OverloadActions
  readonly #lateness: number[] = new Array<number>(LAG_SAMPLES).fill(0)
  readonly #shed = { lowPriority: 0, pressure: 0, concurrency: 0 }
  #readings: Readings = { memoryBytes: 0, descriptorsOpen: null, latenessMs: 0 }
  #next = 0
  #stage: OverloadStage = 'normal'
  #evicted = 0
  #lateMs = 0
  #collectedAtMs = Number.NEGATIVE_INFINITY

  constructor(limits: OverloadLimits, actions: OverloadActions) {
    this.#limits = limits
    this.#actions = actions
  }

  get stage(): OverloadStage {
    return this.#stage
  }

  /** `strained`: nothing is repeated that need not be; `shedding`: all that is new is refused. */
  get load(): 'normal' | 'strained' | 'shedding' {
    if (this.#stage === 'normal') return 'normal'
    return this.#stage === 'strained' || this.#stage === 'shed-low' ? 'strained' : 'shedding'
  }

  /** By how much all looks together came later than wanted. */
  get lateMs(): number {
    return this.#lateMs
  }

  /** Connections that only wait are in the way of those that ask for something. */
  get isShortOfDescriptors(): boolean {
    return this.#pressures().descriptors >= thresholds['shed-all']
  }

  /** Takes a look into account, and acts on it. */
  sample(readings: Readings, now = nowMs()): void {
    this.#readings = readings
    this.#lateMs += readings.latenessMs
    this.#lateness[this.#next] = readings.latenessMs
    this.#next = (this.#next + 1) % LAG_SAMPLES
    const stage = stageAt(this.#pressures().worst, this.#stage)
    const hasChanged = stage !== this.#stage
    this.#stage = stage
    if (hasChanged) this.#actions.changed(stage, this.view())
    this.#relieve(now)
  }

  /**
   * Lets a request pass, or not.
   * @param inside how many requests are under way
   * @throws GatewayError `overloaded`, with when to come back.
   */
  check(priority: KeyPriority, inside: number): void {
    if (this.load === 'shedding') {
      this.#shed.pressure += 1
      throw refusal('The server has too much to do; try again later.')
    }
    if (priority === 'low' && this.#stage === 'shed-low') {
      this.#shed.lowPriority += 1
      throw refusal('The server has too much to do for requests of low priority.')
    }
    if (inside >= this.#limits.concurrentRequestsMax) {
      this.#shed.concurrency += 1
      throw refusal('The server has as many requests as it may have; try again later.')
    }
  }

  /** The state as numbers. */
  view(): OverloadView {
    const { memory, eventLoop, descriptors, worst, cause } = this.#pressures()
    const { memoryBytesMax, eventLoopLagMaxMs, descriptorsMax } = this.#limits
    return {
      stage: this.#stage,
      pressure: rounded(worst),
      cause,
      memory: {
        pressure: rounded(memory),
        bytes: this.#readings.memoryBytes,
        bytesMax: memoryBytesMax,
      },
      eventLoop: {
        pressure: rounded(eventLoop),
        lagMs: rounded(this.#lagMs()),
        worstMs: rounded(Math.max(...this.#lateness)),
        lagMaxMs: eventLoopLagMaxMs,
      },
      descriptors: {
        pressure: rounded(descriptors),
        open: this.#readings.descriptorsOpen,
        max: descriptorsMax,
      },
      concurrentRequestsMax: this.#limits.concurrentRequestsMax,
      shed: { ...this.#shed },
      evicted: this.#evicted,
    }
  }

  /**
   * Ends one stream a look, where memory is what is short. A late event loop and used up
   * descriptors are no reason: the first passes by itself once nothing new is taken, and the second
   * may be the work of connections that ask for nothing, which must not cost others their streams.
   */
  #relieve(now: number): void {
    if (this.#pressures().memory < thresholds.evict) return
    if (now - this.#collectedAtMs >= COLLECT_PERIOD_MS) {
      this.#collectedAtMs = now
      this.#actions.collectGarbage()
    } else if (this.#actions.evict()) {
      this.#evicted += 1
    }
  }

  #pressures() {
    const { memoryBytesMax, eventLoopLagMaxMs, descriptorsMax } = this.#limits
    const { memoryBytes, descriptorsOpen } = this.#readings
    const memory = share(memoryBytes, memoryBytesMax)
    const eventLoop = share(this.#lagMs(), eventLoopLagMaxMs)
    const descriptors = share(descriptorsOpen ?? 0, descriptorsMax ?? 0)
    const worst = Math.max(memory, eventLoop, descriptors)
    return { memory, eventLoop, descriptors, worst, cause: causeOf(worst, memory, eventLoop) }
  }

  #lagMs(): number {
    return this.#lateness.toSorted((a, b) => b - a)[LAG_OUTLIERS] ?? 0
  }
}

/** The stage that a pressure means for a worker that is in `current`. */
function stageAt(pressure: number, current: OverloadStage): OverloadStage {
  const isIn = (stage: OverloadStage): boolean => {
    const wasIn = overloadStages.indexOf(stage) <= overloadStages.indexOf(current)
    return pressure >= thresholds[stage] - (wasIn ? HYSTERESIS : 0)
  }
  return overloadStages.findLast(isIn) ?? 'normal'
}

function causeOf(worst: number, memory: number, eventLoop: number): OverloadCause | null {
  if (worst < thresholds.strained - HYSTERESIS) return null
  if (worst === memory) return 'memory'
  return worst === eventLoop ? 'event-loop' : 'descriptors'
}

/** At most 1; a limit of 0 is none. */
const share = (used: number, max: number): number => (max > 0 ? Math.min(1, used / max) : 0)

const rounded = (value: number): number => Math.round(value * 1000) / 1000

function refusal(message: string): GatewayError {
  const retryAfterMs = RETRY_MIN_MS + Math.random() * (RETRY_MAX_MS - RETRY_MIN_MS)
  return new GatewayError('overloaded', { message, retryAfterMs })
}
