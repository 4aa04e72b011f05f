/** The rows that say what each worker drew ahead, and until when that is its own. */
import type { Database } from 'bun:sqlite'

/** What this worker drew of one key. */
export interface Drawn {
  /** May be used without asking. */
  readonly units: number
  /** Places that are used besides, and are counted as taken. */
  readonly held: number
  readonly atUs: number
  readonly untilUs: number
}

/** What is drawn of one key by all workers. */
export interface DrawnByAll {
  readonly ahead: number
  readonly held: number
  /** When the first of it lapses; 0 where nothing is drawn. */
  readonly lapsesUs: number
  /** Units of rows that lapsed and are gone now. */
  readonly gone: number
}

/** The rows, those of this worker as read and written once in a step. */
export class DrawnRows {
  readonly #database: Database
  readonly #worker = newWorker()
  readonly #select
  readonly #upsert
  readonly #delete
  readonly #gone
  readonly #lapse
  readonly #sum
  readonly #own = new Map<string, Drawn | null>()
  readonly #changed = new Set<string>()

  constructor(database: Database) {
    this.#database = database
    this.#select = database.prepare(
      'select units, held, at, until from drawn where key = ? and worker = ?',
    )
    this.#upsert = database.prepare(
      `insert into drawn values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (key, worker)
       do update set units = ?3, held = ?4, at = ?5, until = ?6`,
    )
    this.#delete = database.prepare('delete from drawn where key = ? and worker = ?')
    this.#gone = database.prepare('select sum(units) from drawn where key = ? and until <= ?')
    this.#lapse = database.prepare('delete from drawn where key = ? and until <= ?')
    this.#sum = database.prepare(
      'select sum(units), sum(held), min(until) from drawn where key = ?',
    )
  }

  /** What this worker drew of a key; null where that is nothing, or lapsed and was noticed. */
  own(key: string): Drawn | null {
    const seen = this.#own.get(key)
    if (seen !== undefined) return seen
    const row = this.#select.values(key, this.#worker)[0] as Row | undefined
    const own =
      row === undefined
        ? null
        : { units: row[0] ?? 0, held: row[1] ?? 0, atUs: row[2] ?? 0, untilUs: row[3] ?? 0 }
    this.#own.set(key, own)
    return own
  }

  /** Writes, at the end of the step, what this worker drew; null is nothing. */
  setOwn(key: string, own: Drawn | null): void {
    this.#own.set(key, own)
    this.#changed.add(key)
  }

  /** Removes what lapsed of a key, and sums up the rest. */
  lapsed(key: string, nowUs: number): DrawnByAll {
    this.write()
    const gone = (this.#gone.values(key, nowUs)[0] as Row | undefined)?.[0] ?? 0
    if (this.#lapse.run(key, nowUs).changes > 0) this.#own.delete(key)
    const row = this.#sum.values(key)[0] as Row | undefined
    return { ahead: row?.[0] ?? 0, held: row?.[1] ?? 0, lapsesUs: row?.[2] ?? 0, gone }
  }

  /** Forgets rows of numbers that are not counted any more. Those of places are counted anew. */
  sweep(nowUs: number): void {
    this.#database.run(
      'delete from drawn where until <= ? and key not in (select key from counted)',
      [nowUs],
    )
  }

  /** Brings rows of a clock that went back into the present; tells whether there were any. */
  movedBack(nowUs: number): boolean {
    const moved = 'update drawn set until = until - (at - ?1), at = ?1 where at > ?1'
    if (this.#database.run(moved, [nowUs]).changes === 0) return false
    this.#own.clear()
    this.#database.run('update counted set lapses = min(lapses, ?1) where ahead > 0', [nowUs])
    return true
  }

  write(): void {
    for (const key of this.#changed) {
      const own = this.#own.get(key) ?? null
      if (own === null) this.#delete.run(key, this.#worker)
      else {
        const { units, held, atUs, untilUs } = own
        this.#upsert.run(key, this.#worker, units, held, atUs, untilUs)
      }
    }
    this.#changed.clear()
  }

  /** The step is over, well or not. */
  forget(): void {
    this.#own.clear()
    this.#changed.clear()
  }
}

/** A row of numbers, in the order of the columns. */
type Row = readonly (number | null)[]

/** Nobody else's number: process ids come again, and a process may have several stores. */
function newWorker(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2))
  return (high & 0xf_ff_ff) * 2 ** 32 + low
}
