/** The usage ledger on real databases: what it keeps, what it sums, and what it survives. */
import { Database as SqliteFile } from 'bun:sqlite'
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { type Database, integerAt, openDatabase } from '../../src/store/database.ts'
import { type Ledger, type LedgerSettings, startLedger } from '../../src/store/ledger.ts'
import type { LedgerRow } from '../../src/store/ledger-table.ts'
import { type UsageGroup, type UsageQuery, usageGroups } from '../../src/store/usage-report.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { groupOf, ledgerRow, naiveSums, rowsOf } from './ledger-rows.ts'

setDefaultTimeout(60_000)

const DAY_MS = 86_400_000
const now = Date.UTC(2026, 10, 21, 12)

const opened: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of opened.splice(0).reverse()) await end()
})

function newFile(): string {
  const directory = mkdtempSync(join(runDirectory(), 'ledger-'))
  opened.push(async () => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'sluice.db')
}

/** A ledger of its own on a file; it is written by `flush` only, unless a test says otherwise. */
function ledgerOn(
  file: string,
  settings: Partial<LedgerSettings> = {},
): { readonly ledger: Ledger; readonly database: Database; readonly states: string[] } {
  const database = openDatabase(file)
  const states: string[] = []
  const ledger = startLedger(database, { flushIntervalMs: 3_600_000, ...settings }, (view) =>
    states.push(view.state),
  )
  opened.push(async () => {
    await ledger.close(0)
    await database.close()
  })
  return { ledger, database, states }
}

const all: UsageQuery = { groupBy: [], from: 0, to: now + 10 * DAY_MS, key: null }

/** How many rows a file has, told by a reader that has nothing to do with the program. */
function rowsIn(file: string): number {
  const reader = new SqliteFile(file, { readonly: true })
  try {
    const found = reader.query('select count(*) as rows from usage_ledger').get()
    return integerAt(Object(found), 'rows') ?? -1
  } finally {
    reader.close()
  }
}

describe('writing', () => {
  test('makes no file before the first row, and keeps every field', async () => {
    const file = newFile()
    const { ledger } = ledgerOn(file)
    await ledger.flush()
    expect(await Bun.file(file).exists()).toBe(false)
    expect((await ledger.report(all)).total.requests).toBe(0)
    expect(await Bun.file(file).exists()).toBe(false)
    ledger.record(ledgerRow('req_1', now, { route: 'smart', cacheWriteInputTokens: 7 }))
    await ledger.flush()
    const reader = new SqliteFile(file, { readonly: true })
    expect(reader.query('select * from usage_ledger').get()).toEqual({
      id: 'req_1',
      at_ms: now,
      key_id: 'key_a',
      route: 'smart',
      provider: 'openai',
      model: 'gpt-5',
      endpoint: 'chat-completions',
      input_tokens: 100,
      output_tokens: 10,
      cached_input_tokens: 40,
      cache_write_input_tokens: 7,
      reasoning_tokens: 5,
      cost_micro_usd: 180,
      other_cost_micro_usd: null,
      first_token_ms: 300,
      duration_ms: 1200,
      attempts: 1,
      status: 200,
      end_reason: 'completed',
      error_code: null,
    })
    reader.close()
  })

  test('happens by itself after a while, and at once when a batch is full', async () => {
    const slow = ledgerOn(newFile(), { flushIntervalMs: 20 })
    slow.ledger.record(ledgerRow('req_1', now))
    expect(slow.ledger.view()).toMatchObject({ waiting: 1, written: 0 })
    await eventually(() => slow.ledger.view().written === 1, 'the row is written')
    const full = ledgerOn(newFile(), { batchRows: 10 })
    for (let row = 0; row < 10; row += 1) full.ledger.record(ledgerRow(`req_${row}`, now))
    expect(full.ledger.view().written).toBe(0)
    await eventually(() => full.ledger.view().written === 10, 'the batch is written')
  })

  test('takes any text and any number', async () => {
    const { ledger } = ledgerOn(newFile())
    ledger.record(ledgerRow('req_1', now + 0.5, { model: 'a\0b\ud800', durationMs: 1.25 }))
    ledger.record(ledgerRow('req_2', now, { provider: 'x'.repeat(10_000), inputTokens: 1e300 }))
    ledger.record(ledgerRow('req_3', now, { durationMs: Number.NaN, keyId: "'; drop table x" }))
    await ledger.flush()
    expect(ledger.view()).toMatchObject({ written: 3, failures: 0 })
  })

  test('of a row that is there already changes nothing', async () => {
    const file = newFile()
    const { ledger } = ledgerOn(file)
    ledger.record(ledgerRow('req_1', now))
    await ledger.flush()
    ledger.record(ledgerRow('req_1', now, { costMicroUsd: 5 }))
    ledger.record(ledgerRow('req_2', now))
    await ledger.flush()
    expect(rowsIn(file)).toBe(2)
    expect((await ledger.report(all)).total.costMicroUsd).toBe(360)
  })

  test('is done at the end, within its time, and never after it', async () => {
    const file = newFile()
    const { ledger, database } = ledgerOn(file)
    for (let row = 0; row < 1200; row += 1) ledger.record(ledgerRow(`req_${row}`, now))
    await ledger.close(5000)
    expect(ledger.view()).toMatchObject({ written: 1200, dropped: 0, state: 'closed' })
    ledger.record(ledgerRow('req_late', now))
    expect(ledger.view().dropped).toBe(1)
    await database.close()
    expect(rowsIn(file)).toBe(1200)
  })

  test('by several processes into one file loses nothing', async () => {
    const file = newFile()
    const writers = ['a', 'b', 'c', 'd'].map((name) =>
      Bun.spawn([process.execPath, join(import.meta.dir, 'ledger-writer.ts'), file, name, '2000']),
    )
    expect(await Promise.all(writers.map(({ exited }) => exited))).toEqual([0, 0, 0, 0])
    expect(rowsIn(file)).toBe(8000)
    const { ledger } = ledgerOn(file)
    const { rows } = await ledger.report({ ...all, groupBy: ['key'] })
    expect(rows.map(({ group, requests }) => [group.key, requests])).toEqual([
      ['key_a', 2000],
      ['key_b', 2000],
      ['key_c', 2000],
      ['key_d', 2000],
    ])
  })
})

