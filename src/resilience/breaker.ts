/**
 * One circuit breaker: closed while its target does well, open while it is left alone, half open
 * for the one request that finds out whether it is back (reliability 5.3).
 */
import type { ResilienceSettings } from '../config/config.ts'
import type { Permit } from './breakers.ts'
import { OutcomeWindow } from './outcome-window.ts'

/** What a breaker does. `half-open` is the time in which the probe is under way. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** A change that other processes should know of. */
export type BreakerChange =
  | {
      readonly state: 'open'
      /** How long it stays open before the next probe. */
      readonly openForMs: number
      /** How many outages in a row this is, so that nobody counts it once more. */
      readonly outages: number
    }
  | { readonly state: 'closed' }

/** What an operator decided; `auto` is nothing. */
export type BreakerOverride = 'open' | 'closed' | 'auto'

/** The settings of a breaker. */
export type BreakerSettings = Pick<
  ResilienceSettings,
  | 'breakerFailures'
  | 'breakerWindowMs'
  | 'breakerOpenMs'
  | 'breakerOpenMaxMs'
  | 'breakerSlowStartMs'
>

/** Half of this many within the window open it too. */
const SAMPLE_MIN = 20

/** A target that is just back begins with this part of its share. */
const SHARE_FIRST = 0.1

/** A breaker that stayed closed for so many windows has forgotten its outages. */
const FORGIVEN_WINDOWS = 4

/** The breaker of one target. Times are monotonic milliseconds and come from the caller. */
export class Breaker {
  override: BreakerOverride = 'auto'
  readonly #settings: BreakerSettings
  readonly #random: () => number
  readonly #changed: (change: BreakerChange) => void
  readonly #window: OutcomeWindow
  #isOpen = false
  /** The probe that is under way: an earlier one that is late has no say any more. */
  #probing: object | null = null
  #consecutive = 0
  /** Outages in a row; each opens it for twice as long as the one before. */
  #outages = 0
  #openUntilMs = 0
  #closedAtMs = Number.NEGATIVE_INFINITY

  /**
   * @param random from 0 to 1.
   * @param changed told when it opens and closes by itself, but not when it obeys another.
   */
  constructor(
    settings: BreakerSettings,
    random: () => number,
    changed: (change: BreakerChange) => void = () => {},
  ) {
    this.#settings = settings
    this.#random = random
    this.#changed = changed
    this.#window = new OutcomeWindow(settings.breakerWindowMs)
  }

  /** Failures in a row. */
  get consecutive(): number {
    return this.#consecutive
  }

  /** The state as of now, an operator's decision included. */
  state(): BreakerState {
    if (this.override !== 'auto') return this.override
    if (!this.#isOpen) return 'closed'
    return this.#probing !== null ? 'half-open' : 'open'
  }

  /** How long it stays open before a probe is let through; 0 where it is not open. */
  opensInMs(nowMs: number): number {
    return this.#isOpen ? Math.max(0, this.#openUntilMs - nowMs) : 0
  }

  /** The part of its share that the target gets: 1, or 0, or between while it comes back. */
  share(nowMs: number): number {
    if (this.override !== 'auto') return this.override === 'closed' ? 1 : 0
    // A target whose probe is due is asked first, or a quiet route would never learn of it.
    if (this.#isOpen) return this.#probing !== null || nowMs < this.#openUntilMs ? 0 : 1
    const part = (nowMs - this.#closedAtMs) / Math.max(1, this.#settings.breakerSlowStartMs)
    return Math.min(1, SHARE_FIRST + (1 - SHARE_FIRST) * part)
  }

  /**
   * Permission for one attempt, or null. `now` is asked again when the attempt is over.
   * A probe that ends as neither success nor failure leaves its place to the next.
   */
  admit(now: () => number): Permit | null {
    if (this.override !== 'auto') return this.override === 'closed' ? this.#permit(now) : null
    if (!this.#isOpen) return this.#permit(now)
    if (this.#probing !== null || now() < this.#openUntilMs) return null
    return this.#probe(now)
  }

  /** Counts a failure that belongs to no permit. */
  failed(nowMs: number): void {
    // What began before the outage and fails in it is no news.
    if (this.#isOpen) return
    this.#consecutive += 1
    this.#window.add(false, nowMs)
    const { failures, total } = this.#window.counts(nowMs)
    const isHalf = total >= SAMPLE_MIN && failures * 2 >= total
    if (isHalf || this.#consecutive >= this.#settings.breakerFailures) this.#open(nowMs)
  }

  /** Opens as one in another process did, for the same time. The outage is the same one. */
  obeyOpen(nowMs: number, openForMs: number, outages: number): void {
    if (!this.#isOpen) this.#forgive(nowMs)
    const untilMs = nowMs + Math.min(openForMs, this.#settings.breakerOpenMaxMs)
    this.#isOpen = true
    this.#outages = Math.max(this.#outages, outages)
    this.#openUntilMs = Math.max(this.#openUntilMs, untilMs)
  }

  /** Closes as one in another process did, whose probe was good. */
  obeyClosed(nowMs: number): void {
    if (this.#isOpen) this.#close(nowMs)
  }

  #permit(now: () => number): Permit {
    return once({
      success: () => {
        if (this.#isOpen) return
        this.#consecutive = 0
        this.#window.add(true, now())
        this.#forgive(now())
      },
      failure: () => this.failed(now()),
      release: () => {},
    })
  }

  #probe(now: () => number): Permit {
    const probe = {}
    const outages = this.#outages
    this.#probing = probe
    const end = (): void => {
      if (this.#probing === probe) this.#probing = null
    }
    return once({
      success: () => {
        end()
        if (!this.#isOpen) return
        this.#close(now())
        this.#changed({ state: 'closed' })
      },
      failure: () => {
        end()
        if (!this.#isOpen) this.failed(now())
        // Where another process has told of a failed probe meanwhile, it is the same outage.
        else if (this.#outages === outages) this.#open(now())
      },
      release: end,
    })
  }

  #close(nowMs: number): void {
    this.#isOpen = false
    this.#probing = null
    this.#consecutive = 0
    this.#closedAtMs = nowMs
    this.#window.clear()
  }

  #open(nowMs: number): void {
    const { breakerOpenMs, breakerOpenMaxMs } = this.#settings
    const openMs = Math.min(breakerOpenMaxMs, breakerOpenMs * 2 ** Math.min(this.#outages, 30))
    this.#isOpen = true
    this.#outages += 1
    // Between 80 and 100 %, so that the workers of many machines do not probe at once.
    const openForMs = openMs * (0.8 + 0.2 * this.#random())
    this.#openUntilMs = nowMs + openForMs
    this.#changed({ state: 'open', openForMs, outages: this.#outages })
  }

  #forgive(nowMs: number): void {
    const calmMs = nowMs - this.#closedAtMs
    if (calmMs > FORGIVEN_WINDOWS * this.#settings.breakerWindowMs) this.#outages = 0
  }
}

/** A permit of which only the first call counts. */
function once(permit: Permit): Permit {
  let isOver = false
  const first = (run: () => void) => () => {
    if (isOver) return
    isOver = true
    run()
  }
  return {
    success: first(permit.success),
    failure: first(permit.failure),
    release: first(permit.release),
  }
}
