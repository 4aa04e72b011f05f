/**
 * No descriptors left: the program survives, refuses what would need more of them, answers its
 * operator on connections that it has, and recovers (fault matrix, row 57). The row wants
 * `/healthz` to fail near the limit; here `/readyz` does, so that nobody kills a worker for being
 * busy. Connections of a process are not counted by Bun, so they are bounded by their descriptors.
 */
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { binaryPath } from '../kit/binary.ts'
import { jsonRequest, RawClient, type RequestToSend } from '../kit/client.ts'
import { isAlive } from '../kit/processes.ts'
import { type Program, startCommand } from '../kit/program.ts'
import type { RawResponse } from '../kit/response.ts'
import { eventually } from '../kit/signal.ts'

setDefaultTimeout(60_000)

const descriptors = 64
let program: Program | null = null
const clients: RawClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  const ended = program
  program = null
  await ended?.stop()
})

/** Starts the executable with so few descriptors. @returns the process of its worker. */
async function start(): Promise<number> {
  const command = `ulimit -n ${descriptors}; exec "$0"`
  program = await startCommand(['sh', '-c', command, await binaryPath()], { LOG_FORMAT: 'json' })
  const pid = program.workerPids().at(-1)
  if (pid === undefined) throw new Error('no worker')
  return pid
}

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(program?.url ?? '')
  clients.push(client)
  return client
}

async function get(client: RawClient, path: string): Promise<RawResponse> {
  const response = client.request({ path })
  await response.ended()
  return response
}

/** The state of the descriptors, as the operator sees it. */
async function overload(client: RawClient): Promise<{ stage: string; descriptors: unknown }> {
  return JSON.parse((await get(client, '/api/overload')).text())
}

/** A stream of the built-in provider that goes on until it is left. */
const endless: RequestToSend = jsonRequest('/v1/chat/completions', {
  model: 'demo/stream?tokens=100000&tokensPerSecond=5',
  stream: true,
  messages: [],
})
const short = jsonRequest('/v1/chat/completions', {
  model: 'demo/stream?tokens=3&tokensPerSecond=0',
  stream: true,
  messages: [],
})

async function expectService(pid: number): Promise<void> {
  const client = await connect()
  await eventually(async () => (await overload(client)).stage === 'normal', 'the recovery', 10_000)
  for (const path of ['/healthz', '/readyz', '/v1/models']) {
    expect((await get(client, path)).status, path).toBe(200)
  }
  const response = client.request(short)
  expect(await response.ended()).toBe('complete')
  expect(response.text()).toEndWith('data: [DONE]\n\n')
  expect(program?.workerPids()).toEqual([pid])
  expect(isAlive(pid)).toBe(true)
  expect(program?.log).not.toContain('uncaught')
  expect(program?.log).not.toContain('worker ended')
}

const isLinux = process.platform === 'linux'

describe.skipIf(!isLinux)('with 64 descriptors', () => {
  test('streams leave room: what is above their bound is refused', async () => {
    const pid = await start()
    const operator = await connect()
    await get(operator, '/healthz')
    const responses: RawResponse[] = []
    for (let index = 0; index < 24; index++) responses.push((await connect()).request(endless))
    await Promise.all(responses.map((response) => response.head()))
    const statuses = responses.map((response) => response.status)
    expect(statuses.filter((status) => status === 200).length).toBe(16)
    expect(statuses.filter((status) => status === 503).length).toBe(8)
    expect((await get(operator, '/readyz')).status).toBe(200)
    for (const client of clients.splice(1)) client.close()
    await expectService(pid)
  })

  test('two hundred unfinished requests: streams go on, and all is well after', async () => {
    const pid = await start()
    const operator = await connect()
    const held = operator.request(endless)
    await held.until((response) => response.bodyBytes > 0, 'a stream')
    // A head that is not finished: neither idle nor a request, and for as long as that in the way.
    for (let index = 0; index < 200; index++) {
      const client = await connect()
      await client.send('GET /healthz HTTP/1.1\r\nhost: localhost\r\n')
    }
    await program?.untilLog(/"stage":"(?:shed-all|evict)","cause":"descriptors"/)
    expect(held.ending).toBeNull()

    for (const client of clients.slice(1)) client.close()
    await held.until((response) => response.bodyBytes > 2000, 'the stream to go on')
    expect(held.ending).toBeNull()
    await expectService(pid)
  })

  test('connections that have been served and wait are closed for those that ask', async () => {
    const pid = await start()
    const responses: RawResponse[] = []
    for (let index = 0; index < 200; index++) {
      responses.push((await connect()).request({ path: '/healthz' }))
    }
    await eventually(
      () => responses.filter((response) => response.status === 200).length > 150,
      'answers beyond the descriptors',
      20_000,
    )
    expect(clients.filter((client) => client.ending === 'peer-fin').length).toBeGreaterThan(90)
    await expectService(pid)
  })
})
