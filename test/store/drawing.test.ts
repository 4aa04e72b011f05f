/** What workers draw ahead in a shared file: asked back, given back, lapsed, and never lost. */
import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { SqliteStore } from '../../src/store/sqlite.ts'
import type { Claim } from '../../src/store/store.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { NewsHub } from './news-hub.ts'
import {
  backToBudget,
  backToRate,
  budget,
  lease,
  leave,
  ManualClock,
  rate,
  remaining,
  renewal,
} from './stand.ts'

const newPath = (): string => join(runDirectory(), `drawing-${randomUUID()}.db`)

function removeFile(path: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
}

/** So much of everything that two workers draw of it. */
const LIMIT = 200
const DAY_MS = 86_400_000

let path = ''
let clock = new ManualClock()
let hub = new NewsHub()
let stores: SqliteStore[] = []
beforeEach(() => {
  path = newPath()
  clock = new ManualClock()
  hub = new NewsHub()
  stores = []
})
afterEach(async () => {
  for (const store of stores) await store.close()
  expect(hub.listening).toBe(0)
  // Places that requests still have lapse like all others; nothing else may be left.
  for (const [, units, held] of drawnRows()) expect([units, held !== 0]).toEqual([0, true])
  removeFile(path)
})

/** @param isDeaf it is not asked, or does not hear it. */
function open(isDeaf = false): SqliteStore {
  const store = new SqliteStore({ path, processes: 2, clock, news: hub.channel(isDeaf) })
  stores.push(store)
  return store
}

/** It was killed: nobody closes it. */
const abandon = (store: SqliteStore): void => {
  stores = stores.filter((other) => other !== store)
}

/** What is written of what workers drew. */
function drawnRows(): [key: string, units: number, held: number][] {
  const file = new Database(path, { readonly: true })
  const rows = file.query('select key, units, held from drawn').values()
  file.close()
  return rows as [string, number, number][]
}

const requests = (cost = 1): Claim => rate('requests', cost, LIMIT, DAY_MS)
const place = (id: number | string): Claim => lease('places', `${id}`, LIMIT)
const spending = (amount = 1): Claim =>
  budget('money', amount, LIMIT, clock.wallMs() - (clock.wallMs() % DAY_MS) + DAY_MS)

/** Takes until the first refusal, and gives how many were let in; `of` makes the next claim. */
async function takeAll(store: SqliteStore, of: (index: number) => Claim): Promise<number> {
  for (let index = 0; ; index += 1) {
    if (!(await store.take([of(index)])).ok) return index
  }
}

/** Takes until something is drawn and some of that is used. Gives how many were taken. */
async function draw(store: SqliteStore, of: (index: number) => Claim): Promise<number> {
  for (let index = 0, used = 0; ; index += 1) {
    if (used === 3) return index
    const taken = store.take([of(index)])
    if (!(taken instanceof Promise)) used += 1
    expect(await taken).toMatchObject({ ok: true })
    if (index > 20) throw new Error('nothing is drawn')
  }
}

describe.each([
  ['a rate', () => requests()],
  ['places', (index: number) => place(`first-${index}`)],
  ['a budget', () => spending()],
])('what one worker drew of %s', (_name, of) => {
  test('is given back when another wants it, to the last unit', async () => {
    const [first, second] = [open(), open()]
    const used = await draw(first, of)
    expect(drawnRows()).toHaveLength(1)
    const [rest] = remaining(await first.take([of(used)]))
    const others = await takeAll(second, (index) => another(of(index)))
    expect(others).toBe(LIMIT - used - 1)
    expect(rest).toBe(LIMIT - used - 1)
    expect(hub.published).toHaveLength(1)
    expect((await first.take([of(used + 1)])).ok).toBe(false)
  })

  test('is not asked for where nobody has any', async () => {
    const [first, second] = [open(), open()]
    await draw(first, of)
    await takeAll(second, (index) => another(of(index)))
    const asked = hub.published.length
    const startedAtMs = performance.now()
    for (let times = 0; times < 300; times += 1) {
      expect((await second.take([another(of(1000 + times))])).ok).toBe(false)
    }
    expect(hub.published).toHaveLength(asked)
    expect(performance.now() - startedAtMs).toBeLessThan(2000)
  })

  test('is waited for no longer than half a second, by all together, and not again', async () => {
    const [deaf, second] = [open(true), open()]
    const used = await draw(deaf, of)
    const startedAtMs = performance.now()
    const asked = Array.from({ length: LIMIT + 50 }, (_, index) =>
      second.take([another(of(index))]),
    )
    const admitted = (await Promise.all(asked)).filter(({ ok }) => ok).length
    expect(performance.now() - startedAtMs).toBeGreaterThan(400)
    expect(admitted).toBeLessThan(LIMIT - used)
    expect(hub.published).toHaveLength(1)
    const againAtMs = performance.now()
    expect((await second.take([another(of(9999))])).ok).toBe(false)
    expect(performance.now() - againAtMs).toBeLessThan(300)
    expect(hub.published).toHaveLength(1)
  })

  test('is given back when it is not used for a second', async () => {
    const store = open()
    await draw(store, of)
    clock.advance(1100)
    const isBack = () => drawnRows().every(([, units]) => units === 0)
    await eventually(isBack, 'it keeps what it does not use', 4000)
  })

  test('is not used after it was stopped for a while', async () => {
    const store = open()
    await draw(store, of)
    clock.advance(3000)
    const late = store.take([of(99)])
    expect(late).toBeInstanceOf(Promise)
    expect((await late).ok).toBe(true)
  })
})

