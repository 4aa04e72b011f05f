/** The file that the workers of one machine count in: its pragmas, its tables, its statements. */
import { Database, SQLiteError } from 'bun:sqlite'
import { nowMs } from '../core/clock.ts'

/** Between two attempts to begin: a transaction of another worker takes some 20 microseconds. */
const BUSY_PAUSE_MS = 0.1

/** How long opening may wait for another worker that makes the file at this moment. */
const OPEN_TIMEOUT_MS = 5000

/**
 * WAL, so that a killed process leaves a whole file. Nothing is forced to the disk: the file is
 * for this run of the program, and what a power failure takes no longer matters.
 */
const pragmas = [
  `pragma busy_timeout = ${OPEN_TIMEOUT_MS}`,
  'pragma page_size = 1024',
  'pragma journal_mode = wal',
  'pragma synchronous = off',
  'pragma temp_store = memory',
]

/** `at` is when the row was written; a clock that went back is known by it. */
const tables = [
  `create table if not exists counted
     (key text primary key, amount integer not null, at integer not null, until integer not null)
     without rowid`,
  `create table if not exists place
     (key text not null, id text not null, at integer not null, until integer not null,
      primary key (key, id)) without rowid`,
]

/** A row of numbers, in the order of the columns. */
type Row = readonly (number | null)[]

/** Nobody ever wakes this up: it is for pauses shorter than the engine's own, which are 1 ms. */
const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** The open file. */
export class SqliteFile {
  readonly #database: Database
  readonly #busyTimeoutMs: number
  readonly #begin
  readonly #commit
  readonly #rollback
  readonly #counted
  readonly #count
  readonly #places
  readonly #place
  readonly #enter
  readonly #leave

  /**
   * Opens the file and makes its tables. Throws what the runtime throws.
   * @param busyTimeoutMs how long a step waits for those of others.
   */
  constructor(path: string, busyTimeoutMs: number) {
    const database = new Database(path, { create: true })
    this.#database = database
    this.#busyTimeoutMs = busyTimeoutMs
    for (const statement of [...pragmas, ...tables]) database.run(statement)
    database.run('pragma busy_timeout = 0')
    this.#begin = database.prepare('begin immediate')
    this.#commit = database.prepare('commit')
    this.#rollback = database.prepare('rollback')
    this.#counted = database.prepare('select amount, at, until from counted where key = ?')
    this.#count = database.prepare(
      `insert into counted values (?1, ?2, ?3, ?4) on conflict (key)
       do update set amount = ?2, at = ?3, until = ?4`,
    )
    this.#places = database.prepare(
      'select count(*), min(until) from place where key = ? and until > ?',
    )
    this.#place = database.prepare('select until from place where key = ? and id = ?')
    this.#enter = database.prepare(
      `insert into place values (?1, ?2, ?3, ?4) on conflict (key, id)
       do update set at = ?3, until = ?4`,
    )
    this.#leave = database.prepare('delete from place where key = ? and id = ?')
  }

  /** Runs `work` as one step for all processes; undoes it where that throws or gives null. */
  step<Result>(work: () => Result | null): Result | null {
    this.#beginStep()
    let isDone = false
    try {
      const result = work()
      if (result !== null) {
        this.#commit.run()
        isDone = true
      }
      return result
    } finally {
      // A statement that failed may have rolled back already.
      if (!isDone && this.#database.inTransaction) this.#rollback.run()
    }
  }

  /** Begins when no other process is in a step. Throws when that lasts too long. */
  #beginStep(): void {
    let untilMs = 0
    while (true) {
      try {
        this.#begin.run()
        return
      } catch (thrown) {
        if (!(thrown instanceof SQLiteError && thrown.code === 'SQLITE_BUSY')) throw thrown
        if (untilMs === 0) untilMs = nowMs() + this.#busyTimeoutMs
        if (nowMs() >= untilMs) throw thrown
      }
      Atomics.wait(sleeper, 0, 0, BUSY_PAUSE_MS * (0.5 + Math.random()))
    }
  }

  /** The amount of a key, when it was written, and until when it counts; null where none is. */
  counted(key: string): readonly [amount: number, at: number, until: number] | null {
    const row = this.#counted.values(key)[0] as Row | undefined
    return row === undefined ? null : [row[0] ?? 0, row[1] ?? 0, row[2] ?? 0]
  }

  count(key: string, amount: number, at: number, until: number): void {
    this.#count.run(key, amount, at, until)
  }

  /** How many places are taken, and when the oldest lapses; 0 where none is. */
  places(key: string, nowUs: number): readonly [count: number, oldestUs: number] {
    const row = this.#places.values(key, nowUs)[0] as Row | undefined
    return [row?.[0] ?? 0, row?.[1] ?? 0]
  }

  /** Whether an id has a place. */
  hasPlace(key: string, id: string, nowUs: number): boolean {
    const row = this.#place.values(key, id)[0] as Row | undefined
    return (row?.[0] ?? 0) > nowUs
  }

  enter(key: string, id: string, nowUs: number, untilUs: number): void {
    this.#enter.run(key, id, nowUs, untilUs)
  }

  leave(key: string, id: string): void {
    this.#leave.run(key, id)
  }

  /** Forgets what is over, and brings places of a clock that went back into the present. */
  sweep(nowUs: number): void {
    this.#database.run('delete from counted where until <= ?', [nowUs])
    this.#database.run('delete from place where until <= ?', [nowUs])
    const moved = 'update place set until = until - (at - ?1), at = ?1 where at > ?1'
    this.#database.run(moved, [nowUs])
  }

  close(): void {
    this.#database.close()
  }
}
