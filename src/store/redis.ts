/**
 * The store of all machines: Redis, one script run a `take`, which is one round trip.
 *
 * Every operation is bounded. Where Redis is slow, away, read-only or full, this process decides
 * rates and places on its share (`local-share.ts`) and refuses budgets, until Redis is back, which
 * needs nobody. What was spent meanwhile on budgets is kept by key and settled then.
 */
import { nowMs } from '../core/clock.ts'
import { randomText } from '../core/ids.ts'
import { LocalShare, undecided } from './local-share.ts'
import { RedisFailure, RedisLink } from './redis-link.ts'
import { RedisNews } from './redis-news.ts'
import {
  countingScript,
  type Reply,
  readReply,
  readTaken,
  renewStep,
  type Script,
  type Step,
  settleStep,
  takeStep,
} from './redis-script.ts'
import type { Claim, Delivery, Renewal, Settlement, Store, StoreView, Taken } from './store.ts'
import { untouched } from './store.ts'
import { Unsettled } from './unsettled.ts'

/** What the store needs. */
export interface RedisOptions {
  /** `redis://`, or `rediss://` for TLS, with the password in it where there is one. */
  readonly url: string
  /** Bound of every operation; 100 ms. */
  readonly boundMs?: number
  /** Sets installations apart that share a server; `sluice`. */
  readonly namespace?: string
  /** How often this process says that it is there; 5 s, and it counts for three times as long. */
  readonly heartbeatMs?: number
  /** Told when Redis is away and when it is back; `reason` is one word, fit for a log. */
  readonly onState?: (state: 'ready' | 'away', reason: string) => void
  /** A key that holds the time in microseconds instead of the server; for tests. */
  readonly timeKey?: string
}

/** Counts in Redis, for all processes that use the same server and namespace. */
export class RedisStore implements Store {
  readonly name = 'redis'
  readonly #boundMs: number
  readonly #heartbeatMs: number
  readonly #prefix: string
  readonly #processId = randomText(12)
  readonly #script: Script
  readonly #link: RedisLink
  readonly #news: RedisNews
  readonly #local = new LocalShare()
  readonly #unsettled = new Unsettled()
  readonly #onState: (state: 'ready' | 'away', reason: string) => void
  #heartbeat: ReturnType<typeof setInterval> | null = null
  /** Server time less ours, in microseconds; null before the first reply. */
  #aheadUs: number | null = null
  #processes = 1
  #operations = 0
  #failures = 0
  #timeouts = 0
  #decidedLocally = 0
  #undecided = 0
  #lostSettlements = 0
  #lostNews = 0

