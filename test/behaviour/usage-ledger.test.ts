/** The ledger behind real requests: what is in it, when, and what a full disk does to requests. */
import { Database as SqliteFile } from 'bun:sqlite'
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chatEvents, json, sse } from '../kit/answers.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'

setDefaultTimeout(60_000)

const ends: (() => void)[] = []
afterEach(async () => {
  await endStands()
  for (const end of ends.splice(0).reverse()) end()
})

const headers = { authorization: 'Bearer secret' }

function newDirectory(): string {
  const directory = mkdtempSync(join(runDirectory(), 'usage-'))
  ends.push(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const ledgerStand = (script: UpstreamScript, file: string): Promise<Stand> =>
  startStand(script, { DATABASE_URL: file, ADMIN_TOKEN: 'secret' })

const events = chatEvents(['Hello', ' there'], 'gpt-5')

async function chat(stand: Stand, more: object = {}): Promise<number> {
  const body = JSON.stringify({ ...chatRequest, model: 'gpt-5', ...more })
  const { client, response } = await stand.ask({
    method: 'POST',
    path: '/v1/chat/completions',
    body,
  })
  await response.ended()
  client.close()
  return response.status
}

async function usage(stand: Stand, query: string): Promise<ReturnType<typeof JSON.parse>> {
  const { response } = await stand.ask({ path: `/api/usage${query}`, headers })
  await response.ended()
  return { status: response.status, ...JSON.parse(response.text()) }
}

describe('a request', () => {
  test('is in the ledger with its tokens and its cost, well or badly ended', async () => {
    const file = join(newDirectory(), 'sluice.db')
    let asked = 0
    const stand = await ledgerStand((request, connection) => {
      asked += 1
      return asked <= 2
        ? sse(events, { done: true })(request, connection)
        : json(500, { error: { message: 'broken' } })(request, connection)
    }, file)
    expect([await chat(stand), await chat(stand), await chat(stand)]).toEqual([200, 200, 500])
    const report = await usage(stand, '?groupBy=model')
    expect(report.rows).toMatchObject([
      {
        ...{ model: 'openai/gpt-5', requests: 3, errors: 1, inputTokens: 6, outputTokens: 4 },
        ...{ costUsd: 0.000048, requestsOfUnknownCost: 1 },
      },
    ])
    const reader = new SqliteFile(file, { readonly: true })
    const rows = reader.query('select id, status, end_reason, duration_ms from usage_ledger').all()
    reader.close()
    const ids = stand.records.map(({ id }) => id)
    expect(rows).toHaveLength(3)
    for (const row of rows) expect(ids).toContain(Object(row).id)
  })

  test('is written when the program stops', async () => {
    const file = join(newDirectory(), 'sluice.db')
    const stand = await ledgerStand(sse(events, { done: true }), file)
    await chat(stand)
    await endStands()
    const reader = new SqliteFile(file, { readonly: true })
    expect(reader.query('select count(*) as rows from usage_ledger').get()).toEqual({ rows: 1 })
    reader.close()
  })

  test('leaves no file behind where nobody asked for one', async () => {
    const stand = await startStand(sse(events, { done: true }), { ADMIN_TOKEN: 'secret' })
    const before = existsSync('sluice.db')
    await chat(stand)
    expect((await usage(stand, '')).status).toBe(404)
    expect(existsSync('sluice.db')).toBe(before)
  })
})

const canMount = process.platform === 'linux' && process.getuid?.() === 0 && mounts()

/** Whether a file system of our own can be had; containers often forbid it. */
function mounts(): boolean {
  const directory = mkdtempSync(join(runDirectory(), 'mount-'))
  const isMounted = mount(directory)
  if (isMounted) Bun.spawnSync(['umount', directory])
  rmSync(directory, { recursive: true, force: true })
  return isMounted
}

function mount(directory: string): boolean {
  const words = ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory]
  try {
    return Bun.spawnSync(words, { stderr: 'ignore' }).success
  } catch {
    return false
  }
}

const onSmallDisk = canMount ? test : test.skip
onSmallDisk('a full disk costs no request anything, and the ledger goes on by itself', async () => {
  const directory = newDirectory()
  expect(mount(directory)).toBe(true)
  ends.push(() => void Bun.spawnSync(['umount', '-l', directory]))
  const stand = await ledgerStand(sse(events, { done: true }), join(directory, 'sluice.db'))
  expect(await chat(stand)).toBe(200)
  expect((await usage(stand, '')).total.requests).toBe(1)
  fill(join(directory, 'ballast'))
  for (let request = 0; request < 60; request += 1) expect(await chat(stand)).toBe(200)
  const full = await usage(stand, '')
  expect([200, 503]).toContain(full.status)
  rmSync(join(directory, 'ballast'))
  await eventually(
    async () => (await usage(stand, '')).total?.requests === 61,
    'all rows are written',
    40_000,
  )
  const { ledger } = await usage(stand, '')
  expect(ledger).toMatchObject({ dropped: 0, state: 'writing' })
  expect(ledger.failures).toBeGreaterThan(0)
})

/** Takes all the room that is left. */
function fill(file: string): void {
  for (let bytes = 1024 * 1024; bytes >= 512; bytes /= 2) {
    try {
      writeFileSync(file, new Uint8Array(bytes), { flag: 'a' })
    } catch {
      // A smaller piece may still fit.
    }
  }
}
