/**
 * Row 36: an answer that comes compressed though `identity` was asked for. What gzip and deflate
 * make of it is read as it comes, up to a hundred times its size; anything else is a failure.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { constants, createGzip, deflateSync, gzipSync } from 'node:zlib'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import {
  answerOf,
  askPair,
  begunOf,
  expectBroken,
  expectRefused,
  isPassthrough,
  pairRows,
  pairs,
  requestOf,
  startPairs,
  wholeOf,
} from './dialect-stand.ts'
import { raw } from './provider-stand.ts'

afterEach(endStands)

/** Sends these bytes as a body of that encoding, a chunk each. */
const sends = (
  encoding: string,
  pieces: readonly Uint8Array[],
  type = 'text/event-stream',
): UpstreamScript => {
  return async (_request, connection) => {
    await connection.head(200, { 'content-type': type, 'content-encoding': encoding })
    for (const piece of pieces) await connection.chunk(piece)
    await connection.end()
    connection.close()
  }
}

/** Texts as one gzip stream, flushed behind each. */
async function flushed(texts: readonly string[]): Promise<readonly Buffer[]> {
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH })
  const pieces: Buffer[] = []
  gzip.on('data', (piece: Buffer) => pieces.push(piece))
  const whole: Buffer[] = []
  for (const text of texts) {
    await new Promise<void>((resolve) => gzip.write(text, () => resolve()))
    await new Promise<void>((resolve) => gzip.flush(constants.Z_SYNC_FLUSH, () => resolve()))
    whole.push(Buffer.concat(pieces.splice(0)))
  }
  return whole
}

test('nothing compressed is asked for, whatever the client can read', async () => {
  for (const pair of pairs) {
    const stand = await startPairs(async (_request, connection) => {
      await connection.head(404, { 'content-length': '0' })
    })
    const request = requestOf(pair)
    const headers = { ...request.headers, 'accept-encoding': 'gzip, br, zstd' }
    const { response } = await stand.ask({ ...request, headers })
    await response.ended()
    expect((await stand.upstream.request(0)).header('accept-encoding')).toBe('identity')
  }
})

describe.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
] as const)('an answer by %s is read all the same', (encoding, compress) => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const whole = wholeOf(pair)
    const { stand, response } = await askPair(pair, sends(encoding, [compress(whole)]))
    expect([response.status, response.ending]).toEqual([200, 'complete'])
    expect(response.header('content-encoding')).toBeNull()
    expect(response.text()).toContain(' there')
    if (isPassthrough(pair)) expect(response.text()).toBe(whole)
    expect((await stand.record(0)).endReason).toBe('completed')
  })
})

test.each(pairRows)('an event leaves as soon as it was flushed: %s', async (_name, pair) => {
  const { events, untilContent } = answerOf(pair)
  const [first = Buffer.alloc(0), rest = Buffer.alloc(0)] = await flushed([
    begunOf(pair),
    events.slice(untilContent).join(''),
  ])
  const seen = Promise.withResolvers<void>()
  const stand = await startPairs(async (_request, connection) => {
    const headers = { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }
    await connection.head(200, headers)
    await connection.chunk(first)
    await seen.promise
    await connection.chunk(rest)
    // The gzip stream has no end, but the answer in it has.
    await connection.end()
  })
  const { response } = await stand.ask(requestOf(pair))
  await response.until((r) => r.text().includes('Hello'), 'the first content')
  seen.resolve()
  expect(await response.ended()).toBe('complete')
  expect(response.text()).toContain(' there')
  expect((await stand.record(0)).endReason).toBe('completed')
})

describe('cut off or broken behind the first content, it is an error event', () => {
  const breaks: readonly (readonly [
    string,
    UpstreamScript,
    'upstream_reset' | 'upstream_protocol_error',
  ])[] = [
    ['reset', (_request, connection) => connection.reset(), 'upstream_reset'],
    ['ended', raw('0\r\n\r\n'), 'upstream_protocol_error'],
    [
      'garbage',
      async (_request, connection) => {
        await connection.chunk(Buffer.alloc(5000, 0xff))
        await connection.end()
        connection.close()
      },
      'upstream_protocol_error',
    ],
  ]
  describe.each(breaks)('%s', (_kind, rest, code) => {
    test.each(pairRows)('%s', async (_name, pair) => {
      const [first = Buffer.alloc(0)] = await flushed([begunOf(pair)])
      const seen = Promise.withResolvers<void>()
      const stand = await startPairs(async (request, connection) => {
        const headers = { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }
        await connection.head(200, headers)
        await connection.chunk(first)
        await seen.promise
        await rest(request, connection)
      })
      const { response } = await stand.ask(requestOf(pair))
      await response.until((r) => r.text().includes('Hello'), 'the first content')
      seen.resolve()
      await expectBroken({ stand, response }, pair, code)
    })
  })
})

const megabytes = 1024 * 1024
const comments = gzipSync(Buffer.alloc(50 * megabytes, ': bomb\n'))
const blanks = gzipSync(Buffer.alloc(50 * megabytes, ' '))

test('a bomb is a status, whatever it was asked as', async () => {
  expect(comments.byteLength).toBeLessThan(megabytes / 4)
  for (const pair of pairs) {
    for (const [stream, script] of [
      [true, sends('gzip', [comments])],
      [false, sends('gzip', [Buffer.from(blanks)], 'application/json')],
    ] as const) {
      const environment = { RETRIES_MAX: '0', STREAM_MAX_BUFFERED_BYTES: '16m' }
      const { stand, response } = await askPair(pair, script, { stream, environment })
      expectRefused(response, pair, 'upstream_protocol_error')
      await stand.upstream.until(({ openConnections }) => openConnections === 0, 'the close')
    }
  }
})

test.each(pairRows)('a bomb behind the first content is an error event: %s', async (_n, pair) => {
  const bomb = Buffer.alloc(50 * megabytes, ': bomb\n').toString()
  const pieces = await flushed([begunOf(pair), bomb])
  const stand = await startPairs(sends('gzip', pieces))
  const { response } = await stand.ask(requestOf(pair))
  await expectBroken({ stand, response }, pair, 'upstream_protocol_error')
  expect(response.bodyBytes).toBeLessThan(20 * megabytes)
})

test.each([
  ['br', 'no encoding that was asked for, and the smallest bombs of all'],
  ['zstd', 'the same'],
  ['gzip, gzip', 'a bomb in a bomb'],
  ['aws-chunked', 'unknown here'],
])('%s is a status: %s', async (encoding) => {
  for (const pair of pairs) {
    const whole = Buffer.from(wholeOf(pair))
    const { stand, response } = await askPair(pair, sends(encoding, [whole]))
    expectRefused(response, pair, 'upstream_bad_response')
    await stand.upstream.until(({ openConnections }) => openConnections === 0, 'the close')
  }
})

test('an error is read through its encoding', async () => {
  const message = 'Not like this.'
  const body = gzipSync(JSON.stringify({ error: { message, type: 'invalid_request_error' } }))
  for (const pair of pairs.filter(({ provider }) => provider === 'chat')) {
    const { response } = await askPair(pair, async (_request, connection) => {
      const length = String(body.byteLength)
      const headers = { 'content-encoding': 'gzip', 'content-length': length }
      await connection.head(400, { 'content-type': 'application/json', ...headers })
      await connection.raw(body)
    })
    expect(response.status).toBe(400)
    expect(JSON.parse(response.text()).error.message).toBe(message)
  }
})