  constructor(options: RedisOptions) {
    this.#boundMs = options.boundMs ?? 100
    this.#heartbeatMs = options.heartbeatMs ?? 5000
    this.#prefix = `{${options.namespace ?? 'sluice'}}:`
    this.#script = countingScript(options.timeKey ?? null)
    this.#onState = options.onState ?? (() => {})
    this.#link = new RedisLink({
      url: options.url,
      boundMs: this.#boundMs,
      prepare: async (client) => {
        // The first beat also brings the script, and shows that the server takes writes.
        const step = this.#beatStep()
        this.#beaten(readReply(await client.send('EVAL', this.#words(step, this.#script.text, 0))))
      },
      onUp: () => this.#up(),
      onDown: (reason) => this.#onState('away', reason),
    })
    this.#news = new RedisNews({
      url: options.url,
      boundMs: this.#boundMs,
      prefix: this.#prefix,
      processId: this.#processId,
    })
  }

  /** Connects; resolves when that succeeded or failed, at the latest after two seconds. */
  async open(): Promise<void> {
    this.#heartbeat = setInterval(() => void this.#beat(), this.#heartbeatMs)
    this.#heartbeat.unref()
    await this.#link.open()
  }

  async take(claims: readonly Claim[]): Promise<Taken> {
    this.#operations += 1
    if (claims.length === 0) return { ok: true, standings: [] }
    if (!this.#link.isUp) return this.#takeAlone(claims, null)
    try {
      const reply = await this.#run(takeStep(this.#prefix, claims))
      const taken = readTaken(reply, claims.length)
      if (taken === null) throw new RedisFailure('broken')
      if (taken.ok) this.#local.hold(claims)
      return taken
    } catch (thrown) {
      return this.#takeAlone(claims, thrown)
    }
  }

  async settle(settlements: readonly Settlement[]): Promise<void> {
    if (settlements.length === 0) return
    this.#operations += 1
    this.#local.settle(settlements, this.#link.isUp ? null : this.#processes)
    try {
      await this.#run(settleStep(this.#prefix, settlements))
    } catch (thrown) {
      const { kind } = this.#failed(thrown)
      // What was sent may have been carried out; twice would be worse than never.
      const canRepeat = kind === 'away' || kind === 'refused'
      for (const settled of settlements) {
        if (canRepeat && settled.kind === 'budget') this.#unsettled.keep(settled)
        else this.#lostSettlements += 1
      }
    }
  }

  async renew(leases: readonly Renewal[]): Promise<void> {
    if (leases.length === 0) return
    this.#operations += 1
    this.#local.renew(leases)
    try {
      await this.#run(renewStep(this.#prefix, leases))
    } catch (thrown) {
      this.#failed(thrown)
    }
  }

  publish(topic: string, text: string, delivery: Delivery = 'soon'): void {
    this.#link.run('PUBLISH', this.#news.message(topic, text)).catch(() => {
      if (delivery === 'soon' || this.#news.keep(topic, text)) this.#lostNews += 1
    })
  }

  subscribe(topic: string, hear: (text: string) => void, missed = (): void => {}): () => void {
    return this.#news.subscribe(topic, hear, missed)
  }

  view(): StoreView {
    return {
      ...untouched,
      name: this.name,
      state: this.#link.isUp ? 'ready' : 'away',
      processes: this.#processes,
      operations: this.#operations,
      failures: this.#failures,
      timeouts: this.#timeouts,
      reconnects: Math.max(0, this.#link.connections - 1),
      decidedLocally: this.#decidedLocally,
      undecided: this.#undecided,
      lostSettlements: this.#lostSettlements,
      lostNews: this.#lostNews,
    }
  }

  /** Whether news are heard: false until the connection for them is there. */
  get isListening(): boolean {
    return this.#news.isListening
  }

  async close(): Promise<void> {
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat)
    this.#heartbeat = null
    this.#news.close()
    const leaving: Settlement = { kind: 'lease', key: 'processes', id: this.#processId }
    await this.#run(settleStep(this.#prefix, [leaving])).catch(() => {})
    this.#link.close()
  }

  /** Decides without Redis. @throws GatewayError `store_unavailable` for budgets. */
  #takeAlone(claims: readonly Claim[], cause: unknown): Taken {
    this.#failed(cause)
    if (claims.some((claim) => claim.kind === 'budget')) {
      this.#undecided += 1
      throw undecided(cause ?? undefined)
    }
    this.#decidedLocally += 1
    return this.#local.take(claims, this.#processes)
  }

  /** Runs the script within the bound, all repetitions included. @throws RedisFailure */
  async #run(step: Step): Promise<Reply> {
    const startedAtMs = nowMs()
    const left = (): number => Math.max(1, this.#boundMs - (nowMs() - startedAtMs))
    let reply: Reply | null = null
    // The second time is for a server whose clock is no longer where it was.
    for (let tries = 0; tries < 2; tries += 1) {
      const sentAtUs = nowMs() * 1000
      reply = readReply(await this.#evaluate(step, left))
      if (reply === null) break
      this.#aheadUs = reply.nowUs - sentAtUs
      if (reply.word !== 'late') return reply
    }
    throw new RedisFailure('refused', reply === null ? 'ERR' : 'LATE')
  }

  async #evaluate(step: Step, left: () => number): Promise<unknown> {
    const nowUs = nowMs() * 1000
    const latestUs = this.#aheadUs === null ? 0 : nowUs + this.#boundMs * 1000 + this.#aheadUs
    try {
      const words = this.#words(step, this.#script.sha1, latestUs)
      return await this.#link.run('EVALSHA', words, left())
    } catch (thrown) {
      if (!(thrown instanceof RedisFailure) || thrown.reason !== 'NOSCRIPT') throw thrown
      return this.#link.run('EVAL', this.#words(step, this.#script.text, latestUs), left())
    }
  }

  #words(step: Step, script: string, latestUs: number): string[] {
    const { keys, what, words } = step
    return [script, `${keys.length}`, ...keys, latestUs.toFixed(0), what, ...words]
  }

  #failed(thrown: unknown): RedisFailure {
    const failure = thrown instanceof RedisFailure ? thrown : new RedisFailure('broken')
    this.#failures += 1
    if (failure.kind === 'timeout') this.#timeouts += 1
    return failure
  }

  #beatStep(): Step {
    const ttlMs = this.#heartbeatMs * 3
    return renewStep(this.#prefix, [{ key: 'processes', id: this.#processId, ttlMs }])
  }

  /** Says that this process is there, and learns how many are. */
  async #beat(): Promise<void> {
    if (!this.#link.isUp) return
    try {
      this.#beaten(await this.#run(this.#beatStep()))
    } catch {
      return
    }
    this.#settleKept()
    const echo = this.#news.echo()
    if (echo !== null) this.#link.run('PUBLISH', echo).catch(() => {})
  }

  #beaten(reply: Reply | null): void {
    if (reply === null) throw new RedisFailure('broken')
    this.#processes = Math.max(1, reply.numbers[0] ?? 1)
  }

  #up(): void {
    this.#onState('ready', 'connected')
    this.#settleKept()
    for (const [topic, text] of this.#news.takeKept()) this.publish(topic, text, 'surely')
  }

  #settleKept(): void {
    if (this.#unsettled.size > 0) void this.settle(this.#unsettled.takeAll())
  }
}
