/** Resumable streams of a worker: those that go on, and those that are kept behind their end. */
import type { BufferPool } from '../buffer/lease.ts'
import type { ResumeSettings } from '../config/config.ts'
import type { Sweep } from '../core/clock.ts'
import { randomText } from '../core/ids.ts'
import { JournalMemory } from './journal-memory.ts'
import { type ResumableHouse, type ResumableParts, ResumableStream } from './resumable.ts'

/** Characters of what says which process holds a stream. */
const HOLDER_CHARACTERS = 8

/** So many of `0-9a-z` are 128 bits and some. */
const SECRET_CHARACTERS = 26

const PREFIX = 'strm_'

/** Which process holds the stream of that id, by its tag. */
export const holderOf = (id: string): string =>
  id.slice(PREFIX.length, PREFIX.length + HOLDER_CHARACTERS)

/** All of them. */
export class ResumableStreams {
  /** Which process this is, in the ids of its streams. */
  readonly tag = randomText(HOLDER_CHARACTERS)
  readonly #house: ResumableHouse
  readonly #memory: JournalMemory
  readonly #streams = new Map<string, ResumableStream>()
  /** Those that are over, in the order of their ends. */
  readonly #over = new Set<ResumableStream>()
  /** Forgotten streams that go on for whoever still reads them. */
  readonly #leaving = new Set<ResumableStream>()
  #readers = 0
  #waiting: (() => void)[] = []
  readonly #opened: () => void

  /** @param opened told of each stream that begins; must not throw. */
  constructor(limits: ResumeSettings, sweep: Sweep, pool: BufferPool, opened: () => void) {
    this.#opened = opened
    this.#memory = new JournalMemory(limits.totalBytesMax, () => this.dropOldest())
    this.#house = {
      limits,
      sweep,
      pool,
      memory: this.#memory,
      visit: () => this.visit(),
      ended: (stream) => this.#over.add(stream),
      drop: (stream) => this.#drop(stream),
    }
  }

  /** Bytes of all journals. */
  get bytes(): number {
    return this.#memory.bytes
  }

  /** Streams of which something is kept. */
  get size(): number {
    return this.#streams.size + this.#leaving.size
  }

  /** Clients that read one, here or, by way of this process, elsewhere. */
  get readers(): number {
    return this.#readers
  }

  /** A new stream; null where no more can be kept. */
  open(parts: ResumableParts): ResumableStream | null {
    if (!this.#house.limits.enabled || this.#memory.isShort) return null
    const id = `${PREFIX}${this.tag}${randomText(SECRET_CHARACTERS)}`
    const stream = new ResumableStream(id, parts, this.#house)
    this.#streams.set(id, stream)
    this.#opened()
    return stream
  }

  /** The stream of that id; null too where another key asked for it. */
  find(id: string, keyId: string | null): ResumableStream | null {
    const stream = this.#streams.get(id)
    return stream !== undefined && stream.keyId === keyId ? stream : null
  }

  /** Gives up all streams that are over and that nobody reads. */
  dropEnded(): void {
    while (this.dropOldest());
  }

  /** Gives up the oldest stream that is over, where there is one that nobody reads. */
  dropOldest(): boolean {
    for (const stream of this.#over) {
      if (stream.readers > 0) continue
      this.#drop(stream)
      return true
    }
    return false
  }

  /** A client reads a stream, of this process or another; the returned function ends that, once. */
  visit(): () => void {
    this.#readers += 1
    return () => {
      this.#readers -= 1
      if (this.#readers > 0) return
      for (const resolve of this.#waiting.splice(0)) resolve()
    }
  }

  /** Resolves when nobody reads. */
  whenQuiet(): Promise<void> {
    return this.#readers === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Forgets all of them. */
  close(): void {
    for (const stream of [...this.#streams.values(), ...this.#leaving]) stream.clear()
    for (const all of [this.#streams, this.#over, this.#leaving]) all.clear()
  }

  #drop(stream: ResumableStream): void {
    this.#streams.delete(stream.id)
    if (stream.isLive || stream.readers > 0) {
      this.#leaving.add(stream)
      return
    }
    this.#leaving.delete(stream)
    this.#over.delete(stream)
    stream.clear()
  }
}
