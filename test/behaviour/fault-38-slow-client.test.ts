/**
 * A client that does not read, against the executable: the provider is paused, the process does
 * not grow, nothing is lost when the client reads on, and one that never does is cut off (fault
 * matrix, row 38).
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { chatEvents, eventText } from '../kit/answers.ts'
import { ask, jsonRequest, RawClient } from '../kit/client.ts'
import { toBytes } from '../kit/http.ts'
import { rssBytes } from '../kit/processes.ts'
import { type Program, startBinary } from '../kit/program.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import type { UpstreamConnection } from '../kit/upstream-connection.ts'
import { chatRequest, providerEnvironment } from './client-stand.ts'

const mebibyte = 1024 * 1024
const streamBytes = 200 * mebibyte
const growthBytesMax = 16 * mebibyte
/** What the collector may let lie while 200 MiB rush through; the whole stream is far above it. */
const rushBytesMax = 120 * mebibyte
const stallTimeoutMs = 2000

/** A long answer: the bytes of piece `index`, until there are enough of them. */
interface Answer {
  readonly path: string
  readonly body: object
  readonly headers: Readonly<Record<string, string>>
  piece(index: number): Uint8Array
  readonly end: Uint8Array
}

const [, token = '', finish = '', usage = ''] = chatEvents(['@'])
const tokenOf = (content: string): string => eventText(token.replace('@', content))
const padding = 'x'.repeat(64 * 1024)

const answers: Readonly<Record<string, Answer>> = {
  'a stream of events': {
    path: '/v1/chat/completions',
    body: chatRequest,
    headers: { 'content-type': 'text/event-stream' },
    piece: (index) => toBytes(tokenOf(`${index} ${padding}`)),
    end: toBytes([finish, usage, '[DONE]'].map(eventText).join('')),
  },
  'a download': {
    path: '/v1/audio/speech',
    body: { model: 'tts-1', input: 'Hello', voice: 'alloy' },
    headers: { 'content-type': 'audio/mpeg' },
    piece: (index) => Buffer.alloc(64 * 1024, `${index} `),
    end: new Uint8Array(1),
  },
}

let upstream: Upstream
let program: Program
/** SHA-256 of the body of the last answer that was sent to its end. */
let sentHash = ''
let answer: Answer
let wantedBytes = 0

beforeAll(async () => {
  upstream = startUpstream(async (_request, connection) => {
    const hash = new Bun.CryptoHasher('sha256')
    await connection.head(200, answer.headers)
    const send = async (bytes: Uint8Array): Promise<void> => {
      hash.update(bytes)
      await connection.chunk(bytes)
    }
    let sentBytes = 0
    for (let index = 0; sentBytes < wantedBytes; index++) {
      const piece = answer.piece(index)
      sentBytes += piece.length
      await send(piece)
    }
    await send(answer.end)
    await connection.end()
    sentHash = hash.digest('hex')
  })
  program = await startBinary({
    ...providerEnvironment(upstream),
    STREAM_CLIENT_STALL_TIMEOUT_MS: String(stallTimeoutMs),
    LOG_LEVEL: 'info',
  })
}, 150_000)

afterAll(async () => {
  await program?.stop()
  upstream?.stop()
})

afterEach(async () => {
  await upstream.until((u) => u.busyConnections === 0, 'the end of the scripts')
  const metrics = async () => {
    const response = await ask(program.url, { path: '/buffer-pool-metrics' })
    const { totalInUse, overflowInUse } = JSON.parse(response.text())
    return totalInUse + overflowInUse
  }
  await eventually(async () => (await metrics()) === 0, 'leases')
})

const workerRss = (): number => rssBytes(program.workerPids()[0] ?? 0)

/** Has everything loaded and compiled once, so that only the stall can make the process grow. */
async function warmUp(): Promise<void> {
  wantedBytes = 2 * mebibyte
  for (let round = 0; round < 3; round++) {
    const response = await ask(program.url, jsonRequest(answer.path, answer.body))
    expect([response.status, response.ending]).toEqual([200, 'complete'])
  }
}

/** Asks for the long answer and stops reading; resolves when the provider has to wait. */
async function stall(hash: Bun.CryptoHasher) {
  wantedBytes = streamBytes
  const known = upstream.requests.length
  const client = await RawClient.connect(program.url)
  const request = jsonRequest(answer.path, answer.body)
  const response = client.request({ ...request, onBody: (piece) => void hash.update(piece) })
  await response.head()
  client.pause()
  const { connectionId } = await upstream.request(known)
  const connection = await upstream.connection(connectionId)
  await eventually(() => connection.blockedForMs > 100, 'a paused provider', 10_000)
  return { client, response, connection }
}

/** The largest memory of the worker and what the provider wrote, while the client stands still. */
async function watch(connection: UpstreamConnection, forMs: number) {
  const untilMs = performance.now() + forMs
  const writtenBytes = connection.bytesWritten
  let rssMax = 0
  while (performance.now() < untilMs) {
    rssMax = Math.max(rssMax, workerRss())
    await Bun.sleep(20)
  }
  return { rssMax, writtenMore: connection.bytesWritten - writtenBytes }
}

describe.each(Object.entries(answers))('a client that stops reading %s', (_name, chosen) => {
  test('pauses the provider, costs no memory, and gets all of it when it reads on', async () => {
    answer = chosen
    await warmUp()
    const before = workerRss()
    expect(before).toBeGreaterThan(0)
    const hash = new Bun.CryptoHasher('sha256')
    const { client, response, connection } = await stall(hash)
    const { rssMax, writtenMore } = await watch(connection, 700)
    expect(rssMax - before).toBeLessThan(growthBytesMax)
    // The kernel may still take a little while its buffers grow.
    expect(writtenMore).toBeLessThan(mebibyte)
    expect(connection.bytesWritten).toBeLessThan(64 * mebibyte)
    expect(connection.isBlocked).toBe(true)

    client.resume()
    let rushMax = 0
    while (response.ending === null) {
      rushMax = Math.max(rushMax, workerRss())
      await Bun.sleep(20)
    }
    expect(response.ending).toBe('complete')
    expect(response.bodyBytes).toBeGreaterThan(streamBytes)
    expect(hash.digest('hex')).toBe(sentHash)
    expect(rushMax - before).toBeLessThan(rushBytesMax)
    client.close()
  }, 60_000)

  test('and never reads on is cut with a reset, and the provider is let go', async () => {
    answer = chosen
    const before = workerRss()
    const { client, response, connection } = await stall(new Bun.CryptoHasher('sha256'))
    const stalledAtMs = performance.now()
    const { rssMax } = await watch(connection, 500)
    expect(rssMax - before).toBeLessThan(growthBytesMax)
    await connection.closed
    const tookMs = performance.now() - stalledAtMs
    expect(tookMs).toBeGreaterThan(stallTimeoutMs / 2)
    expect(tookMs).toBeLessThan(stallTimeoutMs + 4000)
    client.resume()
    expect(await response.ended()).toBe('reset')
    await program.untilLog(/"end":"client_stalled"/)
  }, 30_000)
})
