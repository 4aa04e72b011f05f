/** The store of one machine: the contract, over two that opened one file. */
import { expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { SqliteStore } from '../../src/store/sqlite.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { clockStepTests } from './clock-steps.ts'
import { storeContract } from './contract.ts'
import { ManualClock, rate, type StoreStand } from './stand.ts'

async function openSqlite(): Promise<StoreStand> {
  const clock = new ManualClock()
  const path = join(runDirectory(), `limits-${randomUUID()}.db`)
  const [store, other] = [1, 2].map(() => new SqliteStore({ path, processes: 2, clock }))
  if (store === undefined || other === undefined) throw new Error('there are two')
  const advance = async (ms: number): Promise<void> => clock.advance(ms)
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), other.close()])
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
  }
  return { store, other, clock, advance, close }
}

storeContract('sqlite', openSqlite)
clockStepTests('sqlite', openSqlite)

test('is synchronous', async () => {
  const stand = await openSqlite()
  expect(stand.store.take([rate('a')])).not.toBeInstanceOf(Promise)
  await stand.close()
})
