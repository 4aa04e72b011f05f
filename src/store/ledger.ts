/**
 * The usage ledger: what every request used and cost, for who pays for it. It is written behind the
 * requests and never holds one up: rows wait in a bounded queue, go to the database in batches, and
 * where that fails for long the oldest are given up and counted.
 */
import { nowMs } from '../core/clock.ts'
import type { Database } from './database.ts'
import { insertStatement, type LedgerRow } from './ledger-table.ts'
import { RowQueue } from './row-queue.ts'
import { type UsageQuery, type UsageReport, usageReport } from './usage-report.ts'

/** How a ledger is kept. Times in milliseconds. */
export interface LedgerSettings {
  /** Rows that began longer ago than so many days are deleted; 0 keeps them for ever. */
  readonly retentionDays: number
  /** A row is written this long after it came, at the latest. */
  readonly flushIntervalMs: number
  /** Rows of one statement; so many are written at once, without waiting. */
  readonly batchRows: number
  /** The rows that may wait. */
  readonly rowsMax: number
  /** What they may take in memory, about. */
  readonly bytesMax: number
  /** The first pause after a failure; it doubles up to `retryMaxMs`. */
  readonly retryMinMs: number
  readonly retryMaxMs: number
  /** How often old rows are looked for. */
  readonly retentionIntervalMs: number
}

const defaults: LedgerSettings = {
  retentionDays: 90,
  flushIntervalMs: 1000,
  batchRows: 500,
  rowsMax: 20_000,
  bytesMax: 16 * 1024 * 1024,
  retryMinMs: 1000,
  retryMaxMs: 30_000,
  retentionIntervalMs: 3_600_000,
}

/** The state of a ledger, for an operator. */
export interface LedgerView {
  /** Rows that wait. */
  readonly waiting: number
  readonly waitingBytes: number
  /** Since the start of this process. */
  readonly written: number
  /** Rows that were given up. */
  readonly dropped: number
  /** Writes that failed; their rows were kept for the next one. */
  readonly failures: number
  readonly state: 'writing' | 'failing' | 'closed'
}

/** The ledger of one process. Several, on one file or one server, do not disturb each other. */
export interface Ledger {
  /** Takes a row. Never waits and never throws. */
  record(row: LedgerRow): void
  /** Writes what waits, or tries to; resolves in any case. */
  flush(): Promise<void>
  /**
   * Sums what was recorded, the rows of this process included that still waited.
   * @throws GatewayError `store_unavailable`, and `invalid_request` for what is too much to sum.
   */
  report(query: UsageQuery, signal?: AbortSignal): Promise<UsageReport>
  view(): LedgerView
  /** Writes what waits for up to `limitMs`, gives up the rest, and takes nothing more. */
  close(limitMs: number): Promise<void>
}

/**
 * Starts a ledger. It opens the database with its first row, and leaves closing it to the caller.
 * @param changed told when writing begins to fail, and when it works again.
 */
export function startLedger(
  database: Database,
  settings: Partial<LedgerSettings> = {},
  changed: (view: LedgerView) => void = () => {},
): Ledger {
  return new DatabaseLedger(database, { ...defaults, ...settings }, changed)
}

const DAY_MS = 86_400_000

/** Rows that are deleted at once, so that no other writer waits long for its turn. */
const DELETED_AT_ONCE = 2000

class DatabaseLedger implements Ledger {
  readonly #database: Database
  readonly #settings: LedgerSettings
  readonly #changed: (view: LedgerView) => void
  readonly #queue: RowQueue
  readonly #flushTimer: ReturnType<typeof setInterval>
  readonly #retentionTimer: ReturnType<typeof setInterval> | null
  #wake: ReturnType<typeof setImmediate> | null = null
  #writing: Promise<void> | null = null
  #deleting: Promise<void> | null = null
  #retryAtMs = 0
  #failuresInRow = 0
  #failures = 0
  #written = 0
  #dropped = 0
  #isClosed = false

  constructor(database: Database, settings: LedgerSettings, changed: (view: LedgerView) => void) {
    this.#database = database
    this.#settings = settings
    this.#changed = changed
    this.#queue = new RowQueue(settings)
    this.#flushTimer = setInterval(() => this.#writeIfDue(), settings.flushIntervalMs)
    this.#flushTimer.unref()
    this.#retentionTimer = this.#startRetention()
  }

