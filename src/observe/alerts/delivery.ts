/**
 * Brings messages to the operator's webhook, one after another, so that a firing is told before its
 * end. What fails is tried again for a few minutes; while a receiver is down only so many wait, and
 * the oldest are given up and counted.
 */
import type { AlertWebhook } from '../../config/alert-rules.ts'
import { type AttemptResult, attemptOf } from './attempt.ts'
import type { AlertMessage } from './message.ts'

/** How messages are delivered. */
export interface DeliverySettings {
  readonly attemptsMax: number
  /** The first wait is a random part of this, each one after it of twice as much. */
  readonly backoffMs: number
  readonly backoffMaxMs: number
  /** Messages that may wait. */
  readonly waitingMax: number
}

const defaults: DeliverySettings = {
  attemptsMax: 8,
  backoffMs: 1000,
  backoffMaxMs: 60_000,
  waitingMax: 100,
}

/** Messages that are remembered when they have left. */
const REMEMBERED = 20

/** What became of one message. Survives JSON. */
export interface Delivery {
  readonly id: string
  readonly rule: string
  readonly notice: AlertMessage['notice']
  /** Wall times in milliseconds. */
  readonly at: number
  readonly endedAt: number
  readonly outcome: 'delivered' | 'refused' | 'failed' | 'dropped'
  readonly attempts: number
  readonly status: number | null
  readonly error: string | null
}

/** How deliveries go. Survives JSON. */
export interface DeliveryView {
  readonly delivered: number
  /** Given up: refused, failed too often, or too many waited. */
  readonly lost: number
  /** The newest first. */
  readonly last: readonly Delivery[]
  /** Those that wait, in their order, the one that is on its way first. */
  readonly waiting: readonly AlertMessage[]
}

/** Before the first message. */
export const noDeliveries: DeliveryView = { delivered: 0, lost: 0, last: [], waiting: [] }

/** Of one worker. */
export class Deliveries {
  readonly #settings: DeliverySettings
  readonly #changed: (delivery: Delivery | null) => void
  #webhook: AlertWebhook | null
  #view: DeliveryView = noDeliveries
  #ending = new AbortController()
  #running: Promise<void> | null = null
  #isPaused = false

  /** @param changed told when one has left, and, with null, when more wait. Must not throw. */
  constructor(
    webhook: AlertWebhook | null,
    changed: (delivery: Delivery | null) => void,
    settings: Partial<DeliverySettings> = {},
  ) {
    this.#webhook = webhook
    this.#changed = changed
    this.#settings = { ...defaults, ...settings }
  }

  view(): DeliveryView {
    return this.#view
  }

  /** Goes on with another receiver, from the next attempt on. */
  renew(webhook: AlertWebhook | null): void {
    this.#webhook = webhook
  }

  /** Takes messages; without a receiver there is nobody to tell. */
  send(messages: readonly AlertMessage[]): void {
    if (this.#webhook === null || messages.length === 0) return
    this.#view = { ...this.#view, waiting: [...this.#view.waiting, ...messages] }
    this.#shed()
    this.#changed(null)
    this.#run()
  }

  /** Whether a message is on its way, or waits to be tried again. */
  get isRunning(): boolean {
    return this.#running !== null
  }

  /** Goes on where another worker has stopped. What that one has told is not told again. */
  takeOver(view: DeliveryView): void {
    this.#view = view
    this.#isPaused = false
    this.#ending = new AbortController()
    this.#run()
  }

  /** Begins no further attempt, and waits for the one on its way. What waits is in the view. */
  async pause(limitMs: number): Promise<void> {
    this.#isPaused = true
    const timer = setTimeout(() => this.#ending.abort(), limitMs)
    // A wait between two attempts is over at once.
    this.#wake?.()
    await this.#running
    clearTimeout(timer)
  }

  #wake: (() => void) | null = null

  #run(): void {
    this.#running ??= this.#deliverAll().finally(() => {
      this.#running = null
      // One may have come when the last look was over, and this was still running.
      if (this.#view.waiting.length > 0 && !this.#isPaused) this.#run()
    })
  }

  async #deliverAll(): Promise<void> {
    for (;;) {
      const [message] = this.#view.waiting
      if (message === undefined || this.#isPaused) return
      const delivery = await this.#deliver(message)
      if (delivery === null) return
      this.#left(delivery)
    }
  }

  /** Null where it is left to another worker. */
  async #deliver(message: AlertMessage): Promise<Delivery | null> {
    for (let attempts = 1; ; attempts++) {
      const webhook = this.#webhook
      if (webhook === null) return ended(message, 'dropped', attempts - 1, null)
      const result = await attemptOf(webhook, message, this.#ending.signal)
      if (result.outcome !== 'failed') return ended(message, result.outcome, attempts, result)
      if (this.#isPaused) return null
      if (attempts >= this.#settings.attemptsMax) return ended(message, 'failed', attempts, result)
      await this.#wait(result.retryAfterMs ?? this.#backoffMs(attempts))
      if (this.#isPaused) return null
      if (this.#view.waiting[0] !== message) return ended(message, 'dropped', attempts, result)
    }
  }

  /** Full jitter: several programs that fail together do not come back together. */
  #backoffMs(attempts: number): number {
    const { backoffMs, backoffMaxMs } = this.#settings
    return Math.random() * Math.min(backoffMaxMs, backoffMs * 2 ** (attempts - 1))
  }

  async #wait(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, delayMs)
    this.#wake = resolve
    await promise
    this.#wake = null
    clearTimeout(timer)
  }

  /** Gives up the oldest where too many wait. */
  #shed(): void {
    while (this.#view.waiting.length > this.#settings.waitingMax) {
      const [oldest] = this.#view.waiting
      if (oldest !== undefined) this.#left(ended(oldest, 'dropped', 0, null))
    }
  }

  #left(delivery: Delivery): void {
    const { delivered, lost, last, waiting } = this.#view
    if (!waiting.some(({ id }) => id === delivery.id)) return
    const isDelivered = delivery.outcome === 'delivered'
    this.#view = {
      delivered: delivered + (isDelivered ? 1 : 0),
      lost: lost + (isDelivered ? 0 : 1),
      last: [delivery, ...last].slice(0, REMEMBERED),
      waiting: waiting.filter(({ id }) => id !== delivery.id),
    }
    this.#changed(delivery)
  }
}

function ended(
  { id, rule, notice, at }: AlertMessage,
  outcome: Delivery['outcome'],
  attempts: number,
  result: AttemptResult | null,
): Delivery {
  const { status = null, error = null } = result ?? {}
  return { id, rule, notice, at, endedAt: Date.now(), outcome, attempts, status, error }
}
