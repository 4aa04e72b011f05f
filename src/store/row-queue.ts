/** Rows that wait to be written, in batches, within bounds; the oldest are given up first. */
import { type LedgerRow, rowBytes } from './ledger-table.ts'

/** Rows that are written, or given up, together. */
export interface Batch {
  readonly rows: LedgerRow[]
  bytes: number
}

/** The bounds of a queue. */
export interface QueueBounds {
  readonly batchRows: number
  readonly rowsMax: number
  readonly bytesMax: number
}

/** A queue of batches. */
export class RowQueue {
  readonly #bounds: QueueBounds
  #batches: Batch[] = []
  /** The batch that is being written takes no further rows. */
  #sealed: Batch | null = null
  rows = 0
  bytes = 0

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds
  }

  /** Whether there is a whole batch. */
  get hasFullBatch(): boolean {
    return (this.#batches[0]?.rows.length ?? 0) >= this.#bounds.batchRows
  }

  /**
   * Adds a row. The oldest go where the bounds are reached, and not the newest: so a batch that
   * cannot be written, for whatever reason, cannot stand in the way for ever.
   * @returns how many rows were given up for it.
   */
  push(row: LedgerRow): number {
    const bytes = rowBytes(row)
    let batch = this.#batches.at(-1)
    if (
      batch === undefined ||
      batch === this.#sealed ||
      batch.rows.length >= this.#bounds.batchRows
    ) {
      batch = { rows: [], bytes: 0 }
      this.#batches.push(batch)
    }
    batch.rows.push(row)
    batch.bytes += bytes
    this.rows += 1
    this.bytes += bytes
    return this.#shrink()
  }

  /** The oldest batch; it stays in the queue until `remove`. */
  seal(): Batch | null {
    this.#sealed = this.#batches[0] ?? null
    return this.#sealed
  }

  /** What was sealed can be added to again. */
  unseal(): void {
    this.#sealed = null
  }

  /** Takes a batch out. False where it was given up in the meantime. */
  remove(batch: Batch): boolean {
    if (this.#sealed === batch) this.#sealed = null
    const index = this.#batches.indexOf(batch)
    if (index < 0) return false
    this.#batches.splice(index, 1)
    this.rows -= batch.rows.length
    this.bytes -= batch.bytes
    return true
  }

  /** Gives everything up. @returns how many rows that were. */
  clear(): number {
    const { rows } = this
    this.#batches = []
    this.#sealed = null
    this.rows = 0
    this.bytes = 0
    return rows
  }

  #shrink(): number {
    const { rowsMax, bytesMax } = this.#bounds
    const before = this.rows
    while (this.#batches.length > 1 && (this.rows > rowsMax || this.bytes > bytesMax)) {
      // The one that is being written may have arrived all the same, so the next one goes.
      const victim = this.#batches.find((batch) => batch !== this.#sealed)
      if (victim === undefined || victim === this.#batches.at(-1)) break
      this.remove(victim)
    }
    return before - this.rows
  }
}
