/**
 * News between processes by Redis, on a connection of their own: one that listens can send
 * nothing. What is published while it is away is missed, which is why who listens must also look
 * for itself now and then.
 */
import type { RedisClient } from 'bun'
import { RedisLink } from './redis-link.ts'

/** What the news need. */
export interface RedisNewsOptions {
  readonly url: string
  readonly boundMs: number
  readonly prefix: string
  /** Whose news these are: own ones are not heard. */
  readonly processId: string
}

/** Who listens to what. The connection is made for the first of them. */
export class RedisNews {
  readonly #options: RedisNewsOptions
  readonly #topics = new Map<string, Set<(text: string) => void>>()
  readonly #link: RedisLink
  #isOpen = false
  #isPrepared = false
  #echoesMissed = 0

  constructor(options: RedisNewsOptions) {
    this.#options = options
    this.#link = new RedisLink({
      url: options.url,
      boundMs: options.boundMs,
      prepare: (client) => this.#prepare(client),
      onUp: () => {},
      onDown: () => {
        this.#isPrepared = false
      },
    })
  }

  /** The channel and the text of a message, for the connection that sends. */
  message(topic: string, text: string): [channel: string, message: string] {
    return [`${this.#options.prefix}news`, `${this.#options.processId} ${topic} ${text}`]
  }

  subscribe(topic: string, hear: (text: string) => void): () => void {
    const listeners = this.#topics.get(topic) ?? new Set()
    this.#topics.set(topic, listeners)
    listeners.add(hear)
    if (!this.#isOpen) {
      this.#isOpen = true
      void this.#link.open()
    }
    return () => {
      listeners.delete(hear)
      if (listeners.size === 0 && this.#topics.get(topic) === listeners) this.#topics.delete(topic)
    }
  }

  /** Whether the connection listens. */
  get isListening(): boolean {
    return this.#link.isUp && this.#isPrepared
  }

  /**
   * What to send so that a connection that only listens is known to be alive; null where none
   * listens. A connection that missed several of them in a row is made again.
   */
  echo(): [channel: string, message: string] | null {
    if (!this.isListening) return null
    this.#echoesMissed += 1
    if (this.#echoesMissed > 3) {
      this.#link.renew('silent')
      return null
    }
    return this.message('', '')
  }

  close(): void {
    this.#topics.clear()
    this.#link.close()
  }

  async #prepare(client: RedisClient): Promise<void> {
    await client.subscribe(`${this.#options.prefix}news`, (message) => this.#heard(message))
    this.#echoesMissed = 0
    this.#isPrepared = true
  }

  #heard(message: string): void {
    const [from = '', topic = ''] = message.split(' ', 2)
    if (from === this.#options.processId) {
      this.#echoesMissed = 0
      return
    }
    const text = message.slice(from.length + topic.length + 2)
    for (const hear of this.#topics.get(topic) ?? []) hear(text)
  }
}
