/**
 * What is kept of a stream, so that a client that lost it can go on where it left off: whole events
 * of the client's dialect, each with its number, within a bound.
 *
 * The furthest reader sets the pace. What lies ahead of it makes the provider wait when the bound
 * is reached; what lies behind it makes room, the oldest first, but for the last half of the bound:
 * what was sent last may not have arrived.
 */
import type { JournalMemory } from './journal-memory.ts'

/** How a stream ended, or that it has not. `aborted`: its client, an operator or a clock did it. */
export type JournalState = 'live' | 'done' | 'error' | 'aborted'

/** An event, or a part of one that is too large for one piece. */
export interface Piece {
  /** The number of its event, from 1. What says nothing has that of the event before it. */
  readonly seq: number
  /** Whether the event begins here: only here can a reader begin. */
  readonly isFirst: boolean
  readonly isLast: boolean
  readonly bytes: Uint8Array
}

/** Whoever waits for more. */
export interface JournalListener {
  /** There is more, or the end; must not throw. */
  wake(): void
}

/** What one piece costs besides its bytes, about. */
const PIECE_OVERHEAD_BYTES = 160

const costOf = ({ bytes }: Piece): number => bytes.length + PIECE_OVERHEAD_BYTES

/** The journal of one stream. Positions count pieces from the beginning of the stream. */
export class Journal {
  readonly #bytesMax: number
  readonly #memory: JournalMemory
  readonly #listeners = new Set<JournalListener>()
  #pieces: Piece[] = []
  /** How many of `#pieces` were dropped and are only still there. */
  #dropped = 0
  /** The position of `#pieces[0]`. */
  #base = 0
  /** The furthest position that was read. */
  #lead = 0
  /** Of what is kept: all of it, and what lies behind the lead. */
  #keptBytes = 0
  #sentBytes = 0
  #head = 0
  #state: JournalState = 'live'
  #isUnbounded = false
  #waiting: { promise: Promise<number>; resolve: (room: number) => void } | null = null

  /** @param bytesMax what is kept at most; it is passed by one write. */
  constructor(bytesMax: number, memory: JournalMemory) {
    this.#bytesMax = bytesMax
    this.#memory = memory
  }

  /** No piece may be larger, or a single one could fill what must stay. */
  get pieceBytesMax(): number {
    return Math.min(65_536, this.#bytesMax / 4)
  }

  get state(): JournalState {
    return this.#state
  }

  /** The number of the last whole event; 0 before the first. */
  get head(): number {
    return this.#head
  }

  /** Bytes of memory that it holds. */
  get heldBytes(): number {
    return this.#keptBytes
  }

  /** The first position that is kept, and the one behind the last. */
  get first(): number {
    return this.#base + this.#dropped
  }

  get end(): number {
    return this.#base + this.#pieces.length
  }

  /** What stands there; undefined behind the end, and for what is not kept any more. */
  at(position: number): Piece | undefined {
    return position < this.first ? undefined : this.#pieces[position - this.#base]
  }

  /** Adds a piece behind the others. It keeps the bytes, which must not change any more. */
  append(piece: Piece): void {
    this.#pieces.push(piece)
    this.#keep(costOf(piece))
    if (piece.isLast) this.#head = piece.seq
    this.#trim()
    this.#wake()
  }

  /** Null while there is room; else a promise of it, which is how a writer is made to wait. */
  whenRoom(): Promise<number> | null {
    if (!this.#isFull()) return null
    this.#waiting ??= Promise.withResolvers<number>()
    this.#memory.wait(this)
    return this.#waiting.promise
  }

  /** From now on everything is taken: what still comes are the last words of a stream. */
  unblock(): void {
    this.#isUnbounded = true
    this.#giveRoom()
  }

  /**
   * Takes the event back of which only a part is there: nothing stands in its place, so that who
   * has begun with it finds out.
   */
  takeBack(): void {
    for (let position = this.end - 1; position >= this.first; position -= 1) {
      const piece = this.at(position)
      if (piece === undefined || piece.seq <= this.#head) return
      const nothing = { seq: this.#head, isFirst: false, isLast: true, bytes: new Uint8Array(0) }
      this.#pieces[position - this.#base] = nothing
      if (position < this.#lead) this.#sentBytes -= piece.bytes.length
      this.#keep(-piece.bytes.length)
    }
  }

  /** Nothing follows. Only the first call counts. */
  close(state: Exclude<JournalState, 'live'>): void {
    if (this.#state !== 'live') return
    this.#state = state
    this.unblock()
    this.#wake()
  }

  /** Gives all memory back; who still reads is cut off. */
  clear(): void {
    this.#base = this.end + 1
    this.#pieces = []
    this.#dropped = 0
    this.#keep(-this.#keptBytes)
    this.#sentBytes = 0
    this.#lead = this.#base
    this.#wake()
  }

  /**
   * Where to read on behind the event of that number.
   * @returns null where what follows it is not kept any more. A number above `head` is a mistake.
   */
  positionAfter(seq: number): number | null {
    for (let position = this.first; position < this.end; position += 1) {
      const piece = this.at(position)
      if (piece === undefined || piece.seq <= seq) continue
      return piece.isFirst && piece.seq === seq + 1 ? position : null
    }
    return seq === this.#head ? this.end : null
  }

  /** A reader has sent everything before that position. */
  advance(position: number): void {
    if (position <= this.#lead) return
    for (; this.#lead < position; this.#lead += 1) {
      const piece = this.at(this.#lead)
      if (piece !== undefined) this.#sentBytes += costOf(piece)
    }
    this.#trim()
    this.#giveRoom()
  }

  /** Memory is short no more; called by who counts it. */
  retry(): void {
    this.#giveRoom()
  }

  /** @returns the way to stop. */
  listen(listener: JournalListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** What was read goes first where memory is short for all; else the last half of it stays. */
  #trim(): void {
    const isShort = this.#memory.isShort
    while (this.first < this.#lead && (isShort || this.#keptBytes > this.#bytesMax)) {
      const piece = this.#pieces[this.#dropped]
      if (piece === undefined) return
      const cost = costOf(piece)
      if (!isShort && this.#sentBytes - cost < this.#bytesMax / 2) return
      this.#dropped += 1
      this.#sentBytes -= cost
      this.#keep(-cost)
    }
    if (this.#dropped > 256 && this.#dropped * 2 > this.#pieces.length) {
      this.#pieces.splice(0, this.#dropped)
      this.#base += this.#dropped
      this.#dropped = 0
    }
  }

  #isFull(): boolean {
    if (this.#isUnbounded) return false
    const unsent = this.#keptBytes - this.#sentBytes
    return this.#keptBytes > this.#bytesMax || (this.#memory.isShort && unsent > 0)
  }

  #giveRoom(): void {
    if (this.#waiting === null || this.#isFull()) return
    this.#memory.forget(this)
    this.#waiting.resolve(1)
    this.#waiting = null
  }

  #keep(bytes: number): void {
    this.#keptBytes += bytes
    this.#memory.use(bytes)
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener.wake()
  }
}
