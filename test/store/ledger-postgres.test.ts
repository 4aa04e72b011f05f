/** The usage ledger in a real PostgreSQL: its sums, several writers, and a server that dies. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openDatabase } from '../../src/store/database.ts'
import { type Ledger, type LedgerSettings, startLedger } from '../../src/store/ledger.ts'
import { type UsageGroup, usageGroups } from '../../src/store/usage-report.ts'
import { describeWithPostgres, type PostgresServer, startPostgres } from '../kit/postgres.ts'
import { eventually } from '../kit/signal.ts'
import { ledgerRow, naiveSums, rowsOf } from './ledger-rows.ts'

setDefaultTimeout(60_000)

const DAY_MS = 86_400_000
const now = Date.UTC(2026, 10, 21, 12)

let server: PostgresServer
const ends: (() => Promise<void>)[] = []

describeWithPostgres('PostgreSQL', () => {
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.close())
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  test(
    'sums are those of a reader with a pencil, of several writers together',
    sumsOfSeveralWriters,
  )
  test('a server that dies delays rows; it needs no restart of ours', serverThatDies)
  test('a server that hangs holds nobody up, and no row is there twice', serverThatHangs)
  test('old rows are deleted', oldRowsAreDeleted)
})

function ledgerOn(url: string, settings: Partial<LedgerSettings> = {}): Ledger {
  const database = openDatabase(url, { statementMs: 1000, restMs: 50 })
  const ledger = startLedger(database, { flushIntervalMs: 3_600_000, ...settings })
  ends.push(async () => {
    await ledger.close(0)
    await database.close()
  })
  return ledger
}

async function sumsOfSeveralWriters(): Promise<void> {
  const url = await server.newDatabase()
  const ledgers = [ledgerOn(url), ledgerOn(url), ledgerOn(url)]
  const rows = Array.from({ length: 4500 }, (_, index) =>
    ledgerRow(`req_${index}`, now - (index % 4) * DAY_MS, {
      keyId: index % 3 === 0 ? null : `key_${index % 5}`,
      model: index % 7 === 0 ? null : `m\0\ud800${index % 2}`,
      costMicroUsd: index % 4 === 0 ? null : index * 1_000_000,
      firstTokenMs: index % 2 === 0 ? null : index,
    }),
  )
  for (const [index, row] of rows.entries()) ledgers[index % 3]?.record(row)
  await Promise.all(ledgers.map((ledger) => ledger.flush()))
  const shown = rows.map((row) => ({
    ...row,
    model: row.model === null ? null : row.model.replace('\0', '').toWellFormed(),
  }))
  for (const groupBy of [[], ['day', 'key'], ['model'], [...usageGroups]] as UsageGroup[][]) {
    for (const key of ['key_3', null]) {
      const query = { groupBy, from: now - 2 * DAY_MS, to: now + 1, key }
      const report = await ledgers[0]?.report(query)
      const asked = rowsOf(shown, query)
      expect(report?.total).toEqual(naiveSums(asked))
      for (const { group, ...sums } of report?.rows ?? []) {
        const own = asked.filter((row) =>
          groupBy.every((name) => {
            if (name === 'key') return row.keyId === group.key
            if (name === 'route') return row.route === group.route
            if (name === 'day') return new Date(row.at).toISOString().startsWith(`${group.day}`)
            return (row.model === null ? 'openai' : `openai/${row.model}`) === group.model
          }),
        )
        expect(sums).toEqual(naiveSums(own))
      }
    }
  }
}

async function serverThatDies(): Promise<void> {
  const url = await server.newDatabase()
  const ledger = ledgerOn(url, { flushIntervalMs: 20, retryMinMs: 20, retryMaxMs: 100 })
  ledger.record(ledgerRow('req_1', now))
  await ledger.flush()
  await server.kill()
  for (let row = 2; row <= 1000; row += 1) ledger.record(ledgerRow(`req_${row}`, now))
  await eventually(() => ledger.view().state === 'failing', 'writing fails')
  await server.start()
  await eventually(() => ledger.view().waiting === 0, 'all is written', 20_000)
  expect(ledger.view()).toMatchObject({ state: 'writing', dropped: 0, written: 1000 })
  const query = { groupBy: [], from: 0, to: now + 1, key: null }
  expect((await ledger.report(query)).total.requests).toBe(1000)
}

async function serverThatHangs(): Promise<void> {
  const url = await server.newDatabase()
  const ledger = ledgerOn(url, { flushIntervalMs: 20, retryMinMs: 20, retryMaxMs: 100 })
  ledger.record(ledgerRow('req_0', now))
  await ledger.flush()
  server.pause()
  const started = performance.now()
  for (let row = 1; row <= 600; row += 1) ledger.record(ledgerRow(`req_${row}`, now))
  expect(performance.now() - started).toBeLessThan(500)
  await eventually(() => ledger.view().state === 'failing', 'writing fails', 10_000)
  server.resume()
  await eventually(() => ledger.view().waiting === 0, 'all is written', 20_000)
  const query = { groupBy: [], from: 0, to: now + 1, key: null }
  expect((await ledger.report(query)).total.requests).toBe(601)
}

async function oldRowsAreDeleted(): Promise<void> {
  const url = await server.newDatabase()
  const today = Date.now()
  const ledger = ledgerOn(url, { retentionDays: 2, retentionIntervalMs: 50 })
  for (let row = 0; row < 2500; row += 1) ledger.record(ledgerRow(`old_${row}`, today - 3 * DAY_MS))
  ledger.record(ledgerRow('new', today))
  await ledger.flush()
  const query = { groupBy: [], from: 0, to: today + 1, key: null }
  await eventually(
    async () => (await ledger.report(query)).total.requests === 1,
    'the old rows are gone',
  )
}
