/** The file that the workers of one machine count in: its pragmas, its tables, its statements. */
import { Database, SQLiteError } from 'bun:sqlite'
import { nowMs } from '../core/clock.ts'

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

/** `at` is when the row was written; a clock that went back is known by it. */
const tables = [
  `create table if not exists counted
     (key text primary key, amount integer not null, at integer not null, until integer not null)
     without rowid`,
  `create table if not exists place
     (key text not null, id text not null, at integer not null, until integer not null,
      primary key (key, id)) without rowid`,
]

/** Begins the keys of the numbers of places. */
const PLACES = 'l:'

/** A row of numbers, in the order of the columns. */
type Row = readonly (number | null)[]

/** What is counted under one key. */
type Counted = readonly [amount: number, at: number, until: number]

/** Nobody ever wakes this up: it is for pauses shorter than the engine's own, which are 1 ms. */
const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** The open file. */
export class SqliteFile {
  readonly #database: Database
  readonly #begin
  readonly #commit
  readonly #rollback
  readonly #counted
  readonly #count
  readonly #forget
  readonly #recount
  readonly #place
  readonly #enter
  readonly #leave
  readonly #lapse
  /** What a step has read or counted so far: a key that many ask for is read and written once. */
  readonly #seen = new Map<string, Counted | null>()
  readonly #changed = new Set<string>()
  /** What was there before, for what may have to be undone within a step. */
  #before: (readonly [key: string, counted: Counted | null])[] | null = null

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
    this.#counted = database.prepare('select amount, at, until from counted where key = ?')
    this.#count = database.prepare(
      `insert into counted values (?1, ?2, ?3, ?4) on conflict (key)
       do update set amount = ?2, at = ?3, until = ?4`,
    )
    this.#forget = database.prepare('delete from counted where key = ?')
    this.#recount = database.prepare('select count(*), min(until) from place where key = ?')
    this.#place = database.prepare('select until from place where key = ? and id = ?')
    this.#enter = database.prepare(
      `insert into place values (?1, ?2, ?3, ?4) on conflict (key, id)
       do update set at = ?3, until = ?4`,
    )
    this.#leave = database.prepare('delete from place where key = ? and id = ?')
    this.#lapse = database.prepare('delete from place where key = ? and until <= ?')
  }

  /**
   * Runs `work` as one step for all processes; undoes it where that throws or gives null.
   * @param busyTimeoutMs how long it waits for the steps of others, before it throws.
   */
  step<Result>(busyTimeoutMs: number, work: () => Result | null): Result | null {
    patiently(busyTimeoutMs, () => this.#begin.run())
    let isDone = false
    try {
      const result = work()
      if (result !== null) {
        this.#write()
        this.#commit.run()
        isDone = true
      }
      return result
    } finally {
      this.#seen.clear()
      this.#changed.clear()
      // A statement that failed may have rolled back already.
      if (!isDone && this.#database.inTransaction) this.#rollback.run()
    }
  }

  /** The amount of a key, when it was written, and until when it counts; null where none is. */
  counted(key: string): Counted | null {
    const seen = this.#seen.get(key)
    if (seen !== undefined) return seen
    const row = this.#counted.values(key)[0] as Row | undefined
    const counted: Counted | null =
      row === undefined ? null : [row[0] ?? 0, row[1] ?? 0, row[2] ?? 0]
    this.#seen.set(key, counted)
    return counted
  }

  /** Counts, at the end of the step. */
  count(key: string, amount: number, at: number, until: number): void {
    this.#change(key, [amount, at, until])
  }

  /** Does `work` within a step; what it counts is undone where that gives false. */
  tentatively(work: () => boolean): void {
    const before: (readonly [string, Counted | null])[] = []
    this.#before = before
    const isDone = work()
    this.#before = null
    if (isDone) return
    for (const [key, counted] of before.reverse()) this.#seen.set(key, counted)
  }

  #change(key: string, counted: Counted | null): void {
    this.#before?.push([key, this.counted(key)])
    this.#seen.set(key, counted)
    this.#changed.add(key)
  }

  /** Writes what was counted. */
  #write(): void {
    for (const key of this.#changed) {
      const counted = this.#seen.get(key) ?? null
      if (counted === null) this.#forget.run(key)
      else this.#count.run(key, ...counted)
    }
    this.#changed.clear()
  }

  /**
   * How many places are taken. Counted when one may have lapsed; between that, the number is kept
   * beside them, so that many places cost no more than few.
   */
  places(key: string, nowUs: number): number {
    const row = this.counted(placesKey(key))
    if (row === null) return 0
    return row[2] > nowUs ? row[0] : this.#recounted(key, nowUs)[0]
  }

  /** When the oldest place of a key lapses; 0 where none is taken. */
  oldestUs(key: string, nowUs: number): number {
    return this.#recounted(key, nowUs)[1]
  }

  /** Until when an id has a place; null where it has none. */
  placeUntilUs(key: string, id: string): number | null {
    const row = this.#place.values(key, id)[0] as Row | undefined
    return row?.[0] ?? null
  }

  /** Takes a place that an id does not have yet, or keeps its own. */
  enter(key: string, id: string, nowUs: number, untilUs: number): void {
    const isNew = this.#place.values(key, id).length === 0
    this.put(key, id, nowUs, untilUs)
    if (isNew) this.changeCount(key, 1, nowUs, untilUs)
  }

  /** Writes until when an id has a place, or that it has none, and does not count it. */
  put(key: string, id: string, nowUs: number, untilUs: number | null): void {
    if (untilUs === null) this.#leave.run(key, id)
    else this.#enter.run(key, id, nowUs, untilUs)
  }

  /** Frees a place; one that is not there is no mistake. */
  leave(key: string, id: string, nowUs: number): void {
    if (this.#leave.run(key, id).changes > 0) this.changeCount(key, -1, nowUs, 0)
  }

  /** Forgets what is over, and brings places of a clock that went back into the present. */
  sweep(nowUs: number): void {
    const database = this.#database
    // What follows asks the tables themselves.
    this.#write()
    this.#seen.clear()
    database.run(`delete from counted where until <= ? and key not like '${PLACES}%'`, [nowUs])
    const moved = 'update place set until = until - (at - ?1), at = ?1 where at > ?1'
    if (database.run(moved, [nowUs]).changes > 0) {
      database.run(`update counted set until = 0 where key like '${PLACES}%'`)
    }
    const due = `select key from counted where key like '${PLACES}%' and until <= ?`
    for (const row of database.query(due).values(nowUs)) {
      this.#recounted(String(row[0]).slice(PLACES.length), nowUs)
    }
  }

  /** Removes what lapsed and counts the rest. */
  #recounted(key: string, nowUs: number): readonly [count: number, oldestUs: number] {
    this.#lapse.run(key, nowUs)
    const row = this.#recount.values(key)[0] as Row | undefined
    const [count, oldestUs] = [row?.[0] ?? 0, row?.[1] ?? 0]
    if (count === 0) this.#change(placesKey(key), null)
    else this.count(placesKey(key), count, nowUs, oldestUs)
    return [count, oldestUs]
  }

  /**
   * Counts a place more or less. Before `until` of the count no place lapses, though the oldest may
   * have left meanwhile.
   */
  changeCount(key: string, by: number, nowUs: number, untilUs: number): void {
    const row = this.counted(placesKey(key))
    const before = row === null || row[0] === 0 ? null : row
    const until = before === null ? untilUs : by < 0 ? before[2] : Math.min(before[2], untilUs)
    this.count(placesKey(key), Math.max(0, (before?.[0] ?? 0) + by), nowUs, until)
  }

  close(): void {
    this.#database.close()
  }
}

const placesKey = (key: string): string => PLACES + key

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
