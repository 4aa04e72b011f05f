/** The breakers of all targets of a worker, and what an operator sees and sets of them. */
import { nowMs } from '../core/clock.ts'
import {
  Breaker,
  type BreakerOverride,
  type BreakerSettings,
  type BreakerState,
} from './breaker.ts'
import { newsOf, newsText } from './breaker-news.ts'
import type { Breakers, Permit } from './breakers.ts'

/** One breaker, as an operator sees it. */
export interface BreakerView {
  /** `provider/model`, and `#2` behind it for the second key of a provider. */
  readonly target: string
  readonly state: BreakerState
  /** What an operator decided. */
  readonly override: BreakerOverride
  readonly consecutiveFailures: number
  /** How long it stays open before the next probe. */
  readonly openForMs: number
  /** The part of its share that the target gets. */
  readonly share: number
}

/** Targets that are kept; a client can name any model of a provider, so there must be a bound. */
const TARGETS_MAX = 2048

/** Breakers by `targetKey`, made when a target is first tried. */
export class BreakerTable implements Breakers {
  readonly #settings: BreakerSettings
  readonly #now: () => number
  readonly #random: () => number
  readonly #publish: (text: string) => void
  readonly #all = new Map<string, Breaker>()

  /**
   * @param now monotonic milliseconds. @param random from 0 to 1.
   * @param publish tells the tables of other processes, once for each change; they `hear` it.
   */
  constructor(
    settings: BreakerSettings,
    now = nowMs,
    random = Math.random,
    publish: (text: string) => void = () => {},
  ) {
    this.#settings = settings
    this.#now = now
    this.#random = random
    this.#publish = publish
  }

  admit(key: string): Permit | null {
    return this.#of(key).admit(this.#now)
  }

  failedLater(key: string): void {
    this.#of(key).failed(this.#now())
  }

  share(key: string): number {
    return this.#all.get(key)?.share(this.#now()) ?? 1
  }

  /** Opens or closes a breaker by hand, in all processes, until it is set to `auto` again. */
  set(key: string, override: BreakerOverride): void {
    this.obey(key, override)
    this.#publish(newsText({ target: key, override }))
  }

  /**
   * Takes in what another process published. A breaker that opened there opens here for the same
   * time; when that is over each process probes for itself, and the first good probe closes all.
   */
  hear(text: string): void {
    const news = newsOf(text)
    if (news === null) return
    if ('override' in news) this.obey(news.target, news.override)
    else if (news.state === 'closed') this.#all.get(news.target)?.obeyClosed(this.#now())
    else this.#of(news.target).obeyOpen(this.#now(), news.openForMs, news.outages)
  }

  /** Sets a breaker here only: an operator has set it elsewhere. */
  obey(key: string, override: BreakerOverride): void {
    if (override === 'auto') this.#all.delete(key)
    else this.#of(key).override = override
  }

  /** All that were used, by name. */
  list(): readonly BreakerView[] {
    const now = this.#now()
    return [...this.#all]
      .map(([target, breaker]) => ({
        target,
        state: breaker.state(),
        override: breaker.override,
        consecutiveFailures: breaker.consecutive,
        openForMs: Math.round(breaker.opensInMs(now)),
        share: Math.round(breaker.share(now) * 100) / 100,
      }))
      .toSorted((a, b) => (a.target < b.target ? -1 : 1))
  }

  #of(key: string): Breaker {
    const known = this.#all.get(key)
    if (known !== undefined) return known
    if (this.#all.size >= TARGETS_MAX) this.#forgetOne()
    const made: Breaker = new Breaker(this.#settings, this.#random, (change) => {
      // One that was set to `auto` meanwhile is forgotten, and while it is set by hand it is not
      // obeyed: neither is news.
      const isInUse = made.override === 'auto' && this.#all.get(key) === made
      if (isInUse) this.#publish(newsText({ target: key, ...change }))
    })
    this.#all.set(key, made)
    return made
  }

  /** The oldest that has nothing to tell; where all have, the oldest that no operator has set. */
  #forgetOne(): void {
    const automatic = [...this.#all].filter(([, { override }]) => override === 'auto')
    const silent = automatic.find(([, breaker]) => breaker.state() === 'closed')
    const [key] = silent ?? automatic[0] ?? []
    if (key !== undefined) this.#all.delete(key)
  }
}
