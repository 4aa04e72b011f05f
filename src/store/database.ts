/**
 * The database: a SQLite file, or PostgreSQL where several machines share one. One code path for
 * both, over the runtime's own client. Nothing is opened, and no file is made, before the first
 * statement. Values travel as bound parameters only, `$1`, `$2` and so on in both engines.
 */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs'
import { SQL } from 'bun'
import { nowMs } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import { type Locked, migrate } from './migrate.ts'
import { Turns } from './turns.ts'

/** What a parameter can be. Booleans are not the same in both engines; use 0 and 1. */
export type SqlValue = string | number | null

/** A row, by the names of its columns. PostgreSQL gives a `bigint` as text: see `integerAt`. */
export type SqlRow = Readonly<Record<string, unknown>>

/** Runs one statement and gives its rows; one that changes rows gives them by `returning`. */
export type RunStatement = (
  statement: string,
  values?: readonly SqlValue[],
) => Promise<readonly SqlRow[]>

/** A database. All that fails, fails as `GatewayError` `store_unavailable`. */
export interface Database {
  readonly engine: 'sqlite' | 'postgres'
  /** False while there is no file yet: then there is nothing in it, and reading would make it. */
  isThere(): boolean
  /** Opens it and brings its tables up to date, for who can wait longer than a statement may. */
  ready(): Promise<void>
  /** Runs one statement. Never inside of `transaction`, whose own `run` is for that. */
  readonly run: RunStatement
  /** Runs several as one: all or, where `work` throws, none. Writers take turns. */
  transaction<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result>
  /** Closes it; what is under way fails. Safe to call twice. */
  close(): Promise<void>
}

/** How long things may take, in milliseconds. A test brings shorter ones. */
export interface DatabaseClocks {
  /** One statement or transaction, with the wait for a connection or a lock. */
  readonly statementMs: number
  /** The first use: connecting, waiting for other processes, and changing the tables. */
  readonly openMs: number
  /** For so long after it could not be reached, it is not asked again. */
  readonly restMs: number
}

const defaultClocks: DatabaseClocks = { statementMs: 2000, openMs: 30_000, restMs: 500 }

/** Connections of one process to PostgreSQL: key lookups are few, because they are cached. */
const CONNECTIONS_MAX = 4

/** Pauses between two tries of a locked SQLite file, so that the event loop is never blocked. */
const LOCK_PAUSE_MIN_MS = 2
const LOCK_PAUSE_MAX_MS = 50

/**
 * Describes a database; it is opened by the first statement.
 * @param url `postgres://...`, or the path of a SQLite file with or without `sqlite:` before it
 */
export function openDatabase(url: string, clocks: Partial<DatabaseClocks> = {}): Database {
  return new SqlDatabase(url, { ...defaultClocks, ...clocks })
}