/** The same for a request of another worker. */
function another(claim: Claim): Claim {
  return claim.kind === 'lease' ? { ...claim, id: `second-${claim.id}` } : claim
}

describe('what a killed worker drew', () => {
  test('of a rate counts as used after ten seconds, and drains from then on', async () => {
    const [killed, second] = [open(true), open()]
    const claim = rate('fast', 1, LIMIT, 1000)
    await draw(killed, () => claim)
    abandon(killed)
    clock.advance(9900)
    const before = await takeAll(second, () => claim)
    expect(before).toBeLessThan(LIMIT)
    clock.advance(100)
    expect((await second.take([claim])).ok).toBe(true)
    clock.advance(1000)
    expect(await takeAll(second, () => claim)).toBe(LIMIT)
    expect(drawnRows()).toEqual([])
  })

  test('of places is free when they lapse', async () => {
    const [killed, second] = [open(true), open()]
    await draw(killed, place)
    abandon(killed)
    clock.advance(14_999)
    expect(await takeAll(second, (index) => another(place(index)))).toBeLessThan(LIMIT)
    clock.advance(1)
    expect(await takeAll(second, (index) => place(`third-${index}`))).toBeGreaterThan(0)
    clock.advance(15_000)
    expect(await takeAll(second, (index) => place(`fourth-${index}`))).toBe(LIMIT)
  })

  test('of a budget stays spent, as what it had reserved does', async () => {
    const [killed, second] = [open(true), open()]
    await draw(killed, () => spending())
    const drawn = drawnRows()[0]?.[1] ?? 0
    abandon(killed)
    clock.advance(10_000)
    const admitted = await takeAll(second, () => spending())
    // What it took in steps, and what it drew.
    expect(admitted).toBeLessThanOrEqual(LIMIT - drawn)
    expect(admitted).toBeGreaterThan(LIMIT - drawn - 10)
    expect(drawnRows()).toEqual([])
  })

  test('is not given twice to whoever was only stopped', async () => {
    const [stopped, second] = [open(true), open()]
    const used = await draw(stopped, () => requests())
    clock.advance(20_000)
    const rest = await takeAll(second, () => requests())
    expect((await stopped.take([requests()])).ok).toBe(false)
    expect(rest + used).toBeLessThanOrEqual(LIMIT)
    expect(rest + used).toBeGreaterThan(LIMIT / 2)
  })
})

