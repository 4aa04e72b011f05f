/**
 * The rows of the file that workers count in. Within a step each is read once and written once, at
 * its end, however many ask for it.
 */
import type { Database } from 'bun:sqlite'
import { DrawnRows } from './sqlite-drawn.ts'
import { PLACES, placesKey } from './sqlite-keys.ts'

/** A row of numbers, in the order of the columns. */
export type Row = readonly (number | null)[]

/** What is counted under one key. */
export interface Counted {
  readonly amount: number
  /** When it was written. */
  readonly atUs: number
  /** When it is over; of places, when one of them may have lapsed. */
  readonly untilUs: number
  /** What workers drew and may still use. It is not in the amount. */
  readonly ahead: number
  /** When the first of that lapses; 0 where nothing is drawn. */
  readonly lapsesUs: number
  /** Units that were ever added to a rate, for who has to know what came since he looked. */
  readonly poured: number
}

/** What a key has that nobody counted. */
export const uncounted: Counted = Object.freeze({
  amount: 0,
  atUs: 0,
  untilUs: 0,
  ahead: 0,
  lapsesUs: 0,
  poured: 0,
})

/** The rows. All of it within a step. */
export class SqliteRows {
  readonly #database: Database
  readonly #select
  readonly #upsert
  readonly #delete
  readonly #recount
  readonly #place
  readonly #enter
  readonly #leave
  readonly #lapse
  /** What workers drew. */
  readonly drawn: DrawnRows
  /** What a step has read or counted so far. */
  readonly #seen = new Map<string, Counted | null>()
  readonly #changed = new Set<string>()
  /** What was there before, for what may have to be undone within a step. */
  #before: (readonly [key: string, counted: Counted | null])[] | null = null

