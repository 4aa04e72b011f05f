/** The client tells apart every way in which a response can end, stall and arrive. */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, cut, eventsText, json, replay, sse } from './answers.ts'
import { ask, RawClient } from './client.ts'
import type { ResponseEnding } from './response.ts'
import { eventually, turn } from './signal.ts'
import { parseSse, readSse } from './sse.ts'
import { startUpstream, type Upstream, type UpstreamScript } from './upstream.ts'

let upstream: Upstream | null = null
afterEach(() => {
  upstream?.stop()
  upstream = null
})

function start(...parameters: Parameters<typeof startUpstream>): Upstream {
  upstream = startUpstream(...parameters)
  return upstream
}

const sendsThenCloses = (bytes: string): UpstreamScript => {
  return async (_request, connection) => {
    await connection.raw(bytes)
    connection.close()
  }
}

describe('how the client reports an ending', () => {
  const cases: [string, UpstreamScript, ResponseEnding, number][] = [
    ['final chunk', sse(['1']), 'complete', 9],
    ['full length', json(200, {}), 'complete', 2],
    ['no body', (_r, connection) => connection.head(204), 'complete', 0],
    [
      '1xx first',
      sendsThenCloses('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 X\r\n\r\n'),
      'complete',
      0,
    ],
    ['close-delimited', sendsThenCloses('HTTP/1.1 200 OK\r\n\r\nabc'), 'closed', 3],
    ['no final chunk', sendsThenCloses(chunked('1\r\na\r\n')), 'truncated', 1],
    ['final chunk without its line end', sendsThenCloses(chunked('0\r\n')), 'truncated', 0],
    ['cut inside a chunk', sendsThenCloses(chunked('5\r\nab')), 'truncated', 2],
    [
      'short length',
      sendsThenCloses('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab'),
      'truncated',
      2,
    ],
    ['bad chunk size', sendsThenCloses(chunked('ZZ\r\na\r\n')), 'malformed', 0],
    ['chunk longer than its size', sendsThenCloses(chunked('1\r\nabc\r\n')), 'malformed', 1],
    ['garbage status line', sendsThenCloses('GARBAGE\r\n\r\n'), 'malformed', 0],
    ['nothing', (_r, connection) => connection.close(), 'truncated', 0],
    ['reset', (_r, connection) => connection.reset(), 'reset', 0],
  ]
  test.each(cases)('%s', async (_name, script, ending, bodyBytes) => {
    const response = await ask(start(script).url, { path: '/' })
    expect([response.ending, response.bodyBytes]).toEqual([ending, bodyBytes])
  })

  test('a length that is too short leaves bytes that belong to no response', async () => {
    const server = start(sendsThenCloses('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabXYZ'))
    const response = await ask(server.url, { path: '/' })
    expect([response.text(), response.ending]).toEqual(['ab', 'complete'])
  })

  test('transfer-encoding wins over content-length', async () => {
    const server = start(async (_request, connection) => {
      await connection.head(200, { 'content-length': '3', 'transfer-encoding': 'chunked' })
      await connection.chunk('abcdef')
      await connection.end()
    })
    const response = await ask(server.url, { path: '/' })
    expect([response.text(), response.ending]).toEqual(['abcdef', 'complete'])
  })
})

function chunked(body: string): string {
  return `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body}`
}

