/**
 * A head that never ends: the runtime closes the connection after about twelve seconds, whether
 * nothing comes or a byte at a time, and nobody else waits for it (fault matrix, row 41). The
 * deadline cannot be shortened, so this file takes as long; everything in it happens at once.
 */
import { afterEach, expect, test } from 'bun:test'
import type { RawClient } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import { endStands, startStand } from './client-stand.ts'
import { answer, chat, chatPath, good } from './request-stand.ts'

afterEach(endStands)

const begin = `POST ${chatPath} HTTP/1.1\r\nhost: localhost\r\nx: `
const connectionsPerKind = 20
const cutMsMin = 8000
const cutMsMax = 20_000

/** Sends a byte twice a second, until the server has had enough. */
async function trickle(client: RawClient): Promise<void> {
  while (!client.isClosed) await client.sendPieces(['y'], 500).catch(() => {})
}

test('is cut off, while others are served', async () => {
  const stand = await startStand(answer)
  const clients: RawClient[] = []
  const connect = async (sent: string): Promise<RawClient> => {
    const client = await stand.connect()
    clients.push(client)
    await client.send(sent)
    return client
  }
  const startedAtMs = performance.now()
  for (let index = 0; index < connectionsPerKind; index++) {
    await connect('POST ')
    await connect(begin)
    await connect(`${begin}y\r\n`)
    trickle(await connect(begin))
  }
  const { response } = await stand.ask(chat(good))
  expect([await response.ended(), response.status]).toEqual(['complete', 200])

  const closedAtMs = await Promise.all(clients.map((client) => client.closed))
  expect(Math.min(...closedAtMs) - startedAtMs).toBeGreaterThan(cutMsMin)
  expect(Math.max(...closedAtMs) - startedAtMs).toBeLessThan(cutMsMax)
  for (const client of clients) expect(client.ending).toStartWith('peer-')
  await eventually(() => stand.app.leftovers().pendingRequests === 0, 'no requests')
  expect([stand.records.length, stand.upstream.requestCount]).toEqual([1, 1])
}, 40_000)
