/**
 * Every recorded answer in every dialect of a client: written there, served over a socket, and read
 * by that dialect's official SDKs. It must say what the provider's own SDK reads in the original.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import { describeWithFixtures } from '../kit/fixtures.ts'
import type { Account, ChoiceAccount } from './account.ts'
import { expectSame } from './compare.ts'
import { expectedAt, rowsOf } from './differences.ts'
import {
  decode,
  originalOf,
  type Recording,
  readableBytes,
  recordings,
  unspoken,
} from './originals.ts'
import {
  type ClientName,
  clientNames,
  clients,
  lossesOf,
  writeBatch,
  writeStream,
  writeWhole,
} from './read-back.ts'
import { sources } from './sources.ts'
import { eventStream, json, Stand } from './stand.ts'
import { readVercel } from './vercel-readings.ts'

let stand: Stand
beforeAll(() => {
  stand = new Stand()
})
afterAll(() => stand.stop())

/** Rows that some recording needed. */
const usedRows = new Set<string>()

/** What is expected at a client. */
function expected(client: ClientName, recording: Recording, original: Account): Account {
  const { account, rows } = expectedAt(client, client === recording.speaks, original)
  for (const row of rows) usedRows.add(`${client}: ${row}`)
  return account
}

const noChoice: ChoiceAccount = {
  ...{ text: '', refusal: '', reasoning: '', calls: [], finish: null },
}

type VercelAccount = Awaited<ReturnType<typeof readVercel>>

/**
 * Ids that nobody gave are random there; usage in Groq's own corner, and an end without a reason,
 * are not seen.
 */
function expectSameVercel(read: VercelAccount, original: VercelAccount, wanted: Account): void {
  const given = wanted.choices[0]?.calls.every(({ id }) => id !== null) ?? true
  const usage = original.usage?.input === null ? read.usage : original.usage
  const calls = original.calls.map((call, index) =>
    given ? call : { ...call, id: read.calls[index]?.id ?? '' },
  )
  const finish = original.finish ?? wanted.choices[0]?.finish ?? null
  expect(read).toEqual({ ...original, calls, usage, finish })
}

/** The `ai` package reads one answer; of its own dialect, what it reads in the original. */
async function expectVercel(
  client: ClientName,
  recording: Recording,
  written: string,
  wanted: Account,
): Promise<void> {
  const { vercel } = clients[client]
  if (vercel === null || wanted.choices.length > 1) return
  stand.serve(eventStream(written))
  const read = await readVercel(stand.clients.origin, vercel)
  expect(read.failed).toBe(wanted.failed)
  if (wanted.failed) return
  if (client === recording.source) {
    stand.serve(eventStream(readableBytes(recording)))
    const original = await readVercel(stand.clients.origin, vercel)
    if (!original.failed) return expectSameVercel(read, original, wanted)
  }
  const choice = wanted.choices[0] ?? noChoice
  expect(read.text).toBe(choice.text + choice.refusal)
  // Chat completions of OpenAI show no reasoning, so that its provider does not look for any.
  expect(read.reasoning).toBe(vercel === 'chat' ? '' : choice.reasoning)
  expect(read.calls.map(({ name, input }) => [name, input])).toEqual(
    choice.calls.map(({ name, input }) => [name, input]),
  )
  // It takes a refusal in a response for a filter's work.
  const isRefused = vercel === 'responses' && choice.refusal !== ''
  expect(read.finish).toBe(isRefused ? 'content-filter' : choice.finish)
  expect(read.usage?.input ?? null).toBe(wanted.usage?.input ?? null)
  expect(read.usage?.output ?? null).toBe(wanted.usage?.output ?? null)
}

describeWithFixtures('recordings in the dialects of clients', () => {
  const all = recordings()

  test('are all of them', () => {
    expect(all.length).toBeGreaterThanOrEqual(190)
    expect(new Set(all.map(({ source }) => source)).size).toBe(Object.keys(sources).length)
  })

  for (const [file, reason] of Object.entries(unspoken)) test.skip(`${file}: ${reason}`, () => {})

  test.each(clientNames.map((name) => [name] as const))(
    'the differences at %s are rows of its losses',
    (client) => {
      const known = lossesOf(client).answer.map(({ what }) => what)
      for (const row of rowsOf(client)) expect(known).toContain(row)
    },
  )

  describe.each(all.map((recording) => [recording.name, recording] as const))(
    '%s',
    (_name, recording) => {
      let events: readonly HubEvent[] = []
      let original: Account = { choices: [], usage: null, failed: true }
      beforeAll(async () => {
        events = decode(recording, [recording.bytes])
        original = await originalOf(recording, stand)
      })

      test.each(clientNames.map((name) => [name] as const))('streamed as %s', async (client) => {
        const wanted = expected(client, recording, original)
        const written = writeStream(client, events)
        const { readStream, readOwn } = clients[client]
        const read = client === recording.source ? (readOwn ?? readStream) : readStream
        expectSame(await read(stand.serve(eventStream(written))), wanted)
        const batch = writeBatch(client, events)
        if (batch !== written) expectSame(await read(stand.serve(eventStream(batch))), wanted)
        await expectVercel(client, recording, written, wanted)
      })

      test('as an array of gemini', () => {
        const text = writeStream('gemini', events)
        const chunks = text.split('\r\n\r\n').filter(Boolean)
        const data = chunks.map((chunk) => JSON.parse(chunk.slice('data: '.length)))
        const array = writeStream('gemini', events, 'json-array')
        expect(JSON.parse(array)).toEqual(data)
      })

      test.each(clientNames.map((name) => [name] as const))('whole as %s', async (client) => {
        const wanted = expected(client, recording, original)
        const body = writeWhole(client, events)
        expect(body === null).toBe(wanted.failed)
        if (body === null) return
        expectSame(await clients[client].readWhole(stand.serve(json(body))), wanted)
      })
    },
  )

  test('every allowed difference was needed', () => {
    const allowed = clientNames.flatMap((client) =>
      rowsOf(client).map((row) => `${client}: ${row}`),
    )
    expect(allowed.filter((row) => !usedRows.has(row))).toEqual([])
  })
})