  constructor(database: Database) {
    this.#database = database
    this.drawn = new DrawnRows(database)
    this.#select = database.prepare(
      'select amount, at, until, ahead, lapses, poured from counted where key = ?',
    )
    this.#upsert = database.prepare(
      `insert into counted values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (key) do update
       set amount = ?2, at = ?3, until = ?4, ahead = ?5, lapses = ?6, poured = ?7`,
    )
    this.#delete = database.prepare('delete from counted where key = ?')
    this.#recount = database.prepare('select count(*), min(until) from place where key = ?')
    this.#place = database.prepare('select until from place where key = ? and id = ?')
    this.#enter = database.prepare(
      `insert into place values (?1, ?2, ?3, ?4) on conflict (key, id)
       do update set at = ?3, until = ?4`,
    )
    this.#leave = database.prepare('delete from place where key = ? and id = ?')
    this.#lapse = database.prepare('delete from place where key = ? and until <= ?')
  }

  /** What is counted under a key; null where nothing is. */
  counted(key: string): Counted | null {
    const seen = this.#seen.get(key)
    if (seen !== undefined) return seen
    const row = this.#select.values(key)[0] as Row | undefined
    const [amount, atUs, untilUs, ahead, lapsesUs, poured] = row ?? []
    const counted: Counted | null =
      row === undefined
        ? null
        : {
            amount: amount ?? 0,
            atUs: atUs ?? 0,
            untilUs: untilUs ?? 0,
            ahead: ahead ?? 0,
            lapsesUs: lapsesUs ?? 0,
            poured: poured ?? 0,
          }
    this.#seen.set(key, counted)
    return counted
  }

  /** Counts, at the end of the step; null forgets the key. */
  count(key: string, counted: Counted | null): void {
    this.#before?.push([key, this.counted(key)])
    this.#seen.set(key, counted)
    this.#changed.add(key)
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

  /** Does what stays, whatever becomes of the tentative work around it. */
  firmly(work: () => void): void {
    const before = this.#before
    this.#before = null
    work()
    this.#before = before
  }

  /** Writes what was counted. */
  write(): void {
    this.drawn.write()
    for (const key of this.#changed) {
      const counted = this.#seen.get(key) ?? null
      if (counted === null) this.#delete.run(key)
      else {
        const { amount, atUs, untilUs, ahead, lapsesUs, poured } = counted
        this.#upsert.run(key, amount, atUs, untilUs, ahead, lapsesUs, poured)
      }
    }
    this.#changed.clear()
  }

  /** The step is over, well or not. */
  forget(): void {
    this.drawn.forget()
    this.#seen.clear()
    this.#changed.clear()
  }

  /**
   * How many places are taken (`amount`), and how many workers may take besides (`ahead`). Counted
   * when one may have lapsed; between that, the number is kept beside them, so that many places
   * cost no more than few.
   */
  places(key: string, nowUs: number): Counted {
    const row = this.counted(placesKey(key))
    if (row === null) return uncounted
    return row.untilUs > nowUs ? row : this.#recounted(key, nowUs)
  }

  /** When the oldest place of a key lapses; 0 where none is taken. */
  oldestUs(key: string, nowUs: number): number {
    return this.#recounted(key, nowUs).untilUs
  }

  /** Whether an id has a row of its own. */
  hasPlace(key: string, id: string): boolean {
    return this.#place.values(key, id).length > 0
  }

  /** Takes a place that an id does not have yet, or keeps its own. */
  enter(key: string, id: string, nowUs: number, untilUs: number): void {
    const isNew = !this.hasPlace(key, id)
    this.put(key, id, nowUs, untilUs)
    if (isNew) this.changePlaces(key, 1, 0, nowUs, untilUs)
  }

  /** Writes until when an id has a place, and does not count it. */
  put(key: string, id: string, nowUs: number, untilUs: number): void {
    this.#enter.run(key, id, nowUs, untilUs)
  }

  /** Frees a place; one that is not there is no mistake. */
  leave(key: string, id: string, nowUs: number): void {
    if (this.#leave.run(key, id).changes > 0) this.changePlaces(key, -1, 0, nowUs, 0)
  }

  /**
   * Counts places more or less. Before `untilUs` of the count no place lapses, though the oldest
   * may have left meanwhile.
   * @param untilUs when what is added lapses; 0 where nothing is.
   */
  changePlaces(key: string, by: number, aheadBy: number, nowUs: number, untilUs: number): void {
    const before = this.counted(placesKey(key)) ?? uncounted
    const isNone = before.amount === 0 && before.ahead === 0
    const until =
      untilUs === 0 ? before.untilUs : isNone ? untilUs : Math.min(before.untilUs, untilUs)
    this.count(placesKey(key), {
      ...before,
      amount: Math.max(0, before.amount + by),
      ahead: Math.max(0, before.ahead + aheadBy),
      atUs: nowUs,
      untilUs: until,
    })
  }

  /** Forgets what is over, and brings rows of a clock that went back into the present. */
  sweep(nowUs: number): void {
    const database = this.#database
    // What follows asks the tables themselves.
    this.write()
    this.#seen.clear()
    database.run(`delete from counted where until <= ? and key not like '${PLACES}%'`, [nowUs])
    this.drawn.sweep(nowUs)
    const moved = 'update place set until = until - (at - ?1), at = ?1 where at > ?1'
    if (database.run(moved, [nowUs]).changes > 0 || this.drawn.movedBack(nowUs)) {
      database.run(`update counted set until = 0 where key like '${PLACES}%'`)
    }
    const due = `select key from counted where key like '${PLACES}%' and until <= ?`
    for (const row of database.query(due).values(nowUs)) {
      this.#recounted(String(row[0]).slice(PLACES.length), nowUs)
    }
  }

  /** Removes what lapsed and counts the rest. */
  #recounted(key: string, nowUs: number): Counted {
    this.#lapse.run(key, nowUs)
    const row = this.#recount.values(key)[0] as Row | undefined
    const [count, oldestUs] = [row?.[0] ?? 0, row?.[1] ?? 0]
    const { ahead, held, lapsesUs } = this.drawn.lapsed(placesKey(key), nowUs)
    const amount = count + held
    const untilUs = earlier(oldestUs, lapsesUs)
    const isNone = amount === 0 && ahead === 0
    const counted = isNone ? null : { ...uncounted, amount, ahead, atUs: nowUs, untilUs }
    this.count(placesKey(key), counted)
    return counted ?? uncounted
  }
}

/** The earlier of two times, of which 0 is none. */
export const earlier = (one: number, other: number): number =>
  one === 0 || other === 0 ? Math.max(one, other) : Math.min(one, other)