/** The path of a SQLite file, or null where the address is one of PostgreSQL. */
export function sqliteFile(url: string): string | null {
  if (/^postgres(ql)?:\/\//i.test(url)) return null
  return url.replace(/^(sqlite|file):(\/\/)?/i, '')
}

/** A whole number of a row; PostgreSQL's client gives those of 64 bits as text. */
export function integerAt(row: SqlRow, column: string): number | null {
  const value = row[column]
  if (value === null || value === undefined) return null
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new TypeError(`${column} is no whole number`)
  return number
}

class SqlDatabase implements Database {
  readonly engine: Database['engine']
  readonly #url: string
  readonly #file: string | null
  readonly #clocks: DatabaseClocks
  /** SQLite has one connection: a statement beside a transaction would become part of it. */
  readonly #turns = new Turns()
  #opened: Promise<SQL> | null = null
  #restsUntilMs = 0
  #isClosed = false

  constructor(url: string, clocks: DatabaseClocks) {
    this.#url = url
    this.#file = sqliteFile(url)
    this.#clocks = clocks
    this.engine = this.#file === null ? 'postgres' : 'sqlite'
  }

  isThere(): boolean {
    return this.#file === null || this.#opened !== null || existsSync(this.#file)
  }

  async ready(): Promise<void> {
    const opened = this.#openedOrOpening()
    await opened.catch((error) => this.#fail(opened, error))
  }

  readonly run: RunStatement = (statement, values = []) =>
    this.#bounded((sql, deadlineMs) =>
      this.#inTurn(() =>
        this.#untilUnlocked(deadlineMs, async () => await sql.unsafe(statement, [...values])),
      ),
    )

  transaction<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    return this.#bounded((sql, deadlineMs) => this.#locked(sql, deadlineMs)(work))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#discard(this.#opened)
  }

  /** A transaction that waits for other writers; in SQLite all wait for one lock. */
  #locked(sql: SQL, deadlineMs: number): Locked {
    return (work) => {
      const inside = (transaction: SQL) =>
        work(async (statement, values = []) => await transaction.unsafe(statement, [...values]))
      if (this.#file === null) {
        return sql.begin(async (transaction) => {
          const leftMs = Math.max(1, Math.ceil(deadlineMs - nowMs()))
          await transaction.unsafe(`set local statement_timeout = ${leftMs}`)
          return await inside(transaction)
        }) as ReturnType<typeof inside>
      }
      const begin = () => sql.begin('immediate', inside) as ReturnType<typeof inside>
      return this.#inTurn(() => this.#untilUnlocked(deadlineMs, begin))
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#file === null ? work() : this.#turns.take(work)
  }

  /** Tries again while another process holds the lock of a SQLite file. */
  async #untilUnlocked<Result>(deadlineMs: number, work: () => Promise<Result>): Promise<Result> {
    for (let pauseMs = LOCK_PAUSE_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, LOCK_PAUSE_MAX_MS)) {
      // Who waited is told by then that it was in vain, so that nothing is done after all.
      if (nowMs() > deadlineMs) throw new TooLate()
      try {
        return await work()
      } catch (error) {
        if (!isLocked(error) || nowMs() + pauseMs > deadlineMs) throw error
      }
      await Bun.sleep(pauseMs * (0.5 + Math.random()))
    }
  }

  /** Opens where that is not done yet, and ends what takes too long, with its connection. */
  async #bounded<Result>(work: (sql: SQL, deadlineMs: number) => Promise<Result>): Promise<Result> {
    const opened = this.#openedOrOpening()
    const deadlineMs = nowMs() + this.#clocks.statementMs
    let isOpen = false
    const result = opened.then((sql) => {
      isOpen = true
      return work(sql, deadlineMs)
    })
    try {
      return await before(deadlineMs, result)
    } catch (error) {
      if (error instanceof TooLate && !isOpen) {
        // It may be waiting for its turn to change the tables, so that is not given up.
        this.#restsUntilMs = nowMs() + this.#clocks.restMs
        throw unavailable(error)
      }
      return await this.#fail(opened, error)
    }
  }

  async #fail(opened: Promise<SQL>, error: unknown): Promise<never> {
    if (error instanceof GatewayError) throw error
    // A file that others hold for too long is there all the same.
    const isHeld = this.#file !== null && error instanceof TooLate
    if (isAway(error) && !isHeld) await this.#rest(opened)
    throw unavailable(error)
  }

  /**
   * Leaves the database alone for a moment. Its connections are given up: a reply that comes late
   * must never be taken for the answer to something else.
   */
  async #rest(opened: Promise<SQL>): Promise<void> {
    // Several may fail together; only the first of them finds it open.
    if (this.#opened !== null && this.#opened !== opened) return
    this.#opened = null
    this.#restsUntilMs = nowMs() + this.#clocks.restMs
    await this.#discard(opened)
  }

  async #discard(opened: Promise<SQL> | null): Promise<void> {
    if (opened === null) return
    const discarded = opened.then((sql) => sql.close({ timeout: 0 }))
    // A database that is still being opened is closed when that has come to an end.
    await Promise.race([discarded.catch(() => {}), Bun.sleep(100)])
  }

  #openedOrOpening(): Promise<SQL> {
    if (this.#isClosed || nowMs() < this.#restsUntilMs) return Promise.reject(unavailable())
    if (this.#opened !== null) return this.#opened
    const deadlineMs = nowMs() + this.#clocks.openMs
    const opened = this.#connect(deadlineMs)
    this.#opened = opened
    // Who waits for it is told; without anybody waiting it must not end the process.
    opened.catch(() => {
      if (this.#opened === opened) this.#opened = null
    })
    return opened
  }

  async #connect(deadlineMs: number): Promise<SQL> {
    const sql = this.#file === null ? postgres(this.#url, this.#clocks) : sqlite(this.#file)
    try {
      if (this.#file !== null) {
        await sql.unsafe('pragma busy_timeout = 0')
        await sql.unsafe('pragma foreign_keys = on')
        await this.#untilUnlocked(deadlineMs, async () => {
          await sql.unsafe('pragma journal_mode = wal')
        })
        await sql.unsafe('pragma synchronous = normal')
      }
      await before(deadlineMs, migrate(this.engine, this.#locked(sql, deadlineMs)))
      return sql
    } catch (error) {
      await Promise.race([sql.close({ timeout: 0 }).catch(() => {}), Bun.sleep(100)])
      throw error
    }
  }
}

function postgres(url: string, { statementMs }: DatabaseClocks): SQL {
  return new SQL({
    adapter: 'postgres',
    url,
    max: CONNECTIONS_MAX,
    idleTimeout: 60,
    connectionTimeout: Math.max(1, Math.ceil(statementMs / 1000)),
    // Poolers that share connections between transactions know no statements of a session.
    prepare: false,
    onconnect: () => {},
    onclose: () => {},
  })
}

/** Opens a file that only its owner may read; the files beside it get the same mode from SQLite. */
function sqlite(file: string): SQL {
  closeSync(openSync(file, 'a', 0o600))
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600)
  return new SQL({ adapter: 'sqlite', filename: file, readwrite: true, create: true })
}

const unavailable = (cause?: unknown): GatewayError =>
  new GatewayError('store_unavailable', { retryAfterMs: 1000, cause })

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

const isLocked = (error: unknown): boolean => /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error))

/** What SQLite and PostgreSQL themselves say of one statement; all else is a fault on the way. */
const ofStatement = /^(SQLITE_(?!CANTOPEN|IOERR)|ERR_POSTGRES_SERVER)/

/** Whether the engine itself is away, rather than one statement refused by it. */
const isAway = (error: unknown): boolean =>
  error instanceof TooLate || (codeOf(error) !== '' && !ofStatement.test(codeOf(error)))

class TooLate extends Error {
  override readonly name = 'TooLate'
}

/** What `promise` gives, or `TooLate` at the deadline; it is left to end by itself then. */
async function before<Result>(deadlineMs: number, promise: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate()), Math.max(0, deadlineMs - nowMs()))
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
