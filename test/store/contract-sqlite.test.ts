/** The store of one machine: the contract, over two that opened one file. */

import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { SqliteStore } from '../../src/store/sqlite.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { clockStepTests } from './clock-steps.ts'
import { storeContract } from './contract.ts'
import { NewsHub } from './news-hub.ts'
import { lease, ManualClock, rate, refusal, type StoreStand } from './stand.ts'

/** @param hub by which they tell each other, and then may draw ahead. */
async function openSqlite(hub?: NewsHub): Promise<StoreStand> {
  const clock = new ManualClock()
  const path = join(runDirectory(), `limits-${randomUUID()}.db`)
  const open = (): SqliteStore =>
    new SqliteStore({ path, processes: 2, clock, ...(hub && { news: hub.channel() }) })
  const [store, other] = [open(), open()]
  const advance = async (ms: number): Promise<void> => clock.advance(ms)
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), other.close()])
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
  }
  return { store, other, clock, advance, close }
}

const openWithNews = (): Promise<StoreStand> => openSqlite(new NewsHub())

storeContract('sqlite', openSqlite)
storeContract('sqlite with news', openWithNews)
clockStepTests('sqlite', openSqlite)
clockStepTests('sqlite with news', openWithNews)

test('what comes at once is one step, in order, and a refusal undoes only its own', async () => {
  const stand = await openSqlite()
  const full = rate('a', 1, 2)
  const taken = await Promise.all([
    stand.store.take([full, lease('l', 'x', 2)]),
    stand.store.take([full, lease('l', 'y', 2)]),
    stand.store.take([lease('l', 'z', 3), full]),
    stand.store.take([lease('l', 'z', 3)]),
    stand.store.take([lease('l', 'q', 3)]),
  ])
  expect(taken.map(({ ok }) => ok)).toEqual([true, true, false, true, false])
  expect(refusal(await stand.other.take([lease('l', 'q', 3)]))).toMatchObject({ refused: 0 })
  await stand.close()
})

test('the time that a step counts from is read when no other process can be in one', async () => {
  const path = join(runDirectory(), `limits-${randomUUID()}.db`)
  const readInSteps = new Set<number>()
  let reader: Database | null = null
  let nowUs = 0
  const clock = {
    wallMs: () => nowUs / 1000,
    monotonicUs() {
      nowUs += 1_000_000
      if (reader !== null && isHeld(reader)) readInSteps.add(nowUs)
      return nowUs
    },
  }
  const store = new SqliteStore({ path, processes: 2, clock })
  reader = new Database(path)
  await store.take([rate('a')])
  const written = reader.query('select at from counted').values()
  expect(written).toHaveLength(1)
  expect(readInSteps).toContain(Number(written[0]?.[0]))
  reader.close()
  await store.close()
})

/** Whether another connection is in a step. */
function isHeld(file: Database): boolean {
  try {
    file.run('begin immediate')
  } catch {
    return true
  }
  file.run('rollback')
  return false
}
