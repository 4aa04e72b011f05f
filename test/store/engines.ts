/** The same tests on both engines of the database, each on a database of its own. */
import { afterAll, beforeAll, describe } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, type DatabaseClocks, openDatabase } from '../../src/store/database.ts'
import { describeWithPostgres, type PostgresServer, startPostgres } from '../kit/postgres.ts'
import { runDirectory } from '../kit/run-directory.ts'

/** An engine to test on. */
export interface Engine {
  readonly name: Database['engine']
  /** The address of an empty database. */
  newDatabase(): Promise<string>
  /** Makes it wait as if it were far away, and lets it go on; SQLite cannot do that. */
  readonly server: () => PostgresServer | null
}

/** The path of a file that is not there yet, in a directory that is. */
export const newFile = (): string => join(mkdtempSync(join(runDirectory(), 'sqlite-')), 'sluice.db')

/** Defines tests once for each engine. */
export function onEachEngine(define: (engine: Engine) => void): void {
  describe('sqlite', () => {
    define({ name: 'sqlite', newDatabase: async () => newFile(), server: () => null })
  })
  describeWithPostgres('postgres', () => {
    let server: PostgresServer | null = null
    beforeAll(async () => {
      server = await startPostgres()
    }, 60_000)
    afterAll(async () => await server?.close())
    define({
      name: 'postgres',
      newDatabase: async () => (await server?.newDatabase()) ?? '',
      server: () => server,
    })
  })
}

/** Opens a database for one test; leaving the test closes it. */
export function opened(url: string, clocks: Partial<DatabaseClocks> = {}) {
  const database = openDatabase(url, clocks)
  return Object.assign(database, { [Symbol.asyncDispose]: () => database.close() })
}

/** The code of the error that `promise` fails with; `none` where it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'none',
    (error) => String(error?.code ?? error),
  )
}
