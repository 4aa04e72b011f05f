/** The database on both engines: opened late, changed once, all or nothing, bounded in time. */
import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { integerAt } from '../../src/store/database.ts'
import { KeysTable } from '../../src/store/keys-table.ts'
import { migrations } from '../../src/store/migrations.ts'
import { eventually } from '../kit/signal.ts'
import { codeOf, type Engine, newFile, onEachEngine, opened } from './engines.ts'

setDefaultTimeout(60_000)

onEachEngine((engine) => {
  defineStartTests(engine)
  defineFailureTests(engine)
})

function defineStartTests(engine: Engine): void {
  test('the tables are made once, and the next start finds them', async () => {
    const url = await engine.newDatabase()
    const versions = async (): Promise<readonly number[]> => {
      await using database = opened(url)
      await database.ready()
      const rows = await database.run('select version from sluice_migrations order by version')
      return rows.map((row) => integerAt(row, 'version') ?? 0)
    }
    const all = migrations.map(({ version }) => version)
    expect(all.length).toBeGreaterThan(0)
    expect(await versions()).toEqual(all)
    expect(await versions()).toEqual(all)
  })

  test('what a newer program has changed is left alone', async () => {
    const url = await engine.newDatabase()
    await using database = opened(url)
    await database.run('insert into sluice_migrations values (9999, $1, 1)', ['future'])
    await using next = opened(url)
    expect(await next.run('select version from sluice_migrations where version > 9000')).toEqual(
      expect.arrayContaining([{ version: 9999 }]),
    )
  })

  test('eight processes start at once on an empty database', async () => {
    const url = await engine.newDatabase()
    const child = join(import.meta.dir, 'database-child.ts')
    const children = Array.from({ length: 8 }, (_, index) =>
      Bun.spawn([process.execPath, child, url, `child-${index}`], {
        env: { PATH: process.env.PATH ?? '' },
        stdout: 'inherit',
        stderr: 'inherit',
      }),
    )
    expect(await Promise.all(children.map(({ exited }) => exited))).toEqual(Array(8).fill(0))
    await using database = opened(url)
    const [made] = await database.run('select count(*) as times from sluice_migrations')
    expect(integerAt(made ?? {}, 'times')).toBe(migrations.length)
    const keys = await new KeysTable(database, []).list({}, 100)
    expect(keys.map(({ name }) => name).sort()).toEqual(
      Array.from({ length: 8 }, (_, index) => `child-${index}`),
    )
  })

  test('a transaction is all or nothing, and what runs beside it is no part of it', async () => {
    await using database = opened(await engine.newDatabase())
    const add = 'insert into server_secrets (name, value, created_at) values ($1, $2, $3)'
    const { promise: isInside, resolve: inside } = Promise.withResolvers<void>()
    const failing = database.transaction(async (run) => {
      await run(add, ['inside', 'x', 1])
      inside()
      await Bun.sleep(20)
      throw new TypeError('nothing of this')
    })
    await isInside
    await database.run(add, ['beside', 'x', 1])
    expect(await codeOf(failing)).toBe('store_unavailable')
    const rows = await database.run('select name from server_secrets')
    expect(rows.map(({ name }) => name)).toEqual(['beside'])
  })
}

function defineFailureTests(engine: Engine): void {
  test('a wrong statement fails as an error of ours, and the next one works', async () => {
    await using database = opened(await engine.newDatabase())
    expect(await codeOf(database.run('select nothing from nowhere'))).toBe('store_unavailable')
    expect(await database.run('select 1 as one')).toHaveLength(1)
  })

  test('what is closed stays closed', async () => {
    const database = opened(await engine.newDatabase())
    await database.ready()
    await database.close()
    await database.close()
    expect(await codeOf(database.run('select 1'))).toBe('store_unavailable')
  })

  if (engine.name === 'postgres') {
    test('a server that stops answering costs no more than the bound, and comes back', async () => {
      await using database = opened(await engine.newDatabase(), { statementMs: 400, restMs: 2000 })
      await database.ready()
      engine.server()?.pause()
      try {
        const startedMs = performance.now()
        expect(await codeOf(database.run('select 1'))).toBe('store_unavailable')
        const tookMs = performance.now() - startedMs
        expect(tookMs).toBeGreaterThan(300)
        expect(tookMs).toBeLessThan(3000)
        // The next ones do not wait, and the connection that may still answer is not used again.
        const againMs = performance.now()
        expect(await codeOf(database.run('select 1'))).toBe('store_unavailable')
        expect(performance.now() - againMs).toBeLessThan(300)
      } finally {
        engine.server()?.resume()
      }
      const isBack = async () => (await codeOf(database.run('select 1'))) === 'none'
      await eventually(isBack, 'the database is back', 10_000)
    })

    test('a server that dies and starts again is used again', async () => {
      await using database = opened(await engine.newDatabase(), { statementMs: 1000, restMs: 50 })
      await database.ready()
      await engine.server()?.kill()
      const failures = await Promise.all(
        Array.from({ length: 20 }, () => codeOf(database.run('select 1'))),
      )
      expect(new Set(failures)).toEqual(new Set(['store_unavailable']))
      await engine.server()?.start()
      const isBack = async () => (await codeOf(database.run('select 1'))) === 'none'
      await eventually(isBack, 'the database is back', 20_000)
    })
  }
}

