/** The operator's view of usage: who may see it, what may be asked, and how it is written. */
import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { csvText } from '../../src/server/csv.ts'
import { schemas } from '../../src/server/schemas.ts'
import { openDatabase } from '../../src/store/database.ts'
import { type Ledger, startLedger } from '../../src/store/ledger.ts'
import { ask } from '../kit/client.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { ledgerRow } from '../store/ledger-rows.ts'
import { type Edge, errorCode, startEdge } from './edge.ts'

const noon = Date.UTC(2026, 10, 20, 12)
const headers = { authorization: 'Bearer secret' }

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function newLedger(): Ledger {
  const directory = mkdtempSync(join(runDirectory(), 'usage-'))
  const database = openDatabase(join(directory, 'sluice.db'))
  const ledger = startLedger(database)
  ends.push(async () => {
    await ledger.close(0)
    await database.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return ledger
}

/** An edge with a ledger of four requests of two days, two keys and two models. */
function filledEdge(): Edge {
  const ledger = newLedger()
  const day = 86_400_000
  ledger.record(ledgerRow('req_1', noon, { costMicroUsd: 1_500_000 }))
  ledger.record(ledgerRow('req_2', noon, { keyId: 'key_b', model: '=cmd|x', costMicroUsd: null }))
  ledger.record(ledgerRow('req_3', noon - day, { costMicroUsd: 1, errorCode: 'upstream_reset' }))
  ledger.record(ledgerRow('req_4', noon - 90 * day))
  return startEdge({ adminToken: 'secret', ledger })
}

const from = '/api/usage?from=2026-11-01&to=2026-11-22'
const get = (edge: Edge, path: string, more: Record<string, string> = {}) =>
  ask(edge.url, { path, headers: { ...headers, ...more } })

describe('who may see it', () => {
  test('nobody without the token, and nobody where there is none', async () => {
    await using edge = filledEdge()
    expect((await ask(edge.url, { path: '/api/usage' })).status).toBe(401)
    await using open = startEdge({ ledger: newLedger() })
    const refusal = await ask(open.url, { path: '/api/usage', headers })
    expect([refusal.status, errorCode(refusal)]).toEqual([403, 'forbidden'])
  })
  test('where nothing is kept it says how to change that', async () => {
    await using edge = startEdge({ adminToken: 'secret' })
    const refusal = await get(edge, '/api/usage')
    expect([refusal.status, errorCode(refusal)]).toEqual([404, 'unknown_url'])
    expect(refusal.text()).toContain('LEDGER=on')
  })
  test('it is read only', async () => {
    await using edge = filledEdge()
    const refusal = await ask(edge.url, { method: 'POST', path: '/api/usage', headers })
    expect([refusal.status, refusal.header('allow')]).toEqual([405, 'GET, HEAD'])
  })
})

describe('JSON', () => {
  test('has sums by key and model, unknown costs apart, as documented', async () => {
    await using edge = filledEdge()
    const response = await get(edge, `${from}&groupBy=key,model`)
    expect(response.status).toBe(200)
    expect(response.header('cache-control')).toBe('no-store')
    const report = schemas.Usage.parse(JSON.parse(response.text()))
    expect(report.rows).toMatchObject([
      { key: 'key_a', model: 'openai/gpt-5', requests: 2, errors: 1, costUsd: 1.500001 },
      { key: 'key_b', model: 'openai/=cmd|x', requests: 1, costUsd: null },
    ])
    expect(report.total).toMatchObject({ requests: 3, requestsOfUnknownCost: 1, costUsd: 1.500001 })
    expect(report.ledger).toMatchObject({ state: 'writing', waiting: 0, dropped: 0 })
  })
  test('has days of UTC, one key, and the last 30 days where nothing is said', async () => {
    await using edge = filledEdge()
    const days = JSON.parse((await get(edge, `${from}&groupBy=day&key=key_a`)).text())
    expect(days.rows.map(({ day }: { day: string }) => day)).toEqual(['2026-11-19', '2026-11-20'])
    const recent = JSON.parse((await get(edge, '/api/usage')).text())
    expect(Date.parse(recent.to) - Date.parse(recent.from)).toBe(30 * 86_400_000)
    const moment = encodeURIComponent('2026-11-20T14:00:01+02:00')
    const late = JSON.parse((await get(edge, `/api/usage?from=${moment}&to=2026-11-22`)).text())
    expect(late.total.requests).toBe(0)
  })
  test.each([
    ['groupBy=user', 'groupBy'],
    ['groupBy=key,key', 'groupBy'],
    ['from=yesterday', 'from'],
    ['from=2026-11-01T10:00', 'from'],
    ['from=2026-13-01', 'from'],
    ['from=2026-11-02&to=2026-11-01', 'from'],
    ['to=1795000000', 'to'],
    ['format=xml', 'format'],
    ['form=csv', 'form'],
    ['key=a&key=b', 'key'],
  ])('%s is refused by name', async (query, param) => {
    await using edge = filledEdge()
    const refusal = await get(edge, `/api/usage?${query}`)
    expect(refusal.status).toBe(400)
    expect(JSON.parse(refusal.text()).error).toMatchObject({ code: 'invalid_request', param })
  })
})

describe('CSV', () => {
  const wanted =
    'model,requests,errors,inputTokens,outputTokens,cachedInputTokens,cacheWriteInputTokens,' +
    'reasoningTokens,costUsd,requestsOfUnknownCost,firstTokenMs,durationMs\r\n' +
    'openai/=cmd|x,1,0,100,10,40,0,5,,1,300,1200\r\n' +
    'openai/gpt-5,2,1,200,20,80,0,10,1.500001,0,300,1200\r\n'

  test('comes by the header or by the query', async () => {
    await using edge = filledEdge()
    const path = `${from}&groupBy=model`
    const byHeader = await get(edge, path, { accept: 'text/csv' })
    expect(byHeader.text()).toBe(wanted)
    expect(byHeader.header('content-type')).toStartWith('text/csv')
    expect(byHeader.header('content-disposition')).toContain('attachment')
    expect((await get(edge, `${path}&format=csv`)).text()).toBe(wanted)
    const json = await get(edge, `${path}&format=json`, { accept: 'text/csv' })
    expect(json.header('content-type')).toStartWith('application/json')
  })
  test('without groups is one row', async () => {
    await using edge = filledEdge()
    const lines = (await get(edge, `${from}&format=csv`)).text().split('\r\n')
    expect([lines.length, lines[1]]).toEqual([3, '3,1,300,30,120,0,15,1.500001,1,300,1200'])
  })
  test('has no formulas, and quotes what needs it', () => {
    const cells = ['=1+1', '+1', '-1', '@x', '\tx', 'a,b', 'a"b', 'a\r\nb', ' a', 'plain', '']
    const expected = [
      ...[`"'=1+1"`, `"'+1"`, `"'-1"`, `"'@x"`, `"'\tx"`],
      ...['"a,b"', '"a""b"', '"a\r\nb"', '" a"', 'plain', ''],
    ]
    expect(cells.map((cell) => csvText([[cell]]))).toEqual(expected.map((text) => `${text}\r\n`))
    expect(csvText([[1, null, -2.5]])).toBe('1,,-2.5\r\n')
  })
})
