/** One target: its attempts, their backoffs, and what they say of it. */
import type { StreamSettings } from '../config/config.ts'
import { abortReason, onAbort } from '../core/abort.ts'
import { nowMs } from '../core/clock.ts'
import { type GatewayError, toGatewayError } from '../core/errors.ts'
import { AttemptFacts, type AttemptKind, type AttemptOutcome } from '../observe/attempt-facts.ts'
import type { Opened } from '../provider/call.ts'
import type { Answered, Ask, Open } from './ask.ts'
import { backoffMs } from './backoff.ts'
import { type Permit, unwatched } from './breakers.ts'
import type { Candidate, Candidates } from './candidates.ts'
import { outrun } from './hedge.ts'
import type { Resilience } from './resilience.ts'
import type { Standing } from './standings.ts'
import { leftNoTrace, type Verdict, verdictOn } from './verdict.ts'

/** A request that fails on many targets keeps the beginning of its story. */
const ATTEMPTS_LOGGED_MAX = 16

const endedBy = (signal: AbortSignal): AttemptOutcome =>
  signal.reason === outrun ? 'outrun' : abortReason(signal).code

/** The attempts of one request on one target. */
export class OneTarget {
  readonly #shared: Resilience
  readonly #ask: Ask
  readonly #candidate: Candidate
  readonly #open: Open
  readonly #others: Candidates
  readonly #standing: Standing
  readonly #settings: StreamSettings
  #permit: Permit
  #retries = 0
  #freshSocket = false
  #settle = (): void => {}

  constructor(shared: Resilience, ask: Ask, candidate: Candidate, open: Open, others: Candidates) {
    this.#shared = shared
    this.#ask = ask
    this.#candidate = candidate
    this.#open = open
    this.#others = others
    this.#permit = candidate.permit
    this.#standing = shared.standings.of(candidate.key)
    this.#settings = { ...ask.settings, ...candidate.target.traits.clocks }
  }

