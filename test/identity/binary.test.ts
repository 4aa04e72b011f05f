/**
 * Large bodies through the executable, both ways: the same bytes, in little memory, and never a
 * part of them that looks like the whole. `IDENTITY_SEED` repeats the random bytes of a run.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { json } from '../kit/answers.ts'
import { RawClient } from '../kit/client.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import { rssBytes } from '../kit/processes.ts'
import { type Program, startBinary } from '../kit/program.ts'
import type { RawResponse } from '../kit/response.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../kit/upstream.ts'
import type { UpstreamConnection } from '../kit/upstream-connection.ts'
import { randomBlocks, seed } from './random.ts'

const mebibyte = 1024 * 1024
const bodyBytes = 50 * mebibyte
/** A body that was kept as a whole, even once, would be above it. */
const growthBytesMax = 40 * mebibyte

let upstream: Upstream
let program: Program
let spoolDirectory: string
let script: UpstreamScript = () => {}

beforeAll(async () => {
  upstream = startUpstream((request, connection) => script(request, connection))
  spoolDirectory = mkdtempSync(join(runDirectory(), 'spool-'))
  program = await startBinary({
    OPENAI_API_KEY: 'sk-operator',
    OPENAI_BASE_URL: `${upstream.url}/v1`,
    STREAM_SPOOL_DIRECTORY: spoolDirectory,
  })
  // Once small, so that what is measured is not the code being loaded.
  await upload(uploads['multipart to a provider that is named'], 2 * mebibyte)
  await download(downloads.chunked, '/v1/files/file-7/content', 2 * mebibyte)
}, 60_000)

afterEach(async () => {
  await expectNothingLeft(null, {
    upstreams: () => upstream.busyConnections,
    buffers: async () => {
      const response = await fetch(`${program.url}/buffer-pool-metrics`)
      const metrics = (await response.json()) as { totalInUse: number; overflowInUse: number }
      return metrics.totalInUse + metrics.overflowInUse
    },
    spoolFiles: () =>
      readdirSync(spoolDirectory, { recursive: true }).filter((name) => String(name).includes('.'))
        .length,
  })
})

afterAll(async () => {
  await program.stop()
  upstream.stop()
})

/** Runs `transfer` and gives by how much the worker's memory grew at its largest, in bytes. */
async function growthDuring(transfer: () => Promise<void>): Promise<number> {
  const [worker = program.pid] = program.workerPids()
  const before = rssBytes(worker)
  let largest = before
  const timer = setInterval(() => {
    largest = Math.max(largest, rssBytes(worker))
  }, 5)
  try {
    await transfer()
  } finally {
    clearInterval(timer)
  }
  return Math.max(largest, rssBytes(worker)) - before
}

/** How an upload is sent. */
interface UploadCase {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** What stands before and after the random bytes. */
  readonly frame: readonly [string, string]
  readonly framing: 'length' | 'chunked'
}

const multipart = { 'content-type': 'multipart/form-data; boundary=b7' }
const part = (name: string): string => `--b7\r\ncontent-disposition: form-data; name="${name}"`
const file = `${part('file')}; filename="k\u00e4se.bin"\r\n\r\n`
const formFrame = [`${part('purpose')}\r\n\r\nbatch\r\n${file}`, '\r\n--b7--\r\n'] as const
const direct = { 'content-type': 'application/octet-stream' }

const uploads = {
  'multipart to whom the program thinks fit': {
    path: '/v1/files',
    headers: multipart,
    frame: formFrame,
    framing: 'length',
  },
  'multipart to a provider that is named': {
    path: '/v1/files',
    headers: { ...multipart, 'x-sluice-provider': 'openai' },
    frame: formFrame,
    framing: 'length',
  },
  'multipart in chunks': {
    path: '/v1/files',
    headers: multipart,
    frame: formFrame,
    framing: 'chunked',
  },
  'passthrough with a length': {
    path: '/passthrough/openai/blobs?x=%2B1',
    headers: direct,
    frame: ['', ''],
    framing: 'length',
  },
  'passthrough in chunks': {
    path: '/passthrough/openai/blobs?x=%2B1',
    headers: direct,
    frame: ['', ''],
    framing: 'chunked',
  },
} as const satisfies Record<string, UploadCase>

/** Sends a body and gives the digest of what was sent, of what arrived, and the answer. */
async function upload(sent: UploadCase, lengthBytes: number) {
  const arrived = new Bun.CryptoHasher('sha256')
  script = async (request, connection) => {
    for await (const piece of request.body()) arrived.update(piece)
    await json(200, { id: 'file-7', object: 'file' })(request, connection)
  }
  const before = upstream.requestCount
  const client = await RawClient.connect(program.url)
  const response = client.expect('POST')
  const digest = await sendBody(client, sent, lengthBytes)
  await response.ended()
  client.close()
  const request = await upstream.request(before)
  return { digest, arrived: arrived.digest('hex'), response, request }
}

