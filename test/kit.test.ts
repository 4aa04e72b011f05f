/**
 * The kit proves itself: each fault looks on the wire as its name says. The judge of the upstream
 * is a socket of `node:net`, which shares nothing with the kit; the judge of the client is the
 * upstream, once it is proven.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { inTurn, json, silence } from './kit/answers.ts'
import { ask, jsonRequest, RawClient } from './kit/client.ts'
import { closedPort, startBlackHole } from './kit/dead-ends.ts'
import { startUpstream, type Upstream } from './kit/upstream.ts'

let upstream: Upstream | null = null
afterEach(() => {
  upstream?.stop()
  upstream = null
})

function start(...parameters: Parameters<typeof startUpstream>): Upstream {
  upstream = startUpstream(...parameters)
  return upstream
}

interface Observed {
  readonly text: string
  readonly pieces: readonly string[]
  readonly ending: string
}

/** What an independent socket sees in answer to one request. */
function observe(port: number, request = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'): Promise<Observed> {
  return new Promise((resolve) => {
    const pieces: string[] = []
    let ending = 'fin'
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    socket.on('data', (data) => pieces.push(data.toString('latin1')))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      ending = error.code ?? 'error'
    })
    socket.on('close', () => resolve({ text: pieces.join(''), pieces, ending }))
  })
}

describe('faults on the wire', () => {
  test('bytes leave exactly as they were written, and FIN is FIN', async () => {
    const odd = 'HTTP/9.9 abc\r\nx\u0000: \u00ff\nno end'
    const { port } = start(async (_request, connection) => {
      await connection.raw(Buffer.from(odd, 'latin1'))
      connection.close()
    })
    expect(await observe(port)).toMatchObject({ text: odd, ending: 'fin' })
  })

  test('a reset is ECONNRESET, before and after bytes', async () => {
    const reset = start(
      inTurn(
        (_request, connection) => connection.reset(),
        async (_request, connection) => {
          await connection.head(200)
          await connection.chunk('data: 1\n\n')
          await Bun.sleep(30)
          connection.reset()
        },
      ),
    )
    expect(await observe(reset.port)).toEqual({ text: '', pieces: [], ending: 'ECONNRESET' })
    const second = await observe(reset.port)
    expect(second.ending).toBe('ECONNRESET')
    expect(second.text).toBe(
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n',
    )
  })

  test('a connection can be closed or reset before any byte of a request', async () => {
    const closing = startUpstream(silence, { onConnection: (connection) => connection.close() })
    expect(await observe(closing.port)).toMatchObject({ text: '' })
    expect(closing.stop()).toEqual({ openConnections: 0, busyConnections: 0 })
    const { port } = start(silence, { onConnection: (connection) => connection.reset() })
    expect(await observe(port)).toMatchObject({ text: '', ending: 'ECONNRESET' })
    expect(upstream?.requests).toHaveLength(0)
  })

  test('pieces written with a pause arrive as pieces', async () => {
    const { port } = start(async (_request, connection) => {
      for (const piece of ['HTTP/1.1 200', ' OK\r\ncontent-le', 'ngth: 2\r\n\r\n', 'o', 'k']) {
        await connection.raw(piece)
        await Bun.sleep(20)
      }
      connection.close()
    })
    expect((await observe(port)).pieces).toEqual([
      'HTTP/1.1 200',
      ' OK\r\ncontent-le',
      'ngth: 2\r\n\r\n',
      'o',
      'k',
    ])
  })

  test('headers keep order, case and repetition, and declared framing is left alone', async () => {
    const { port } = start(async (_request, connection) => {
      await connection.head(103)
      await connection.head(200, [
        ['X-B', '1'],
        ['x-a', '2'],
        ['Content-Length', '5'],
        ['content-length', '6'],
        ['x-b', '3'],
      ])
      connection.close()
    })
    expect((await observe(port)).text).toBe(
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nX-B: 1\r\nx-a: 2\r\n' +
        'Content-Length: 5\r\ncontent-length: 6\r\nx-b: 3\r\n\r\n',
    )
  })

  test('nobody answers: refused, dropped, accepted in silence', async () => {
    expect((await observe(closedPort())).ending).toBe('ECONNREFUSED')
    const hole = await startBlackHole()
    const socket = connect(hole.port, '127.0.0.1')
    const answer = new Promise((resolve) => {
      socket.once('connect', () => resolve('connected'))
      socket.once('error', (error) => resolve(error))
    })
    expect(await Promise.race([answer, Bun.sleep(600).then(() => 'nothing')])).toBe('nothing')
    socket.destroy()
    await hole.stop()
    const server = start(silence)
    const client = await RawClient.connect(server.url)
    const response = client.request({ path: '/' })
    await server.request(0)
    expect([server.busyConnections, response.ending]).toEqual([1, null])
    client.close()
    const connection = await server.connection(0)
    await connection.closed
    expect([connection.ending, response.ending]).toEqual(['peer-fin', 'left'])
  })
})

describe('requests', () => {
  test('heads and bodies arrive as they were sent, by length and by chunks', async () => {
    const server = start(json(200, {}))
    const client = await RawClient.connect(server.url)
    await client.request(jsonRequest('/v1/x?y=1', { model: 'm' }, { 'X-Case': 'Kept' })).ended()
    const chunks = ['POST /c HTTP/1.1\r\nHost: h\r\nX-Two: 1\r\nX-Two: 2\r\n']
    chunks.push(
      'Transfer-Encoding: chunked\r\n\r\n',
      '3\r\nabc\r\n',
      '2\r',
      '\nde\r\n',
      '0\r\n\r\n',
    )
    const response = client.expect('POST')
    await client.sendPieces(chunks, 2)
    await response.ended()
    const [first, second] = server.requests
    expect([first?.method, first?.path, first?.header('x-case')]).toEqual([
      'POST',
      '/v1/x?y=1',
      'Kept',
    ])
    expect(await first?.json()).toEqual({ model: 'm' })
    expect([second?.chunkSizes, await second?.text()]).toEqual([[3, 2, 0], 'abcde'])
    expect(second?.headerLines('x-two')).toEqual(['1', '2'])
    expect([second?.indexOnConnection, second?.connectionId]).toEqual([1, 0])
    client.close()
    await server.until((u) => u.openConnections === 0, 'the close')
  })

  test('pipelined requests are answered in order', async () => {
    const server = start(async (request, connection) => {
      if (request.indexOnConnection === 0) await Bun.sleep(30)
      await json(200, request.path)(request, connection)
    })
    const client = await RawClient.connect(server.url)
    const responses = ['/1', '/2', '/3'].map((path) => client.request({ path }))
    for (const response of responses) await response.ended()
    expect(responses.map((response) => response.text())).toEqual(['"/1"', '"/2"', '"/3"'])
    client.close()
  })

  test('a body that breaks off is not a body', async () => {
    const server = start(silence)
    const client = await RawClient.connect(server.url)
    await client.send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc')
    const request = await server.request(0)
    client.reset()
    await expect(request.bytes()).rejects.toThrow('closed within the request')
    expect((await server.connection(0)).ending).toBe('peer-reset')
  })

  test('a script that throws fails the test that stops the upstream', async () => {
    const broken = startUpstream(() => {
      throw new Error('of the script')
    })
    expect((await ask(broken.url, { path: '/' })).ending).toBe('reset')
    expect(() => broken.stop()).toThrow('of the script')
  })
})
