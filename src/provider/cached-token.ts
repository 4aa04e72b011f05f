/** A token that is asked for once and kept until shortly before its end. */
import { nowMs } from '../core/clock.ts'

/** What an exchange gave. */
export interface FreshToken {
  readonly value: string
  readonly lifeMs: number
}

/** A token is replaced this long before it expires, so that none expires on its way. */
const MARGIN_MS = 60_000

/** The current token. Whoever asks while one is fetched waits for that one. */
export class CachedToken {
  readonly #exchange: () => Promise<FreshToken>
  #token: { readonly value: string; readonly goodUntilMs: number } | null = null
  #underway: Promise<string> | null = null

  /** @param exchange fetches a new one; what it throws, `get` throws, and the next call retries. */
  constructor(exchange: () => Promise<FreshToken>) {
    this.#exchange = exchange
  }

  /** A token that is good for another minute. */
  get(): Promise<string> {
    const token = this.#token
    if (token !== null && nowMs() < token.goodUntilMs) return Promise.resolve(token.value)
    this.#underway ??= this.#renew().finally(() => {
      this.#underway = null
    })
    return this.#underway
  }

  async #renew(): Promise<string> {
    const askedAtMs = nowMs()
    const { value, lifeMs } = await this.#exchange()
    this.#token = { value, goodUntilMs: askedAtMs + lifeMs - MARGIN_MS }
    return value
  }
}