async function sendBody(client: RawClient, sent: UploadCase, lengthBytes: number): Promise<string> {
  const [head, tail] = sent.frame.map((text) => new TextEncoder().encode(text))
  if (head === undefined || tail === undefined) throw new Error('a frame has two ends')
  const isChunked = sent.framing === 'chunked'
  const headers = {
    ...sent.headers,
    ...(isChunked
      ? { 'transfer-encoding': 'chunked' }
      : { 'content-length': String(head.length + lengthBytes + tail.length) }),
  }
  const lines = Object.entries({ host: new URL(program.url).host, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  await client.send(`POST ${sent.path} HTTP/1.1\r\n${lines}\r\n`)
  const hash = new Bun.CryptoHasher('sha256')
  const send = async (piece: Uint8Array): Promise<void> => {
    if (piece.length === 0) return
    hash.update(piece)
    if (isChunked) await client.send(`${piece.length.toString(16)}\r\n`)
    await client.send(piece)
    if (isChunked) await client.send('\r\n')
  }
  await send(head)
  for (const block of randomBlocks(lengthBytes, sent.path)) await send(block)
  await send(tail)
  if (isChunked) await client.send('0\r\n\r\n')
  return hash.digest('hex')
}

describe(`50 MB up, IDENTITY_SEED=${seed}`, () => {
  test.each(Object.entries(uploads))(
    '%s',
    async (_name, sent) => {
      const growth = await growthDuring(async () => {
        const { digest, arrived, response, request } = await upload(sent, bodyBytes)
        expect([response.status, response.ending]).toEqual([200, 'complete'])
        expect(arrived).toBe(digest)
        expect(request.header('content-type')).toBe(sent.headers['content-type'])
        const path = sent.path.replace('/passthrough/openai', '/v1')
        expect([request.path, request.isComplete]).toEqual([path, true])
      })
      expect(growth).toBeLessThan(growthBytesMax)
    },
    30_000,
  )
})

/** How the upstream frames a download: the head, each piece, the end. */
interface DownloadCase {
  begin(connection: UpstreamConnection, lengthBytes: number): Promise<void>
  piece(connection: UpstreamConnection, bytes: Uint8Array): Promise<void>
  end(connection: UpstreamConnection): Promise<void>
}

const binary = { 'content-type': 'application/octet-stream' }

const downloads = {
  'with a length': {
    begin: (connection, lengthBytes) =>
      connection.head(200, { ...binary, 'content-length': String(lengthBytes) }),
    piece: (connection, bytes) => connection.raw(bytes),
    end: async () => {},
  },
  chunked: {
    begin: (connection) => connection.head(200, binary),
    piece: (connection, bytes) => connection.chunk(bytes),
    end: (connection) => connection.end(),
  },
  'until the connection closes': {
    begin: (connection) => connection.head(200, binary, 'none'),
    piece: (connection, bytes) => connection.raw(bytes),
    end: async (connection) => connection.close(),
  },
} as const satisfies Record<string, DownloadCase>

/** The request of a path: speech is asked for with a JSON body, files are not. */
const requestOf = (path: string) =>
  path.endsWith('/speech')
    ? {
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'openai/tts-1', input: 'Hi', voice: 'alloy' }),
      }
    : { path }

/**
 * Asks for a body and gives the digest of what arrived.
 * @param stopAfterBytes where the upstream stops and calls `cut`; the whole by default.
 */
async function download(
  framed: DownloadCase,
  path: string,
  lengthBytes: number,
  stopAfterBytes = lengthBytes,
  cut: (connection: UpstreamConnection) => Promise<void> | void = framed.end,
): Promise<{ arrived: string; response: RawResponse }> {
  script = async (_request, connection) => {
    await framed.begin(connection, lengthBytes)
    let sentBytes = 0
    for (const block of randomBlocks(lengthBytes, path)) {
      const piece = block.subarray(0, stopAfterBytes - sentBytes)
      sentBytes += piece.length
      if (piece.length > 0) await framed.piece(connection, piece)
    }
    await cut(connection)
  }
  const hash = new Bun.CryptoHasher('sha256')
  const client = await RawClient.connect(program.url)
  const response = client.request({ ...requestOf(path), onBody: (piece) => hash.update(piece) })
  await response.ended()
  client.close()
  return { arrived: hash.digest('hex'), response }
}

function digestOf(path: string): string {
  const hash = new Bun.CryptoHasher('sha256')
  for (const block of randomBlocks(bodyBytes, path)) hash.update(block)
  return hash.digest('hex')
}

describe(`50 MB down, IDENTITY_SEED=${seed}`, () => {
  describe.each(['/v1/files/file-7/content', '/v1/audio/speech', '/passthrough/openai/blobs/7'])(
    '%s',
    (path) => {
      test.each(Object.entries(downloads))(
        '%s',
        async (_name, framed) => {
          const growth = await growthDuring(async () => {
            const { arrived, response } = await download(framed, path, bodyBytes)
            expect([response.status, response.ending]).toEqual([200, 'complete'])
            expect(response.header('content-type')).toBe('application/octet-stream')
            expect(response.bodyBytes).toBe(bodyBytes)
            expect(arrived).toBe(digestOf(path))
          })
          expect(growth).toBeLessThan(growthBytesMax)
        },
        30_000,
      )
    },
  )
})

describe('a download that breaks off never looks complete', () => {
  const path = '/v1/files/file-7/content'
  const ways = {
    closed: (connection: UpstreamConnection) => connection.close(),
    reset: (connection: UpstreamConnection) => connection.reset(),
  } as const
  const cases = (['with a length', 'chunked'] as const).flatMap((framing) =>
    (['closed', 'reset'] as const).map((way) => [framing, way] as const),
  )

  test.each(cases)('%s, %s', async (framing, way) => {
    // Not at the end of a block, nor of a chunk of ours.
    const stopAfterBytes = 3 * mebibyte + 7
    const { response } = await download(
      downloads[framing],
      path,
      8 * mebibyte,
      stopAfterBytes,
      ways[way],
    )
    expect(response.status).toBe(200)
    expect(['reset', 'truncated']).toContain(`${response.ending}`)
    expect(response.bodyBytes).toBeLessThanOrEqual(stopAfterBytes)

    const reading = fetch(`${program.url}${path}`).then((answer) => answer.arrayBuffer())
    const raised = await reading.then(() => null).catch((error) => error)
    expect(raised).toBeInstanceOf(Error)
    expect(raised).toMatchObject({ code: 'ECONNRESET' })
  })
})