test('an address where nobody listens, or answers, fails in time', async () => {
  const held = new Set<unknown>()
  const hole = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { open: (socket) => void held.add(socket), data() {} },
  })
  const { port } = hole
  await using silent = opened(`postgres://u:canary@127.0.0.1:${port}/x`, { statementMs: 300 })
  const startedMs = performance.now()
  expect(await codeOf(silent.run('select 1'))).toBe('store_unavailable')
  // It is not asked again at once.
  expect(await codeOf(silent.run('select 1'))).toBe('store_unavailable')
  expect(performance.now() - startedMs).toBeLessThan(3000)
  expect(held.size).toBeGreaterThan(0)
  await silent.close()
  hole.stop(true)
  await using refused = opened(`postgres://u:canary@127.0.0.1:${port}/x`)
  const error = await refused.run('select 1').catch((thrown) => thrown)
  expect(error.code).toBe('store_unavailable')
  expect(`${error.message} ${error.stack}`).not.toContain('canary')
})

describe('a SQLite file', () => {
  test('is made by the first statement, and only its owner may read it', async () => {
    const file = newFile()
    await using database = opened(`sqlite://${file}`)
    expect(database.isThere()).toBe(false)
    expect(existsSync(file)).toBe(false)
    await database.run('select 1')
    expect(database.isThere()).toBe(true)
    for (const path of [file, `${file}-wal`, `${file}-shm`]) {
      expect(statSync(path).mode & 0o777, path).toBe(0o600)
    }
  })

  test('that others could read is closed to them', async () => {
    const file = newFile()
    writeFileSync(file, '')
    chmodSync(file, 0o644)
    await using database = opened(file)
    await database.run('select 1')
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('that another process holds is waited for, without stopping the world', async () => {
    const file = newFile()
    await using first = opened(file)
    await using second = opened(file, { statementMs: 600 })
    await Promise.all([first.ready(), second.ready()])
    const { promise: isHeld, resolve: held } = Promise.withResolvers<void>()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const holding = first.transaction(async (run) => {
      await run("insert into server_secrets values ('a', 'x', 1)")
      held()
      await released
    })
    await isHeld
    let ticks = 0
    const ticking = setInterval(() => ticks++, 5)
    const write = (name: string) =>
      second.run('insert into server_secrets values ($1, $2, 1)', [name, 'x'])
    expect(await codeOf(write('late'))).toBe('store_unavailable')
    // Waiting inside of SQLite would leave none of them.
    expect(ticks).toBeGreaterThan(2)
    const waiting = write('b')
    release()
    await Promise.all([holding, waiting])
    clearInterval(ticking)
    expect((await first.run('select name from server_secrets order by name')).length).toBe(2)
  })

  test.each([
    ['is none', (file: string) => writeFileSync(file, 'not a database'.repeat(100))],
    ['is in no directory', () => {}],
  ] as const)('that %s fails as an error of ours', async (what, prepare) => {
    const file = what === 'is in no directory' ? `${newFile()}/x/sluice.db` : newFile()
    prepare(file)
    await using database = opened(file, { openMs: 500 })
    expect(await codeOf(database.run('select 1'))).toBe('store_unavailable')
    expect(await codeOf(database.ready())).toBe('store_unavailable')
  })
})