  /**
   * An answer of this target.
   * @throws GatewayError of its last attempt.
   */
  async run(firstKind: AttemptKind): Promise<Answered> {
    const { provider } = this.#candidate.target
    const leaveBudget = this.#shared.retries.enter(provider.name)
    this.#standing.inFlight += 1
    let giveBackRetry = (): void => {}
    try {
      if (this.#ask.enter !== undefined) await this.#enter(this.#ask.enter)
      for (let kind = firstKind; ; ) {
        const facts = this.#begin(kind)
        try {
          const opened = await this.#openOnce(facts)
          this.#answered(opened, facts)
          return { opened, leave: this.#leaving(facts) }
        } catch (thrown) {
          const error = toGatewayError(thrown)
          const waitMs = this.#failed(error, facts)
          giveBackRetry()
          const taken = waitMs > 0 ? this.#shared.retries.take(provider.name) : () => {}
          if (waitMs < 0 || taken === null) throw error
          giveBackRetry = taken
          await this.#shared.pauses.wait(waitMs, this.#ask.signal)
          if (!this.#admitAgain()) throw error
          kind = waitMs > 0 ? 'retry' : 'socket'
        }
      }
    } catch (thrown) {
      this.#standing.inFlight -= 1
      this.#candidate.leaveSlot()
      this.#settle()
      throw thrown
    } finally {
      this.#permit.release()
      giveBackRetry()
      leaveBudget()
    }
  }

  /** The limits of its provider. They may be counted elsewhere, and the client leave meanwhile. */
  async #enter(enter: NonNullable<Ask['enter']>): Promise<void> {
    this.#settle = await enter(this.#candidate.target)
    const { signal } = this.#ask
    if (signal.aborted) throw abortReason(signal)
  }

  /** A loser or a client that left is on record at once, which may be written before it is over. */
  async #openOnce(facts: AttemptFacts): Promise<Opened> {
    const { signal } = this.#ask
    const forget = onAbort(signal, () => facts.end(endedBy(signal)))
    try {
      return await this.#open(this.#candidate.target, {
        facts,
        signal,
        settings: this.#settings,
        freshSocket: this.#freshSocket,
      })
    } finally {
      forget()
    }
  }

  /** The record is of this target, until another one is asked or answers. */
  #claim(): void {
    const { exchange } = this.#ask
    const { target } = this.#candidate
    exchange.provider = target.provider.name
    exchange.upstreamModel = target.model
    exchange.price = target.traits.price
  }

  #begin(kind: AttemptKind): AttemptFacts {
    const { exchange } = this.#ask
    const { target, key } = this.#candidate
    this.#claim()
    exchange.attempts += 1
    const facts = new AttemptFacts(key, kind, exchange, target.traits.price)
    if (exchange.attemptLog.length < ATTEMPTS_LOGGED_MAX) exchange.attemptLog.push(facts)
    return facts
  }

  #answered(opened: Opened, facts: AttemptFacts): void {
    const { target } = this.#candidate
    const { exchange } = this.#ask
    facts.answeredAtMs = nowMs()
    facts.end('answered', opened.status)
    if (opened.isEventStream) this.#standing.sample(facts.answeredAtMs - facts.sentAtMs)
    this.#permit.success()
    this.#shared.slots.answered(target)
    this.#shared.slots.refused(target, opened)
    this.#shared.parking.release(target)
    this.#claim()
    exchange.useAttempt(facts)
  }

  /** What broke later is the target's failure, unless the client's own clock ran out. */
  #leaving(facts: AttemptFacts): Answered['leave'] {
    let isInside = true
    return (failure) => {
      if (!isInside) return
      isInside = false
      facts.leave(failure)
      this.#standing.inFlight -= 1
      this.#candidate.leaveSlot()
      this.#settle()
      if (failure?.startsWith('upstream_') && failure !== 'upstream_total_timeout') {
        this.#shared.breakers.failedLater(this.#candidate.key)
      }
    }
  }

  /** Takes in a failure. @returns how long to wait before another try, or -1 for none. */
  #failed(error: GatewayError, facts: AttemptFacts): number {
    const { signal, replayable, exchange } = this.#ask
    // The times of the request are those of the winner.
    if (signal.reason !== outrun) exchange.useTimes(facts)
    if (signal.aborted) {
      facts.end(endedBy(signal))
      return -1
    }
    facts.end(error.code, error.detail.status ?? null)
    // A connection that was closed before a byte of an answer may have been an idle one that the
    // provider had given up on. Bun retries that for a GET but not for a POST and does not tell
    // which it was, so the request is sent once more on a fresh one (matrix, rows 5 and 6).
    if (error.code === 'upstream_closed' && !this.#freshSocket && replayable) {
      this.#freshSocket = true
      return 0
    }
    this.#shared.slots.refused(this.#candidate.target, error)
    const verdict = verdictOn(error)
    if (verdict.counts) this.#permit.failure()
    if (verdict.parkMs > 0) this.#park(error, verdict.parkMs)
    if (/_timeout$/.test(error.code)) this.#standing.sample(nowMs() - facts.sentAtMs)
    return this.#waitMs(error, verdict, facts)
  }

  /** The request may well be answered by another key, and then only this tells the operator. */
  #park({ code }: GatewayError, parkMs: number): void {
    const { target, key } = this.#candidate
    const { parking, credentialsRefused } = this.#shared
    if (code === 'upstream_auth_failed' && !parking.isParked(target)) credentialsRefused(key)
    parking.park(target, parkMs)
  }

  #waitMs(error: GatewayError, { action }: Verdict, { kind }: AttemptFacts): number {
    const { replayable, repeatable, settings, exchange } = this.#ask
    const limits = this.#shared.settings
    if (action !== 'again' || !replayable || kind === 'hedge') return -1
    if (this.#retries >= limits.retriesMax || this.#shared.isStrained()) return -1
    if (!repeatable && !leftNoTrace(error)) return -1
    const { isWaitAssumed } = error.detail
    const retryAfterMs = isWaitAssumed === true ? undefined : error.detail.retryAfterMs
    if (retryAfterMs !== undefined && retryAfterMs > limits.retryAfterMaxMs) return -1
    this.#retries += 1
    const backoff = backoffMs(this.#retries, limits, Math.random())
    const waitMs = Math.max(1, retryAfterMs ?? backoff)
    const leftMs = settings.totalTimeoutMs - (nowMs() - exchange.startedAtMs)
    return settings.totalTimeoutMs > 0 && waitMs >= leftMs ? -1 : waitMs
  }

  /** Whether the breaker permits one more attempt. With nowhere else to go it is made anyway. */
  #admitAgain(): boolean {
    this.#permit.release()
    const permit = this.#shared.breakers.admit(this.#candidate.key)
    this.#permit = permit ?? unwatched
    return permit !== null || !this.#others.hasFreshTarget
  }
}