describe('streams', () => {
  test('events are read with their names, comments and times', async () => {
    const server = start(async (_request, connection) => {
      await connection.head(200)
      await connection.chunk(': ping\n\n')
      await connection.chunk('event: a\nid: 7\ndata: x\n\n')
      await Bun.sleep(80)
      await connection.chunk('data: y\n\n')
      await connection.end()
    })
    const client = await RawClient.connect(server.url)
    const events = await Array.fromAsync(readSse(client.request({ path: '/' })))
    expect(events.map(({ kind, event, id, data }) => [kind, event, id, data])).toEqual([
      ['comment', null, null, 'ping'],
      ['event', 'a', '7', 'x'],
      ['event', null, null, 'y'],
    ])
    expect((events[2]?.atMs ?? 0) - (events[1]?.atMs ?? 0)).toBeGreaterThan(60)
    client.close()
  })

  test('a replay is cut where it should be and loses nothing', async () => {
    const bytes = new TextEncoder().encode(eventsText(chatEvents(['Grüße', ' 🌍']), true))
    for (const splits of ['whole', 'bytes', [1, 5, 5, 3, 9999]] as const) {
      const pieces = cut(bytes, splits)
      const server = start(replay(bytes, splits))
      const response = await ask(server.url, { path: '/' })
      expect(response.body()).toEqual(bytes)
      expect(response.chunks.map((chunk) => chunk.sizeBytes)).toEqual([
        ...pieces.map((piece) => piece.byteLength),
        0,
      ])
      expect(parseSse(response.body()).at(-1)?.data).toBe('[DONE]')
      server.stop()
    }
    expect(cut(bytes, 'bytes')).toHaveLength(bytes.byteLength)
    expect(
      cut(bytes, [1, 5, 5, 3, 9999])
        .map((piece) => piece.byteLength)
        .slice(0, 3),
    ).toEqual([1, 2, 2])
  })
})

describe('back-pressure', () => {
  const mebibyte = 1024 * 1024

  test('the upstream knows that a reader stopped, and when it reads on', async () => {
    const block = new Uint8Array(mebibyte).fill(97)
    const server = start(async (_request, connection) => {
      await connection.head(200)
      for (let sent = 0; sent < 32; sent++) await connection.chunk(block)
      await connection.end()
    })
    const client = await RawClient.connect(server.url)
    const hash = new Bun.CryptoHasher('sha256')
    const response = client.request({ path: '/', onBody: (piece) => hash.update(piece) })
    await response.head()
    client.pause()
    const connection = await server.connection(0)
    await server.until(() => connection.isBlocked, 'a blocked write')
    // The kernel may take a little more at first; then it takes nothing.
    await eventually(() => connection.blockedForMs > 100, 'nothing is taken')
    const written = connection.bytesWritten
    await eventually(() => connection.blockedForMs > 200, 'nothing more is taken')
    expect(connection.bytesWritten).toBe(written)
    expect(written).toBeLessThan(24 * mebibyte)
    client.resume()
    expect(await response.ended()).toBe('complete')
    expect(response.bodyBytes).toBe(32 * mebibyte)
    const whole = new Bun.CryptoHasher('sha256')
    for (let count = 0; count < 32; count++) whole.update(block)
    expect(hash.digest('hex')).toBe(whole.digest('hex'))
    expect([connection.isBlocked, connection.blockedForMs]).toEqual([false, 0])
    client.close()
  })

  test('the upstream can stop reading a request', async () => {
    const resumed = Promise.withResolvers<void>()
    const server = start(async (request, connection) => {
      connection.pause()
      await resumed.promise
      connection.resume()
      let received = 0
      for await (const piece of request.body()) received += piece.byteLength
      await json(200, received)(request, connection)
    })
    const client = await RawClient.connect(server.url)
    const body = new Uint8Array(32 * mebibyte)
    const response = client.request({ path: '/', method: 'POST', body })
    await server.request(0)
    while (!client.isBlocked) await turn()
    await Bun.sleep(50)
    expect(client.isBlocked).toBe(true)
    expect(client.bytesWritten).toBeLessThan(24 * mebibyte)
    resumed.resolve()
    expect(await response.ended()).toBe('complete')
    expect(response.text()).toBe(String(32 * mebibyte))
    client.close()
  })

  test('a write that waits fails when the reader leaves', async () => {
    let outcome: unknown = null
    const server = start(async (_request, connection) => {
      await connection.head(200)
      outcome = await connection.chunk(new Uint8Array(32 * mebibyte)).catch((error) => error)
    })
    const client = await RawClient.connect(server.url)
    const response = client.request({ path: '/' })
    await response.head()
    client.pause()
    const connection = await server.connection(0)
    await server.until(() => connection.isBlocked, 'a blocked write')
    const leftAtMs = performance.now()
    client.reset()
    expect((await connection.closed) - leftAtMs).toBeLessThan(1000)
    await server.until((u) => u.busyConnections === 0, 'the script')
    await turn()
    expect(outcome).toMatchObject({ name: 'PeerGone' })
    expect(response.ending).toBe('left')
  })
})
