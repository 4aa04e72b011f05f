/**
 * A thousand streams at once in one worker of the executable: they all get their first byte before
 * any of them gets its last, and each gets its own bytes (fault matrix, row 56).
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { chatEvents, eventsText } from '../kit/answers.ts'
import { ask, jsonRequest, RawClient } from '../kit/client.ts'
import { type Program, startBinary } from '../kit/program.ts'
import { Changes, eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import { chatRequest, providerEnvironment } from './client-stand.ts'

const streamCount = 1000
/** The runtime's own cap is 256 requests at a time; with it the first wait below never ends. */
const withinMs = 30_000

/** What the provider sends to the client that said `user`. */
const textFor = (user: string): string =>
  eventsText(chatEvents([`Hello ${user}`, ', how', ' are', ` you, ${user}?`]), true)

/** In the middle of an event, so that each stream has to hold a buffer of the pool. */
const firstPartCharacters = textFor('0').length / 2

let upstream: Upstream
let program: Program
const changes = new Changes()
let asked = 0
let begun = 0

beforeAll(async () => {
  upstream = startUpstream(async (request, connection) => {
    const { user } = JSON.parse(await request.text())
    const text = textFor(user)
    asked += 1
    changes.notify()
    await changes.until(() => asked === streamCount, 'all requests', withinMs)
    await connection.head(200, { 'content-type': 'text/event-stream' })
    await connection.chunk(text.slice(0, firstPartCharacters))
    await changes.until(() => begun === streamCount, 'all first bytes', withinMs)
    await connection.chunk(text.slice(firstPartCharacters))
    await connection.end()
  })
  program = await startBinary({
    ...providerEnvironment(upstream),
    WORKERS: '1',
    LOG_LEVEL: 'warn',
    STREAM_HEARTBEAT_INTERVAL_MS: '0',
  })
}, 150_000)

afterAll(async () => {
  await program?.stop()
  upstream?.stop()
})

async function leases(): Promise<number> {
  const response = await ask(program.url, { path: '/buffer-pool-metrics' })
  const { totalInUse, overflowInUse } = JSON.parse(response.text())
  return totalInUse + overflowInUse
}

test('a thousand streams run at once in one worker', async () => {
  expect(program.workerPids()).toHaveLength(1)
  const clients = await Promise.all(
    Array.from({ length: streamCount }, () => RawClient.connect(program.url)),
  )
  const responses = clients.map((client, index) =>
    client.request(jsonRequest('/v1/chat/completions', { ...chatRequest, user: String(index) })),
  )
  await Promise.all(
    responses.map((response) => response.until((r) => r.bodyBytes > 0, 'first bytes', withinMs)),
  )
  expect(responses.filter((response) => response.ending !== null)).toEqual([])
  await eventually(async () => (await leases()) === streamCount, 'a buffer for each stream')
  begun = streamCount
  changes.notify()
  const endings = await Promise.all(responses.map((response) => response.ended(withinMs)))
  expect(endings.filter((ending) => ending !== 'complete')).toEqual([])
  const wrong = responses.filter((response, index) => response.text() !== textFor(String(index)))
  expect(wrong).toEqual([])

  for (const client of clients) client.close()
  await upstream.until((u) => u.busyConnections === 0, 'the end of the scripts')
  expect(upstream.requestCount).toBe(streamCount)
  await eventually(async () => (await leases()) === 0, 'buffers back')
  // What is left are the idle connections that the runtime keeps for the next requests.
  await eventually(() => upstream.openConnections <= 64, 'closed connections')
}, 90_000)
