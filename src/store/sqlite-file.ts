/** The file that the workers of one machine count in: how it is opened, what a step in it is. */
import { Database, SQLiteError } from 'bun:sqlite'
import { nowMs } from '../core/clock.ts'
import { SqliteRows } from './sqlite-rows.ts'

/** Between two attempts to begin: a transaction of another worker takes some 20 microseconds. */
const BUSY_PAUSE_MS = 0.1

/** Pauses grow up to this, so that many who wait leave the processor to the one that works. */
const BUSY_PAUSE_MAX_MS = 2

/** How long opening may wait for another worker that makes the file at this moment. */
const OPEN_TIMEOUT_MS = 5000

/**
 * WAL, so that a killed process leaves a whole file. Nothing is forced to the disk: the file is
 * for this run of the program, and what a power failure takes no longer matters.
 */
const pragmas = [
  `pragma busy_timeout = ${OPEN_TIMEOUT_MS}`,
  'pragma page_size = 4096',
  'pragma journal_mode = wal',
  'pragma synchronous = off',
  'pragma temp_store = memory',
]

/**
 * `at` is when a row was written; a clock that went back is known by it. `drawn` is what workers
 * may use without asking: of a number in `units`, of places in `units` and `held`.
 */
const tables = [
  `create table if not exists counted
     (key text primary key, amount integer not null, at integer not null, until integer not null,
      ahead integer not null, lapses integer not null, poured integer not null) without rowid`,
  `create table if not exists place
     (key text not null, id text not null, at integer not null, until integer not null,
      primary key (key, id)) without rowid`,
  `create table if not exists drawn
     (key text not null, worker integer not null, units integer not null, held integer not null,
      at integer not null, until integer not null, primary key (key, worker)) without rowid`,
]

/** Nobody ever wakes this up: it is for pauses shorter than the engine's own, which are 1 ms. */
const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** The open file. */
export class SqliteFile {
  readonly #database: Database
  readonly #begin
  readonly #commit
  readonly #rollback
  /** What is in it, within a step. */
  readonly rows: SqliteRows

  /** Opens the file and makes its tables. Throws what the runtime throws. */
  constructor(path: string) {
    const database = new Database(path, { create: true })
    this.#database = database
    for (const statement of [...pragmas, ...tables]) {
      patiently(OPEN_TIMEOUT_MS, () => database.run(statement))
    }
    database.run('pragma busy_timeout = 0')
    this.#begin = database.prepare('begin immediate')
    this.#commit = database.prepare('commit')
    this.#rollback = database.prepare('rollback')
    this.rows = new SqliteRows(database)
  }

  /**
   * Runs `work` as one step for all processes; undoes it where that throws.
   * @param busyTimeoutMs how long it waits for the steps of others, before it throws.
   */
  step<Result>(busyTimeoutMs: number, work: () => Result): Result {
    patiently(busyTimeoutMs, () => this.#begin.run())
    let isDone = false
    try {
      const result = work()
      this.rows.write()
      this.#commit.run()
      isDone = true
      return result
    } finally {
      this.rows.forget()
      // A statement that failed may have rolled back already.
      if (!isDone && this.#database.inTransaction) this.#rollback.run()
    }
  }

  close(): void {
    this.#database.close()
  }
}

/**
 * Runs a step when no other process is in one. SQLite's own waiting does not cover the change of
 * the journal, which every process makes that opens the file, and several may open it at once.
 * Throws what the runtime throws, and `SQLITE_BUSY` when that lasts longer than `timeoutMs`.
 */
function patiently(timeoutMs: number, run: () => void): void {
  let untilMs = 0
  let pauseMs = BUSY_PAUSE_MS
  for (;;) {
    try {
      run()
      return
    } catch (thrown) {
      if (!(thrown instanceof SQLiteError && thrown.code === 'SQLITE_BUSY')) throw thrown
      if (untilMs === 0) untilMs = nowMs() + timeoutMs
      if (nowMs() >= untilMs) throw thrown
    }
    Atomics.wait(sleeper, 0, 0, pauseMs * (0.5 + Math.random()))
    pauseMs = Math.min(BUSY_PAUSE_MAX_MS, pauseMs * 1.5)
  }
}
