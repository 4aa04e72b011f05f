/** Very many requests at once, and how many of them a rate may let in. */
import { expect } from 'bun:test'
import type { RawClient } from '../kit/client.ts'
import { Changes } from '../kit/signal.ts'
import { chat, outcomeOf } from './fleet.ts'

/** What is slower than a millisecond in no clock that takes part. */
const CLOCK_SLACK_MS = 2

/** Requests of one key that are sent on many connections, one after another on each. */
export class Burst {
  /** How often each outcome was seen. */
  readonly outcomes = new Map<string, number>()
  /** Answers that arrived. */
  answered = 0
  readonly #changes = new Changes()
  readonly #requests: number
  #left: number
  #firstSentAtMs = 0
  #firstAnsweredAtMs = 0
  #lastRefusedWasSentAtMs = 0
  #lastAnsweredAtMs = 0

  constructor(requests: number) {
    this.#requests = requests
    this.#left = requests
  }

  /** Sends them all; resolves when each is answered. */
  async send(clients: readonly RawClient[], secret: string, model: string): Promise<void> {
    this.#firstSentAtMs = performance.now()
    await Promise.all(clients.map((client) => this.#sendOn(client, secret, model)))
  }

  /** Resolves when all but `count` are answered. */
  untilOpen(count: number, withinMs = 60_000): Promise<void> {
    const enough = (): boolean => this.answered >= this.#requests - count
    return this.#changes.until(enough, `all but ${count} answers`, withinMs)
  }

  /**
   * That a rate was kept to the unit: as many were let in as it holds, and one for each that became
   * free in the meantime. From the first that was let in, the rate was never idle, so the time is
   * known to within what a request takes.
   */
  expectRate(limit: number): void {
    const admitted = this.outcomes.get('200') ?? 0
    expect(Object.fromEntries(this.outcomes)).toEqual({
      '200': admitted,
      '429 rate_limit_exceeded': this.#requests - admitted,
    })
    const perMs = limit / 60_000
    const shortestMs = this.#lastRefusedWasSentAtMs - this.#firstAnsweredAtMs - CLOCK_SLACK_MS
    const longestMs = this.#lastAnsweredAtMs - this.#firstSentAtMs + CLOCK_SLACK_MS
    const atLeast = limit + Math.max(0, Math.floor(shortestMs * perMs))
    const atMost = limit + Math.floor(longestMs * perMs)
    expect(admitted).toBeGreaterThanOrEqual(atLeast)
    expect(admitted).toBeLessThanOrEqual(atMost)
  }

  async #sendOn(client: RawClient, secret: string, model: string): Promise<void> {
    while (this.#left > 0) {
      this.#left -= 1
      const sentAtMs = performance.now()
      const outcome = await outcomeOf(chat(client, secret, model))
      this.#lastAnsweredAtMs = performance.now()
      if (this.answered === 0) this.#firstAnsweredAtMs = this.#lastAnsweredAtMs
      if (outcome !== '200') {
        this.#lastRefusedWasSentAtMs = Math.max(this.#lastRefusedWasSentAtMs, sentAtMs)
      }
      this.answered += 1
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
      this.#changes.notify()
    }
  }
}
