/**
 * The probes against the executable: each is answered as it must be, its connection is closed or
 * goes on as it must, and at the end the provider has received exactly the accepted requests, to
 * the byte (fault matrix, rows 47 to 55).
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { json } from '../kit/answers.ts'
import { ask, RawClient } from '../kit/client.ts'
import { type Program, startBinary } from '../kit/program.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import type { UpstreamRequest } from '../kit/upstream-request.ts'
import { providerEnvironment } from './client-stand.ts'
import { type Forwarded, hidden, type Probe, probes } from './request-probes.ts'

const adminToken = 'probe-token'

let upstream: Upstream
let program: Program
/** What the provider must have received so far, in this order. */
const forwarded: Forwarded[] = []

beforeAll(async () => {
  upstream = startUpstream(json(200, { id: 'chatcmpl-1', object: 'chat.completion', choices: [] }))
  program = await startBinary({
    ...providerEnvironment(upstream),
    ADMIN_TOKEN: adminToken,
    LOG_LEVEL: 'silent',
    MAX_REQUEST_BYTES: '64k',
  })
}, 150_000)

afterAll(async () => {
  await program?.stop()
  upstream?.stop()
})

/** Whether the connection answers a request as a fresh one would. */
async function expectReusable(client: RawClient): Promise<void> {
  const next = client.request({ path: '/healthz' })
  await next.ended()
  expect([next.status, next.text()]).toEqual([200, '{"status":"ok"}'])
}

/**
 * Whether what comes next is taken for a body: a whole request goes in, and nothing comes out but,
 * at most, that this is not how the body could have gone on.
 */
async function expectUnfinished(client: RawClient): Promise<void> {
  const next = client.expect('POST')
  await client.send(hidden)
  // The server has read those bytes when it has answered somebody who came later.
  await ask(program.url, { path: '/healthz' })
  expect([0, 400]).toContain(next.status)
}

async function run(probe: Probe): Promise<void> {
  const client = await RawClient.connect(program.url)
  const method = /^\w+/.exec(probe.bytes)?.[0] ?? ''
  const responses = probe.answers.map(() => client.expect(method))
  // A refusal may come before the last of the bytes left.
  await client.send(Buffer.from(probe.bytes, 'latin1')).catch(() => {})
  for (const response of responses) await response.ended()
  expect(responses.map((response) => response.status)).toEqual([...probe.answers])
  if (probe.afterwards === 'reusable') await expectReusable(client)
  else if (probe.afterwards === 'unfinished') await expectUnfinished(client)
  else {
    await eventually(() => client.isClosed, 'the end of the connection', 2000)
    expect(client.ending).toStartWith('peer-')
  }
  if (!client.isClosed) client.close()
  forwarded.push(...probe.forwarded)
  expect(upstream.requestCount).toBe(forwarded.length)
}

for (const [topic, list] of Object.entries(probes)) {
  describe(topic, () => {
    test.each(list.map((probe) => [probe.name, probe] as const))('%s', (_name, probe) => run(probe))
  })
}

/** The head that the program writes for an accepted request, in any order. */
function expectedHead({ method, body }: Forwarded): string[] {
  return [
    'accept-encoding: identity',
    'accept: */*',
    'authorization: Bearer sk-test',
    'connection: keep-alive',
    ...(method === 'GET'
      ? []
      : [`content-length: ${body.length}`, 'content-type: application/json']),
    `host: 127.0.0.1:${upstream.port}`,
    'user-agent: sluice',
  ].sort()
}

const headOf = (request: UpstreamRequest): string[] =>
  request.headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`).sort()

/** The bytes that a request of this head and body takes on the wire. */
function bytesOf({ method, path, body }: Forwarded, head: readonly string[]): number {
  const lines = [`${method} ${path} HTTP/1.1`, ...head, '', body]
  return lines.join('\r\n').length
}

test('there are enough of them, and no two are the same', () => {
  const all = Object.values(probes).flat()
  expect(all.length).toBeGreaterThan(150)
  expect(new Set(all.map((probe) => probe.bytes)).size).toBe(all.length)
})

test('the provider received exactly the accepted requests, to the byte', async () => {
  const headers = { authorization: `Bearer ${adminToken}` }
  const metrics = await ask(program.url, { path: '/buffer-pool-metrics', headers })
  expect(JSON.parse(metrics.text())).toMatchObject({ totalInUse: 0, overflowInUse: 0 })
  expect(upstream.busyConnections).toBe(0)
  await program.stop()

  const received = await Promise.all(
    upstream.requests.map(async (request) => {
      const { method, path } = request
      return { method, path, body: await request.text() }
    }),
  )
  expect(received).toEqual(forwarded)
  expect(upstream.requests.map(headOf)).toEqual(forwarded.map(expectedHead))
  const wanted = forwarded.reduce((sum, item) => sum + bytesOf(item, expectedHead(item)), 0)
  const read = upstream.connections.reduce((sum, connection) => sum + connection.bytesRead, 0)
  expect(read).toBe(wanted)
})
