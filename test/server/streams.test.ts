/** The gateway's answers leave as they are: unbuffered, undamaged, cancelled with the client. */
import { expect, test } from 'bun:test'
import { ask, RawClient } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import { startEdge } from './edge.ts'

const path = '/v1/chat/completions'
const post = { method: 'POST', path, headers: { 'content-type': 'application/json' }, body: '{}' }
const bytes = new TextEncoder().encode('data: "h\u00e9llo \u{1f600}"\n\n')
const eventStream = { 'content-type': 'text/event-stream', 'x-request-id': 'req_test' }

test('characters that are split between chunks stay whole', async () => {
  await using upstream = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            for (const byte of bytes) {
              controller.enqueue(Uint8Array.of(byte))
              await Bun.sleep(1)
            }
            controller.close()
          },
        }),
        { headers: eventStream },
      ),
  })
  // An upstream's response as it is carries `transfer-encoding`, which makes a router that adds
  // headers of its own decode and encode the body again, piece by piece.
  await using edge = startEdge({
    corsOrigins: ['https://app.example'],
    gateway: async () => {
      const { body, headers } = await fetch(upstream.url)
      return new Response(body, { headers })
    },
  })
  const headers = { ...post.headers, origin: 'https://app.example' }
  const response = await ask(edge.url, { ...post, headers })
  expect(response.header('x-request-id')).toBe('req_test')
  expect(response.header('access-control-allow-origin')).toBe('https://app.example')
  expect(Buffer.from(response.body()).equals(bytes)).toBe(true)
})

test('a chunk leaves before the next one exists', async () => {
  const more = Promise.withResolvers<void>()
  await using edge = startEdge({
    gateway: async () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue('data: 1\n\n')
            await more.promise
            controller.enqueue('data: 2\n\n')
            controller.close()
          },
        }),
        { headers: eventStream },
      ),
  })
  const client = await RawClient.connect(edge.url)
  const response = client.request(post)
  await response.until((r) => r.bodyBytes > 0, 'the first chunk')
  expect(response.text()).toBe('data: 1\n\n')
  expect(edge.server.pendingRequests).toBe(1)
  more.resolve()
  expect(await response.ended()).toBe('complete')
  expect(response.text()).toBe('data: 1\n\ndata: 2\n\n')
  client.close()
})

test('the body of a request reaches the gateway while it is still being sent', async () => {
  const received: string[] = []
  await using edge = startEdge({
    gateway: async (request) => {
      for await (const chunk of request.body ?? []) received.push(Buffer.from(chunk).toString())
      return Response.json({})
    },
  })
  const client = await RawClient.connect(edge.url)
  const response = client.expect('POST')
  await client.send(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\none`)
  await eventually(() => received.join('') === 'one', 'the first half')
  await client.send('two')
  expect(await response.ended()).toBe('complete')
  expect(received.join('')).toBe('onetwo')
  client.close()
})

test('a stream is cancelled when its client leaves', async () => {
  const cancelled = Promise.withResolvers<number>()
  await using edge = startEdge({
    gateway: async (_request, _call, connection) => {
      connection.disarm()
      return new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue('data: 1\n\n'),
          cancel() {
            connection.rearm()
            cancelled.resolve(performance.now())
          },
        }),
        { headers: eventStream },
      )
    },
  })
  const client = await RawClient.connect(edge.url)
  const response = client.request(post)
  await response.until((r) => r.bodyBytes > 0, 'the first chunk')
  expect(edge.asked[0]?.connection.clientAddress).toBe('127.0.0.1')
  const leftAtMs = performance.now()
  client.close()
  expect((await cancelled.promise) - leftAtMs).toBeLessThan(500)
  expect(edge.asked[0]?.request.signal.aborted).toBe(true)
})

test('a connection is used again after a stream', async () => {
  await using edge = startEdge({
    gateway: async (_request, _call, connection) => {
      connection.disarm()
      connection.rearm()
      return new Response('data: 1\n\n', { headers: eventStream })
    },
  })
  const client = await RawClient.connect(edge.url)
  for (const _ of [1, 2, 3]) expect(await client.request(post).ended()).toBe('complete')
  expect(edge.asked).toHaveLength(3)
  client.close()
})
