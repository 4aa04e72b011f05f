/**
 * 50 MB down through the executable: the same bytes, in little memory, and never a part of them
 * that looks like the whole. `IDENTITY_SEED` repeats the random bytes of a run.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { RawClient } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import type { UpstreamConnection } from '../kit/upstream-connection.ts'
import { BinaryStand, bodyBytes, growthBytesMax, mebibyte } from './binary-stand.ts'
import { randomBlocks, seed } from './random.ts'

let stand: BinaryStand
beforeAll(async () => {
  stand = await BinaryStand.start()
  // Once small, so that what is measured is not the code being loaded.
  await download(downloads.chunked, '/v1/files/file-7/content', 2 * mebibyte)
}, 60_000)
afterEach(() => stand.nothingLeft())
afterAll(() => stand.stop())

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
  stand.answer(async (_request, connection) => {
    await framed.begin(connection, lengthBytes)
    let sentBytes = 0
    for (const block of randomBlocks(lengthBytes, path)) {
      const piece = block.subarray(0, stopAfterBytes - sentBytes)
      sentBytes += piece.length
      if (piece.length > 0) await framed.piece(connection, piece)
    }
    await cut(connection)
  })
  const hash = new Bun.CryptoHasher('sha256')
  const client = await RawClient.connect(stand.program.url)
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
          const growth = await stand.growthDuring(async () => {
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
    // A reset can overtake all that was sent before it: then there is a status that says so.
    if (response.status === 502) {
      expect(response.header('content-type')).toBe('application/json')
      expect(response.ending).toBe('complete')
      return
    }
    expect(response.status).toBe(200)
    expect(['reset', 'truncated']).toContain(`${response.ending}`)
    expect(response.bodyBytes).toBeLessThanOrEqual(stopAfterBytes)

    const reading = fetch(`${stand.program.url}${path}`).then(async (answer) => {
      const body = await answer.arrayBuffer()
      if (answer.status === 502) throw Object.assign(new Error('late'), { code: 'ECONNRESET' })
      return body
    })
    const raised = await reading.then(() => null).catch((error) => error)
    expect(raised).toBeInstanceOf(Error)
    expect(raised).toMatchObject({ code: 'ECONNRESET' })
  })
})
