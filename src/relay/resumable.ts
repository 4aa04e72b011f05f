/**
 * A stream that its client may lose: the provider's answer goes into a journal, and whoever has the
 * stream's id and the key that asked for it reads from there. While nobody reads, the provider is
 * kept for a grace time; behind its end the journal is kept for another one.
 */
import type { BufferPool } from '../buffer/lease.ts'
import type { ResumeSettings, StreamSettings } from '../config/config.ts'
import { abortReason } from '../core/abort.ts'
import { nowMs, type Sweep } from '../core/clock.ts'
import { GatewayError, toGatewayError } from '../core/errors.ts'
import type { Exchange } from '../observe/exchange.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { heartbeatOf } from './heartbeat.ts'
import { Journal } from './journal.ts'
import type { JournalMemory } from './journal-memory.ts'
import { JournalWriter } from './journal-writer.ts'
import type { Sink } from './outlet.ts'
import { ReaderFacts } from './reader-facts.ts'
import { Replay } from './replay.ts'

/** More read one stream at once only by mistake, or are gone without having said so. */
const READERS_MAX = 16

/** What a stream is told when it begins. */
export interface ResumableParts {
  readonly exchange: Exchange
  /** The client's dialect. */
  readonly protocol: Protocol
  readonly settings: StreamSettings
  /** Ends the request of the stream. */
  readonly abort: AbortController
}

/** What all streams of a worker share. */
export interface ResumableHouse {
  readonly limits: ResumeSettings
  readonly sweep: Sweep
  readonly pool: BufferPool
  readonly memory: JournalMemory
  /** A client reads one of them; the returned function ends that, once. */
  visit(): () => void
  /** The stream is over. */
  ended(stream: ResumableStream): void
  /** The stream is not kept any longer. */
  drop(stream: ResumableStream): void
}

/** What a client can learn of the state: while it goes on, and whether it ended well. */
export type ShownState = 'live' | 'done' | 'failed'

/** One stream. */
export class ResumableStream {
  readonly id: string
  readonly #parts: ResumableParts
  readonly #house: ResumableHouse
  readonly #journal: Journal
  readonly #readers = new Set<Replay>()
  #callOff: () => void = () => {}
  #isKept = true
  #endedAtMs = 0

  constructor(id: string, parts: ResumableParts, house: ResumableHouse) {
    this.id = id
    this.#parts = parts
    this.#house = house
    this.#journal = new Journal(house.limits.bytesMax, house.memory)
  }

  /** The key that asked for it; nobody else may know that it is there. */
  get keyId(): string | null {
    return this.#parts.exchange.keyId
  }

  get requestId(): string {
    return this.#parts.exchange.id
  }

  get protocol(): Protocol {
    return this.#parts.protocol
  }

  get readers(): number {
    return this.#readers.size
  }

  get isLive(): boolean {
    return this.#journal.state === 'live'
  }

  get state(): ShownState {
    const { state } = this.#journal
    return state === 'live' || state === 'done' ? state : 'failed'
  }

  /** The settings of the answer that is written to the journal: its readers have their own. */
  get settings(): StreamSettings {
    return { ...this.#parts.settings, heartbeatIntervalMs: 0, clientStallTimeoutMs: 0 }
  }

  /** Has `pull` write the stream. Where it rejects, what broke was not told, and is told here. */
  async run(pull: (controller: Sink) => Promise<void>): Promise<void> {
    const { exchange, abort, protocol } = this.#parts
    const writer = new JournalWriter(this.#journal, this.id)
    const { signal } = abort
    try {
      await pull(writer)
    } catch (thrown) {
      const error = signal.aborted ? abortReason(signal) : toGatewayError(thrown)
      writer.takeBack()
      writer.write(protocol.watch().errorEvent(error, exchange.id))
    } finally {
      const isWhole = exchange.endReason === 'completed'
      this.#journal.close(isWhole ? 'done' : signal.aborted ? 'aborted' : 'error')
      this.#endedAtMs = nowMs()
      this.#house.ended(this)
      this.#letGo()
    }
  }

  /** The way to the client that asked for it. */
  first(signal: AbortSignal): Replay {
    return this.#read(0, signal, false, () => {})
  }

  /**
   * The way to a client that comes back, behind the event of that number. Null where it has all,
   * and that has ended.
   * @param left called once, when it is over.
   * @throws GatewayError `stream_cursor_ahead`, `stream_trimmed`.
   */
  again(cursor: number, signal: AbortSignal, left: () => void): Replay | null {
    const journal = this.#journal
    if (cursor > journal.head) throw new GatewayError('stream_cursor_ahead')
    const position = journal.positionAfter(cursor)
    if (position === null) throw new GatewayError('stream_trimmed')
    if (!this.isLive && position === journal.end) return null
    // A phone that changes its network leaves a connection behind that nobody closes: whoever comes
    // back must not be shut out by those that it lost.
    if (this.#readers.size >= READERS_MAX) this.#readers.values().next().value?.leave()
    this.#parts.exchange.resumes += 1
    return this.#read(position, signal, true, left)
  }

  /** Its client wants it to end, and nothing of it to be kept. */
  end(): void {
    this.#isKept = false
    this.#parts.exchange.clientLeft()
    const message = 'The stream was ended by its client.'
    this.#parts.abort.abort(new GatewayError('client_gone', { message }))
    this.#house.drop(this)
    if (!this.isLive) this.#letGo()
  }

  /** Gives the memory back and cuts who still reads. */
  clear(): void {
    this.#callOff()
    this.#journal.clear()
  }

  #read(position: number, signal: AbortSignal, greets: boolean, left: () => void): Replay {
    this.#callOff()
    const { exchange, settings } = this.#parts
    const { sweep, pool } = this.#house
    exchange.clientGoneAtMs = 0
    const facts = new ReaderFacts(() => (this.isLive ? exchange : null))
    const heartbeat = (): string => this.#heartbeat()
    const leave = this.#house.visit()
    let replay: Replay | null = null
    const gone = (): void => {
      if (replay !== null) this.#readers.delete(replay)
      left()
      if (this.#readers.size === 0) this.#detach()
      leave()
    }
    const shared = { sweep, pool, settings, signal, facts, heartbeat, greets }
    replay = new Replay(this.#journal, position, { ...shared, left: gone })
    // One whose request is over has left before it could be counted.
    if (!replay.isOver) this.#readers.add(replay)
    return replay
  }

  #heartbeat(): string {
    const { exchange, protocol } = this.#parts
    if (this.isLive) exchange.heartbeats += 1
    return heartbeatOf(protocol, exchange)
  }

  /** Nobody reads. */
  #detach(): void {
    if (!this.isLive) {
      this.#letGo()
      return
    }
    const { exchange, abort } = this.#parts
    const { sweep, limits } = this.#house
    exchange.clientLeft()
    const expire = (): void => {
      // From here on it is given up as if it had just left.
      exchange.clientGoneAtMs = nowMs()
      abort.abort(new GatewayError('client_gone'))
    }
    if (limits.graceMs > 0) this.#callOff = sweep.after(limits.graceMs, expire)
    else expire()
  }

  /** It is over: the journal stays for a while, and then as long as somebody reads. */
  #letGo(): void {
    this.#callOff()
    if (this.#readers.size > 0) return
    const { sweep, limits } = this.#house
    const drop = (): void => this.#house.drop(this)
    const leftMs = this.#endedAtMs + limits.keepMs - nowMs()
    if (this.#isKept && leftMs > 0) this.#callOff = sweep.after(leftMs, drop)
    else drop()
  }
}
