/** Brings the tables up to date at the first use, while other processes may be doing the same. */
import type { RunStatement } from './database.ts'
import { migrations } from './migrations.ts'

/** Runs `work` as one, and alone: whoever else writes waits. */
export type Locked = <Result>(work: (run: RunStatement) => Promise<Result>) => Promise<Result>

/** Any number will do that nobody else locks in the same database. */
const LOCK_NUMBER = 7_580_314_625

/**
 * Makes the changes that the database has not seen. All in one transaction under a lock: of many
 * processes that start at once, one makes them and the others find them made. Changes that only a
 * newer program knows are left alone.
 */
export function migrate(engine: 'sqlite' | 'postgres', locked: Locked): Promise<void> {
  return locked(async (run) => {
    if (engine === 'postgres') await run(`select pg_advisory_xact_lock(${LOCK_NUMBER})`)
    await run(
      `create table if not exists sluice_migrations (
        version integer primary key,
        name text not null,
        made_at bigint not null
      )`,
    )
    const made = await run('select version from sluice_migrations')
    const versions = new Set(made.map(({ version }) => Number(version)))
    for (const { version, name, statements } of migrations) {
      if (versions.has(version)) continue
      for (const statement of statements) await run(statement)
      const values = [version, name, Date.now()]
      await run(
        'insert into sluice_migrations (version, name, made_at) values ($1, $2, $3)',
        values,
      )
    }
  })
}
