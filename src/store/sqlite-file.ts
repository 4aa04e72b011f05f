/** The file that the workers of one machine count in: its pragmas, its tables, its statements. */
import { Database } from 'bun:sqlite'

/** How long a statement waits for another worker's transaction, which takes microseconds. */
const BUSY_TIMEOUT_MS = 100

/**
 * WAL, so that a killed process leaves a whole file. Nothing is forced to the disk: the file is
 * for this run of the program, and what a power failure takes no longer matters.
 */
const pragmas = [
  'pragma page_size = 1024',
  `pragma busy_timeout = ${BUSY_TIMEOUT_MS}`,
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

/** Opens the file and makes its tables. Throws what the runtime throws. */
export class SqliteFile {
  readonly #database: Database
  readonly #begin
  readonly #commit
  readonly #rollback
  readonly #counted
  readonly #count
  readonly #places
  readonly #place
  readonly #enter
  readonly #leave

  constructor(path: string) {
    const database = new Database(path, { create: true })
    this.#database = database
    for (const statement of [...pragmas, ...tables]) database.run(statement)
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
    this.#begin.run()
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