describe('a place of what was drawn', () => {
  test('is taken once by one id, kept by renewing, and free when it is left', async () => {
    const store = open()
    const used = await draw(store, place)
    expect(remaining(await store.take([place(used - 1)]))).toEqual([LIMIT - used])
    const kept = renewal(lease('places', `${used - 1}`, LIMIT))
    for (let times = 0; times < 4; times += 1) {
      clock.advance(10_000)
      store.renew([kept])
    }
    expect(remaining(await store.take([place('x')]))).toEqual([LIMIT - 2])
    await store.settle([leave('places', kept.id)])
    expect(remaining(await store.take([place('x')]))).toEqual([LIMIT - 1])
    await store.settle([leave('places', 'x')])
  })

  test('that was taken before anything was drawn is found again', async () => {
    const store = open()
    await store.take([place('early')])
    const used = await draw(store, place)
    expect(remaining(await store.take([place('early')]))).toEqual([LIMIT - used - 1])
    await store.settle([leave('places', 'early')])
    expect(remaining(await store.take([place('late')]))).toEqual([LIMIT - used - 1])
    for (let index = 0; index < used; index += 1) await store.settle([leave('places', `${index}`)])
    await store.settle([leave('places', 'late')])
  })

  test('is one of as many as were drawn, and the next needs a step', async () => {
    const store = open()
    const used = await draw(store, place)
    const [, drawn = 0] = drawnRows()[0] ?? []
    // The first was taken before anything was drawn, and has a row of its own.
    for (let index = used; index <= drawn; index += 1) {
      expect(store.take([place(index)])).toMatchObject({ ok: true })
    }
    expect(store.take([place(drawn + 1)])).toBeInstanceOf(Promise)
  })

  test('counts when the file is away, and is still used then', async () => {
    const store = open()
    const used = await draw(store, place)
    const holder = new Database(path)
    holder.run('begin immediate')
    // What is left of the allowance needs no file.
    expect(store.take([place('more')])).toMatchObject({ ok: true })
    const asked = Array.from({ length: LIMIT }, (_, index) => store.take([place(`away-${index}`)]))
    const admitted = (await Promise.all(asked)).filter(({ ok }) => ok).length
    expect(store.view()).toMatchObject({ state: 'away' })
    // Its part of the places while it is alone is half of them.
    expect(used + 1 + admitted).toBe(LIMIT / 2)
    holder.run('rollback')
    holder.close()
    clock.advance(20_000)
    await eventually(async () => {
      await store.take([rate('again', 0)])
      return store.view().state === 'ready'
    }, 'the file is not used again')
  })
})

test('settlements go into what was drawn, and what does not fit there into the file', async () => {
  const store = open()
  const spent = spending()
  const used = await draw(store, () => requests())
  expect(store.settle([backToRate(requests() as ReturnType<typeof rate>, 2)])).toBeUndefined()
  expect(remaining(await store.take([requests(0)]))).toEqual([LIMIT - used + 2])
  await store.settle([backToRate(requests() as ReturnType<typeof rate>, -50)])
  expect(remaining(await store.take([requests(0)]))).toEqual([LIMIT - used - 48])
  const taken = await draw(store, () => spent)
  void store.settle([backToBudget(spent as ReturnType<typeof budget>, taken)])
  expect(remaining(await store.take([spending(1)]))).toEqual([LIMIT - 1])
})

test('a step that fails in its midst leaves nothing that could be used twice', async () => {
  const store = open()
  const used = await draw(store, () => requests())
  const other = new Database(path)
  other.run("create trigger full before delete on drawn begin select raise(abort, 'full'); end")
  clock.advance(2100)
  await store.take([requests()])
  expect(store.view().failures).toBe(1)
  other.run('drop trigger full')
  other.close()
  await eventually(async () => {
    await store.take([requests(0)])
    return store.view().state === 'ready'
  }, 'the file is not used again')
  const rest = await takeAll(store, () => requests())
  expect(used + rest).toBeLessThanOrEqual(LIMIT)
  expect(used + rest).toBeGreaterThan(LIMIT / 2)
})

test('what was asked back is not drawn anew for a second', async () => {
  const store = open()
  await draw(store, () => requests())
  hub.channel(true).publish('sqlite-recall', 'r:requests')
  await eventually(() => drawnRows().length === 0, 'it was not given back')
  for (let times = 0; times < 4; times += 1) {
    const taken = store.take([requests()])
    expect(taken).toBeInstanceOf(Promise)
    expect((await taken).ok).toBe(true)
  }
  clock.advance(1000)
  await draw(store, () => requests())
})

test('what a step drew that failed is not used', async () => {
  const store = open()
  await store.take([requests(), place('x')])
  const other = new Database(path)
  other.run("create trigger full before insert on drawn begin select raise(abort, 'full'); end")
  await store.take([requests(), place('y')])
  expect(store.view()).toMatchObject({ failures: 1, decidedLocally: 1 })
  expect(store.take([requests()])).toBeInstanceOf(Promise)
  expect(store.take([place('z')])).toBeInstanceOf(Promise)
  other.run('drop trigger full')
  other.close()
  await eventually(async () => {
    await store.take([requests(0)])
    return store.view().state === 'ready'
  }, 'the file is not used again')
})

test('nothing is drawn where nobody could ask it back, or of what is asked for once', async () => {
  const alone = new SqliteStore({ path, processes: 2, clock })
  stores.push(alone)
  for (let times = 0; times < 5; times += 1) await alone.take([requests()])
  const store = open()
  for (let times = 0; times < 5; times += 1) {
    await store.take([requests()])
    clock.advance(600)
  }
  expect(drawnRows()).toEqual([])
})
