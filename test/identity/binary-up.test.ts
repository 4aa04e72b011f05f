/**
 * 50 MB up through the executable: the same bytes, in little memory, and never a part of them that
 * looks like the whole. `IDENTITY_SEED` repeats the random bytes of a run.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { sendJson } from '../kit/answers.ts'
import { RawClient } from '../kit/client.ts'
import { PeerGone } from '../kit/wire.ts'
import { BinaryStand, bodyBytes, growthBytesMax, mebibyte } from './binary-stand.ts'
import { randomBlocks, seed } from './random.ts'

let stand: BinaryStand
beforeAll(async () => {
  stand = await BinaryStand.start()
  // Once small, so that what is measured is not the code being loaded.
  await upload(uploads['multipart to a provider that is named'], 2 * mebibyte)
}, 60_000)
afterEach(() => stand.nothingLeft())
afterAll(() => stand.stop())

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
  stand.answer(async (request, connection) => {
    for await (const piece of request.body()) arrived.update(piece)
    await sendJson(connection, 200, { id: 'file-7', object: 'file' })
  })
  const before = stand.upstream.requestCount
  const client = await RawClient.connect(stand.program.url)
  const response = client.expect('POST')
  await client.send(headOf(sent, lengthBytes))
  const digest = await sendBody(client, sent, lengthBytes)
  await response.ended()
  client.close()
  const request = await stand.upstream.request(before)
  return { digest, arrived: arrived.digest('hex'), response, request }
}

function headOf(sent: UploadCase, lengthBytes: number): string {
  const [head, tail] = framesOf(sent)
  const length =
    sent.framing === 'chunked'
      ? { 'transfer-encoding': 'chunked' }
      : { 'content-length': String(head.length + lengthBytes + tail.length) }
  const host = new URL(stand.program.url).host
  const headers = Object.entries({ host, ...sent.headers, ...length })
  const lines = [`POST ${sent.path} HTTP/1.1`, ...headers.map((header) => header.join(': '))]
  return `${lines.join('\r\n')}\r\n\r\n`
}

function framesOf({ frame: [head, tail] }: UploadCase): [Uint8Array, Uint8Array] {
  const encoder = new TextEncoder()
  return [encoder.encode(head), encoder.encode(tail)]
}

async function sendPiece(client: RawClient, sent: UploadCase, piece: Uint8Array): Promise<void> {
  if (piece.length === 0) return
  if (sent.framing === 'chunked') await client.send(`${piece.length.toString(16)}\r\n`)
  await client.send(piece)
  if (sent.framing === 'chunked') await client.send('\r\n')
}

function* inOrder(head: Uint8Array, blocks: Iterable<Uint8Array>, tail: Uint8Array) {
  yield head
  yield* blocks
  yield tail
}

async function sendBody(client: RawClient, sent: UploadCase, lengthBytes: number): Promise<string> {
  const [head, tail] = framesOf(sent)
  const hash = new Bun.CryptoHasher('sha256')
  for (const piece of inOrder(head, randomBlocks(lengthBytes, sent.path), tail)) {
    hash.update(piece)
    await sendPiece(client, sent, piece)
  }
  if (sent.framing === 'chunked') await client.send('0\r\n\r\n')
  return hash.digest('hex')
}

describe(`50 MB up, IDENTITY_SEED=${seed}`, () => {
  test.each(Object.entries(uploads))(
    '%s',
    async (_name, sent) => {
      const growth = await stand.growthDuring(async () => {
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

/** Those that reach the upstream before they are complete here. */
const straight = Object.entries(uploads).filter(
  ([, sent]) => sent.path.startsWith('/passthrough') || 'x-sluice-provider' in sent.headers,
)

describe('an upload that breaks off never looks complete', () => {
  test.each(straight)('%s', async (_name, sent) => {
    const ended = Promise.withResolvers<unknown>()
    stand.answer(async (request) => {
      try {
        for await (const _piece of request.body());
        ended.resolve('complete')
      } catch (error) {
        ended.resolve(error)
      }
    })
    const before = stand.upstream.requestCount
    const client = await RawClient.connect(stand.program.url)
    await client.send(headOf(sent, bodyBytes))
    for (const block of randomBlocks(4 * mebibyte, sent.path)) await sendPiece(client, sent, block)
    const request = await stand.upstream.request(before)
    await stand.upstream.until(() => request.bodyBytes > mebibyte, 'some of the body')
    client.close()
    expect(await ended.promise).toBeInstanceOf(PeerGone)
    expect(request.isComplete).toBe(false)
  })

  test('what waits for its end is not sent at all', async () => {
    const before = stand.upstream.requestCount
    const sent = uploads['multipart in chunks']
    const client = await RawClient.connect(stand.program.url)
    await client.send(headOf(sent, bodyBytes))
    for (const block of randomBlocks(4 * mebibyte, sent.path)) await sendPiece(client, sent, block)
    client.close()
    await stand.nothingLeft()
    expect(stand.upstream.requestCount).toBe(before)
  })
})

test.each(straight)('a refusal in the middle of an upload arrives: %s', async (_name, sent) => {
  const error = { message: 'Too large.', type: 'invalid_request_error', param: null, code: 'big' }
  stand.answer(async (_request, connection) => {
    await sendJson(connection, 413, { error })
    connection.close()
  })
  const client = await RawClient.connect(stand.program.url)
  const response = client.expect('POST')
  await client.send(headOf(sent, bodyBytes))
  const sending = (async () => {
    for (const block of randomBlocks(bodyBytes, sent.path)) {
      if (response.status !== 0) return
      await sendPiece(client, sent, block)
    }
  })()
  await response.head()
  await response.ended()
  expect(response.status).toBe(413)
  expect(JSON.parse(response.text())).toEqual({ error })
  client.close()
  await sending.catch(() => {})
})