describe('bounds', () => {
  test('100,000 rows that nobody can write stay within them, and the newest are kept', async () => {
    // A directory cannot be opened as a file, so every write fails.
    const directory = mkdtempSync(join(runDirectory(), 'ledger-'))
    opened.push(async () => rmSync(directory, { recursive: true, force: true }))
    const bytesMax = 1024 * 1024
    const { ledger, states } = ledgerOn(directory, { rowsMax: 5000, bytesMax, retryMinMs: 5 })
    for (let row = 0; row < 100_000; row += 1) {
      ledger.record(ledgerRow(`req_${row}`, now, { model: 'm'.repeat(200) }))
      if (row % 10_000 === 0) await ledger.flush()
      const { waiting, waitingBytes } = ledger.view()
      if (waiting > 5000 || waitingBytes > bytesMax) throw new Error(`${waiting} rows wait`)
    }
    const { waiting, dropped, written, failures } = ledger.view()
    expect(waiting).toBeGreaterThan(500)
    expect([waiting + dropped, written]).toEqual([100_000, 0])
    expect(failures).toBeGreaterThan(0)
    expect(states).toEqual(['failing'])
  })

  test('100,000 rows that can be written are all there', async () => {
    const file = newFile()
    const { ledger } = ledgerOn(file)
    let most = 0
    for (let row = 0; row < 100_000; row += 1) {
      ledger.record(ledgerRow(`req_${row}`, now + (row % 7)))
      if (row % 5000 === 4999) {
        most = Math.max(most, ledger.view().waiting)
        await ledger.flush()
      }
    }
    expect(ledger.view()).toMatchObject({ written: 100_000, dropped: 0, waiting: 0 })
    expect(most).toBeLessThanOrEqual(20_000)
    expect(rowsIn(file)).toBe(100_000)
  })

  test('the end does not wait longer than it may', async () => {
    const directory = mkdtempSync(join(runDirectory(), 'ledger-'))
    opened.push(async () => rmSync(directory, { recursive: true, force: true }))
    const { ledger } = ledgerOn(directory, { retryMinMs: 10 })
    for (let row = 0; row < 10; row += 1) ledger.record(ledgerRow(`req_${row}`, now))
    const started = performance.now()
    await ledger.close(200)
    expect(performance.now() - started).toBeLessThan(2000)
    expect(ledger.view()).toMatchObject({ waiting: 0, dropped: 10, written: 0 })
  })
})