  record(row: LedgerRow): void {
    if (this.#isClosed) {
      this.#dropped += 1
      return
    }
    this.#dropped += this.#queue.push(row)
    // Behind the request: SQLite works in this thread, and the answer's last bytes go first.
    if (this.#queue.hasFullBatch && this.#writing === null) {
      this.#wake ??= setImmediate(() => {
        this.#wake = null
        this.#writeIfDue()
      })
    }
  }

  async flush(): Promise<void> {
    await this.#writing
    await this.#write()
  }

  async report(query: UsageQuery, signal?: AbortSignal): Promise<UsageReport> {
    await this.flush()
    return usageReport(this.#database, query, signal)
  }

  view(): LedgerView {
    const state = this.#failuresInRow > 0 ? 'failing' : 'writing'
    return {
      waiting: this.#queue.rows,
      waitingBytes: this.#queue.bytes,
      written: this.#written,
      dropped: this.#dropped,
      failures: this.#failures,
      state: this.#isClosed ? 'closed' : state,
    }
  }

  async close(limitMs: number): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#flushTimer)
    if (this.#retentionTimer !== null) clearInterval(this.#retentionTimer)
    if (this.#wake !== null) clearImmediate(this.#wake)
    const deadlineMs = nowMs() + limitMs
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs)
    })
    await Promise.race([late, this.#writeUntil(deadlineMs)])
    clearTimeout(timer)
    this.#dropped += this.#queue.clear()
  }

  async #writeUntil(deadlineMs: number): Promise<void> {
    for (;;) {
      await this.flush()
      const leftMs = deadlineMs - nowMs()
      if (this.#queue.rows === 0 || leftMs <= 0) return
      await Bun.sleep(Math.min(leftMs, this.#settings.retryMinMs))
    }
  }

  #writeIfDue(): void {
    if (this.#queue.rows > 0 && nowMs() >= this.#retryAtMs) void this.#write()
  }

  /** One at a time, whoever asks. Never rejects. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null
    })
    return this.#writing
  }

  async #writeAll(): Promise<void> {
    for (let batch = this.#queue.seal(); batch !== null; batch = this.#queue.seal()) {
      const { statement, values } = insertStatement(batch.rows, this.#database.engine)
      try {
        await this.#database.run(statement, values)
      } catch {
        this.#queue.unseal()
        this.#failed()
        return
      }
      this.#written += batch.rows.length
      // Given up while it was on its way, and it arrived all the same.
      if (!this.#queue.remove(batch)) this.#dropped -= batch.rows.length
      this.#worked()
      // Requests go first: SQLite's answer was there without the event loop having turned.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #failed(): void {
    const { retryMinMs, retryMaxMs } = this.#settings
    this.#failures += 1
    this.#failuresInRow += 1
    const pauseMs = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(16, this.#failuresInRow - 1))
    this.#retryAtMs = nowMs() + pauseMs
    if (this.#failuresInRow === 1) this.#changed(this.view())
  }

  #worked(): void {
    if (this.#failuresInRow === 0) return
    this.#failuresInRow = 0
    this.#retryAtMs = 0
    this.#changed(this.view())
  }

  #startRetention(): ReturnType<typeof setInterval> | null {
    const { retentionDays, retentionIntervalMs } = this.#settings
    if (retentionDays <= 0) return null
    const timer = setInterval(() => {
      this.#deleting ??= this.#deleteOld().finally(() => {
        this.#deleting = null
      })
    }, retentionIntervalMs)
    timer.unref()
    return timer
  }

  /** A few at a time, and again with the next turn where that fails. */
  async #deleteOld(): Promise<void> {
    const before = Date.now() - this.#settings.retentionDays * DAY_MS
    for (let deleted = DELETED_AT_ONCE; deleted === DELETED_AT_ONCE && !this.#isClosed; ) {
      if (!this.#database.isThere()) return
      const rows = await this.#database.run(deleteStatement, [before]).catch(() => [])
      deleted = rows.length
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

const deleteStatement =
  'delete from usage_ledger where (at_ms, id) in (select at_ms, id from usage_ledger ' +
  `where at_ms < $1 order by at_ms limit ${DELETED_AT_ONCE}) returning at_ms`
