/**
 * News between processes by Redis, on a connection of their own: one that listens can send
 * nothing. What is published while it is away is missed, so who listens is told when it is back;
 * and what could not be sent is kept, where it is worth that, until it can be.
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

/** News that are kept, at most; the oldest go first. */
const KEPT_MAX = 1000

/** Who hears news of a topic. */
interface Listener {
  readonly hear: (text: string) => void
  readonly missed: () => void
}

/** Who listens to what. The connection is made for the first of them. */
export class RedisNews {
  readonly #options: RedisNewsOptions
  readonly #topics = new Map<string, Set<Listener>>()
  readonly #kept = new Map<string, readonly [topic: string, text: string]>()
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

  /** Keeps what could not be sent. @returns whether something else had to go for it. */
  keep(topic: string, text: string): boolean {
    const name = `${topic} ${text}`
    this.#kept.delete(name)
    this.#kept.set(name, [topic, text])
    const oldest = this.#kept.keys().next()
    if (this.#kept.size <= KEPT_MAX || oldest.done) return false
    return this.#kept.delete(oldest.value)
  }

  /** All that was kept, which then is no longer. */
  takeKept(): readonly (readonly [topic: string, text: string])[] {
    const all = [...this.#kept.values()]
    this.#kept.clear()
    return all
  }

  subscribe(topic: string, hear: (text: string) => void, missed: () => void): () => void {
    const listeners = this.#topics.get(topic) ?? new Set()
    this.#topics.set(topic, listeners)
    const listener = { hear, missed }
    listeners.add(listener)
    if (!this.#isOpen) {
      this.#isOpen = true
      void this.#link.open()
    }
    return () => {
      listeners.delete(listener)
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
    // Before the first connection as well, there was a time in which nothing was heard.
    for (const listeners of this.#topics.values()) for (const { missed } of listeners) missed()
  }

  #heard(message: string): void {
    const [from = '', topic = ''] = message.split(' ', 2)
    if (from === this.#options.processId) {
      this.#echoesMissed = 0
      return
    }
    const text = message.slice(from.length + topic.length + 2)
    for (const { hear } of this.#topics.get(topic) ?? []) hear(text)
  }
}