describe('failures', () => {
  test('a full disk costs the oldest rows, and it goes on when there is room again', async () => {
    const file = newFile()
    const settings = { retryMinMs: 5, retryMaxMs: 20, flushIntervalMs: 5, batchRows: 100 }
    const { ledger, database, states } = ledgerOn(file, { ...settings, rowsMax: 1000 })
    ledger.record(ledgerRow('req_first', now))
    await ledger.flush()
    // The engine's own bound gives the error of a full disk without filling one.
    const [size] = await database.run('pragma page_count')
    await database.run(`pragma max_page_count = ${integerAt(size ?? {}, 'page_count')}`)
    for (let row = 0; row < 5000; row += 1) {
      ledger.record(ledgerRow(`req_${row}`, now))
      if (row % 100 === 0) await Bun.sleep(1)
    }
    await eventually(() => ledger.view().failures > 1, 'writing fails')
    const full = ledger.view()
    expect(full.state).toBe('failing')
    expect(full.waiting).toBeLessThanOrEqual(1000)
    expect(full.waiting + full.dropped + full.written).toBe(5001)
    expect(full.dropped).toBeGreaterThanOrEqual(3000)
    await database.run('pragma max_page_count = 1000000')
    await eventually(() => ledger.view().waiting === 0, 'what waited is written')
    expect(ledger.view()).toMatchObject({ state: 'writing', dropped: full.dropped })
    expect(states).toEqual(['failing', 'writing'])
    expect(rowsIn(file)).toBe(5001 - full.dropped)
  })

  test('another writer that holds the file delays rows and loses none', async () => {
    const file = newFile()
    const { ledger } = ledgerOn(file, { retryMinMs: 5, flushIntervalMs: 5 })
    ledger.record(ledgerRow('req_1', now))
    await ledger.flush()
    const other = new SqliteFile(file)
    other.run('begin immediate')
    ledger.record(ledgerRow('req_2', now))
    await Bun.sleep(50)
    expect(ledger.view().waiting).toBe(1)
    other.run('commit')
    other.close()
    await eventually(() => ledger.view().written === 2, 'the row is written')
    expect(ledger.view().dropped).toBe(0)
  })

  test('kill -9 in the middle leaves a file that can be read, with whole batches', async () => {
    const file = newFile()
    const writer = Bun.spawn(
      [process.execPath, join(import.meta.dir, 'ledger-writer.ts'), file, 'a', 'endless'],
      { stdout: 'pipe' },
    )
    await eventually(async () => {
      if (!(await Bun.file(file).exists())) return false
      try {
        return rowsIn(file) > 2000
      } catch {
        return false
      }
    }, 'rows are there')
    writer.kill('SIGKILL')
    await writer.exited
    const reader = new SqliteFile(file)
    expect(reader.query('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
    reader.close()
    const rows = rowsIn(file)
    expect(rows % 500).toBe(0)
    const { ledger } = ledgerOn(file)
    ledger.record(ledgerRow('req_after', now))
    expect((await ledger.report(all)).total.requests).toBe(rows + 1)
  })
})

test('old rows are deleted, and only they', async () => {
  const file = newFile()
  const today = Date.now()
  const { ledger } = ledgerOn(file, { retentionDays: 2, retentionIntervalMs: 20 })
  for (let row = 0; row < 4500; row += 1) ledger.record(ledgerRow(`old_${row}`, today - 3 * DAY_MS))
  for (let row = 0; row < 10; row += 1) ledger.record(ledgerRow(`new_${row}`, today - DAY_MS))
  await ledger.flush()
  await eventually(() => rowsIn(file) === 10, 'the old ones are gone')
  const kept = ledgerOn(newFile(), { retentionDays: 0, retentionIntervalMs: 5 })
  kept.ledger.record(ledgerRow('req_1', 0))
  await kept.ledger.flush()
  await Bun.sleep(50)
  expect((await kept.ledger.report(all)).total.requests).toBe(1)
})

describe('sums', () => {
  const nullable = (max: number) => fc.option(fc.integer({ min: 0, max }), { nil: null })
  const rowOf = fc.record({
    at: fc.integer({ min: now - 5 * DAY_MS, max: now }),
    keyId: fc.constantFrom('key_a', 'key_b', null),
    route: fc.constantFrom('smart', null),
    provider: fc.constantFrom('openai', 'anthropic'),
    model: fc.constantFrom('m1', 'm2', null),
    inputTokens: nullable(1_000_000),
    outputTokens: nullable(1_000_000),
    cachedInputTokens: nullable(1000),
    costMicroUsd: nullable(1_000_000_000),
    otherCostMicroUsd: nullable(1000),
    firstTokenMs: nullable(1000),
    errorCode: fc.constantFrom('upstream_reset', null),
  })
  const queryOf = fc.record({
    groupBy: fc.shuffledSubarray([...usageGroups]),
    from: fc.integer({ min: now - 6 * DAY_MS, max: now - DAY_MS }),
    to: fc.integer({ min: now - DAY_MS + 1, max: now + 1 }),
    key: fc.constantFrom('key_a', 'key_b', 'key_none', null),
  })

  test('are those of a reader with a pencil, for all rows and questions', async () => {
    const { ledger, database } = ledgerOn(newFile())
    await database.ready()
    const property = fc.asyncProperty(
      fc.array(rowOf, { maxLength: 60 }),
      queryOf,
      async (own, query) => {
        const rows = own.map((row, index) => ledgerRow(`req_${index}`, row.at, row))
        await database.run('delete from usage_ledger')
        for (const row of rows) ledger.record(row)
        await expectSums(ledger, rows, query)
      },
    )
    await fc.assert(property, { numRuns: 150 })
  })

  test('are right over many slices', async () => {
    const { ledger } = ledgerOn(newFile())
    const rows = Array.from({ length: 7000 }, (_, index) =>
      // Many of one millisecond, so that slices end among them.
      ledgerRow(`req_${index}`, now - (index % 3) * DAY_MS, {
        keyId: `key_${index % 5}`,
        costMicroUsd: index % 4 === 0 ? null : index,
      }),
    )
    for (const row of rows) ledger.record(row)
    for (const groupBy of [[], ['day'], ['key', 'model'], ['route']] as UsageGroup[][]) {
      await expectSums(ledger, rows, { ...all, groupBy })
      await expectSums(ledger, rows, { ...all, groupBy, key: 'key_3' })
    }
  })

  test('let requests go on between their slices', async () => {
    const { ledger } = ledgerOn(newFile())
    for (let row = 0; row < 20_000; row += 1) ledger.record(ledgerRow(`req_${row}`, now))
    await ledger.flush()
    let turns = 0
    const timer = setInterval(() => {
      turns += 1
    }, 1)
    await ledger.report({ ...all, groupBy: ['day', 'key', 'model', 'route'] })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(3)
  })

  test('end with the one who asked', async () => {
    const { ledger } = ledgerOn(newFile())
    ledger.record(ledgerRow('req_1', now))
    const gone = AbortSignal.abort(new Error('gone'))
    expect(ledger.report(all, gone)).rejects.toThrow('gone')
  })
})

async function expectSums(
  ledger: Ledger,
  rows: readonly LedgerRow[],
  query: UsageQuery,
): Promise<void> {
  const report = await ledger.report(query)
  const asked = rowsOf(rows, query)
  const groups = Map.groupBy(asked, (row) => groupOf(row, query.groupBy))
  const found = report.rows.map(({ group, ...sums }) => [
    JSON.stringify(query.groupBy.map((name) => group[name])),
    sums,
  ])
  const expected = [...groups].map(([name, own]) => [name, naiveSums(own)])
  const byName = (a: unknown[], b: unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1)
  expect(found.toSorted(byName)).toEqual(expected.toSorted(byName))
  expect(report.total).toEqual(naiveSums(asked))
}
