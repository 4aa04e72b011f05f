/** A file that cannot be used for a while, what is decided then, and news by a given channel. */
import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SqliteStore } from '../../src/store/sqlite.ts'
import type { NewsChannel } from '../../src/store/store.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { backToBudget, budget, lease, leave, rate, remaining } from './stand.ts'

let path = ''
let store: SqliteStore
beforeEach(() => {
  path = join(runDirectory(), `limits-${randomUUID()}.db`)
  store = new SqliteStore({ path, processes: 2 })
})
afterEach(() => store.close())

test('a file that another process holds is not waited for, and used again', async () => {
  const claim = budget('b', 60, 100, Date.now() + 60_000)
  await store.take([claim, lease('l', 'x', 4)])
  const holder = new Database(path)
  holder.run('begin immediate')
  const startedAtMs = performance.now()
  const asked = await Promise.all(Array.from({ length: 100 }, () => store.take([rate('r')])))
  const admitted = asked.filter(({ ok }) => ok)
  // One wait of 500 ms for all of them; whoever comes next does not try.
  expect(performance.now() - startedAtMs).toBeLessThan(1000)
  expect(admitted).toHaveLength(5)
  await expect(store.take([claim])).rejects.toThrow('A shared store cannot be reached.')
  // Its part of the four places is two, and it has one.
  const places = await Promise.all([1, 2].map((id) => store.take([lease('l', `${id}`, 4)])))
  expect(places.map(({ ok }) => ok)).toEqual([true, false])
  await store.settle([backToBudget(claim, 50), leave('l', 'x')])
  expect(store.view()).toMatchObject({
    state: 'away',
    decidedLocally: 102,
    undecided: 1,
    lostSettlements: 1,
  })
  holder.run('rollback')
  holder.close()
  await eventually(async () => {
    await store.take([rate('again', 0)])
    return store.view().state === 'ready'
  }, 'the file is not used again')
  const rest = await store.take([{ ...claim, amount: 1 }])
  expect(remaining(rest)).toEqual([89])
})

test('a file that is none is told at once', () => {
  const wrong = join(runDirectory(), `no-${randomUUID()}.db`)
  writeFileSync(wrong, 'x'.repeat(5000))
  expect(() => new SqliteStore({ path: wrong, processes: 1 })).toThrow()
})

test('settlements that wait go with the next take, or before the store closes', async () => {
  const other = new SqliteStore({ path, processes: 2 })
  await store.take([lease('l', 'x', 1)])
  void store.settle([leave('l', 'x')])
  expect((await store.take([lease('l', 'y', 1)])).ok).toBe(true)
  // A refusal undoes what it took, and nothing else.
  void store.settle([leave('l', 'y')])
  await store.take([rate('full', 10)])
  expect((await store.take([lease('l', 'z', 1), rate('full', 1)])).ok).toBe(false)
  expect((await other.take([lease('l', 'a', 1)])).ok).toBe(true)
  void store.settle([leave('l', 'a')])
  await store.close()
  expect((await other.take([lease('l', 'b', 1)])).ok).toBe(true)
  await other.close()
})

test('what is over goes away', async () => {
  const clock = { us: Date.now() * 1000 }
  const swept = new SqliteStore({
    path,
    processes: 1,
    clock: { monotonicUs: () => clock.us, wallMs: () => Math.floor(clock.us / 1000) },
  })
  for (let index = 0; index < 50; index += 1) {
    const id = `${index}`
    await swept.take([rate(id), lease(id, id), budget(id, 1, 10, clock.us / 1000 + 5000)])
  }
  const file = new Database(path, { readonly: true })
  const rows = (): unknown[] =>
    ['counted', 'place'].map(
      (table) => file.query(`select count(*) from ${table}`).values()[0]?.[0],
    )
  expect(rows()).toEqual([150, 50])
  clock.us += 16_000_000
  await swept.take([rate('0')])
  expect(rows()).toEqual([1, 0])
  file.close()
  await swept.close()
})

test('news go by the channel that was given, and nowhere without one', async () => {
  const sent: string[] = []
  const news: NewsChannel = {
    publish: (topic, text) => sent.push(`${topic} ${text}`),
    subscribe: (topic, hear) => {
      hear(`of ${topic}`)
      return () => sent.push('ended')
    },
  }
  const told = new SqliteStore({ path, processes: 1, news })
  told.publish('keys', 'revoked')
  told.subscribe('keys', (text) => sent.push(text))()
  expect(sent).toEqual(['keys revoked', 'of keys', 'ended'])
  store.publish('keys', 'revoked')
  store.subscribe('keys', () => sent.push('heard'))()
  expect(sent).toHaveLength(3)
  await told.close()
})
