/** Listening and stopping. */
import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer } from '../../src/server/server.ts'
import { RawClient } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import { edgeOptions, startEdge } from './edge.ts'

test('a port that is taken is an error', async () => {
  await using edge = startEdge()
  const port = Number(edge.url.port)
  expect(() => startServer(edgeOptions({ port }))).toThrow(/in use|EADDRINUSE/)
})

test('two servers share a port where they are told to', async () => {
  await using first = startEdge({ reusePort: true })
  await using second = startEdge({ reusePort: true, port: Number(first.url.port) })
  expect(second.url.port).toBe(first.url.port)
})

test('stopping lets an answer end and takes no new connection', async () => {
  const more = Promise.withResolvers<void>()
  await using edge = startEdge({
    gateway: async () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue('1')
            await more.promise
            controller.enqueue('2')
            controller.close()
          },
        }),
      ),
  })
  const idle = await RawClient.connect(edge.url)
  await idle.request({ path: '/healthz' }).ended()
  const client = await RawClient.connect(edge.url)
  const response = client.request({ path: '/v1/files' })
  await response.until((r) => r.bodyBytes > 0, 'the first chunk')

  const stopped = edge.server.stop(false)
  await idle.closed
  await expect(RawClient.connect(edge.url)).rejects.toThrow()
  expect(edge.server.pendingRequests).toBe(1)
  more.resolve()
  expect(await response.ended()).toBe('complete')
  expect(response.text()).toBe('12')
  client.close()
  await stopped
})

test('stopping at once cuts what is under way', async () => {
  const waiting = Promise.withResolvers<void>()
  let isAborted = false
  await using edge = startEdge({
    gateway: (request) => {
      request.signal.addEventListener('abort', () => {
        isAborted = true
      })
      waiting.resolve()
      return new Promise(() => {})
    },
  })
  const client = await RawClient.connect(edge.url)
  const response = client.request({ path: '/v1/files' })
  await waiting.promise
  await edge.server.stop(true)
  expect(['reset', 'truncated']).toContain(await response.ended())
  await eventually(() => isAborted, 'the abort')
})

test('a body that nobody reads is neither kept nor refused', async () => {
  await using edge = startEdge({ requestBytesMax: 10 })
  const client = await RawClient.connect(edge.url)
  const response = client.expect('POST')
  await client.send('POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
  Bun.gc(true)
  const before = process.memoryUsage.rss()
  const chunk = `${(1 << 20).toString(16)}\r\n${'x'.repeat(1 << 20)}\r\n`
  for (let sent = 0; sent < 256; sent++) await client.send(chunk)
  await client.send('0\r\n\r\n')
  await response.ended()
  expect(response.status).toBe(405)
  // The sender is in this process too, and its own copies count until they are collected.
  Bun.gc(true)
  expect(process.memoryUsage.rss() - before).toBeLessThan(128 << 20)
  client.close()
})

const openssl = Bun.which('openssl')
test.skipIf(openssl === null)('serves TLS', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-tls-'))
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  try {
    const made = Bun.spawnSync([
      openssl ?? '',
      ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' '),
      ...['-subj', '/CN=localhost', '-out', certFile, '-keyout', keyFile],
    ])
    expect(made.exitCode).toBe(0)
    await using edge = startEdge({ tls: { certFile, keyFile } })
    expect(edge.url.protocol).toBe('https:')
    const ca = await Bun.file(certFile).text()
    const get = async (path: string) => {
      const url = `https://localhost:${edge.url.port}${path}`
      const response = await fetch(url, { tls: { ca }, keepalive: false })
      await response.bytes()
      return response.status
    }
    expect(await get('/v1/a/b')).toBe(200)
    expect(edge.asked[0]?.call.path).toBe('/a/b')
    expect(await get('/docs/page.js')).toBe(200)
    expect(await get('/localhost/v1/a/b')).toBe(404)
  } finally {
    await rm(directory, { recursive: true })
  }
})
