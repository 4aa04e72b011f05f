/** Requests that go on and on while something breaks, and what became of them. */
import { expect } from 'bun:test'
import type { RawClient } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import { chat, outcomeOf } from './fleet.ts'

/** What nobody should wait for longer: every operation of a store is bounded at 100 ms. */
const LONGEST_MS = 5000

/** Between two requests of a connection, so that the load leaves the machine room. */
const PAUSE_MS = 2

/** A load of one key. */
export class Load {
  readonly outcomes = new Map<string, number>()
  readonly #name: string
  readonly #loops: readonly Promise<void>[]
  #isOver = false
  #longestMs = 0

  /** Starts it, with one request at a time on each connection. */
  constructor(name: string, clients: readonly RawClient[], secret: string) {
    this.#name = name
    this.#loops = clients.map((client) => this.#run(client, secret))
  }

  /** Resolves when `outcome` was seen so many times more. */
  async untilMore(outcome: string, times: number): Promise<void> {
    const before = this.outcomes.get(outcome) ?? 0
    const seen = (): string => `${this.#name}: ${JSON.stringify([...this.outcomes])}`
    await eventually(
      () => (this.outcomes.get(outcome) ?? 0) >= before + times,
      () => `${times} more of ${outcome}; ${seen()}`,
      20_000,
    )
  }

  /** Ends it; there was nothing but these outcomes, and nobody waited long. */
  async expectOnly(...outcomes: readonly string[]): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#loops)
    const others = [...this.outcomes].filter(([outcome]) => !outcomes.includes(outcome))
    expect(others, this.#name).toEqual([])
    expect(this.#longestMs, this.#name).toBeLessThan(LONGEST_MS)
  }

  async #run(client: RawClient, secret: string): Promise<void> {
    while (!this.#isOver) {
      const startedAtMs = performance.now()
      const outcome = await outcomeOf(chat(client, secret))
      this.#longestMs = Math.max(this.#longestMs, performance.now() - startedAtMs)
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
      // A connection that is gone ends the load; `expectOnly` tells of it.
      if (!/^\d/.test(outcome)) return
      await Bun.sleep(PAUSE_MS)
    }
  }
}
