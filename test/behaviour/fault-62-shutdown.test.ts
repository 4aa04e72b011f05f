/**
 * The end of a worker: nobody new gets in, who is in may finish within the grace, and who does not
 * is told so in the stream (fault matrix, row 62).
 */
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chatEvents, eventsText, eventText, sendJson } from '../kit/answers.ts'
import { ask, jsonRequest, RawClient } from '../kit/client.ts'
import { Changes, eventually } from '../kit/signal.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'
import { endWorkerStands, startWorkers } from './worker-stand.ts'

setDefaultTimeout(30_000)
afterEach(endStands)
afterEach(endWorkerStands)

const events = chatEvents(['Hello', ' there'])
const [role = '', token = '', ...rest] = events
const whole = eventsText(events, true)
const answer = { id: 'chatcmpl-1', object: 'chat.completion', choices: [] }

/** A provider that stops halfway until it is told to go on. */
class Halfway {
  readonly #changes = new Changes()
  #isFree = false

  goOn(): void {
    this.#isFree = true
    this.#changes.notify()
  }

  /** A stream stops after its first token, anything else before its headers. */
  readonly script: UpstreamScript = async (request, connection) => {
    const { stream } = JSON.parse(await request.text())
    if (stream) {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk(eventText(role) + eventText(token))
    }
    await Promise.race([
      this.#changes.until(() => this.#isFree, 'the rest', 15_000),
      connection.closed,
    ])
    if (connection.isClosed) return
    if (!stream) return sendJson(connection, 200, answer)
    await connection.chunk(eventsText(rest, true))
    await connection.end()
  }
}

const asking = (stand: Stand, stream: boolean) =>
  stand.ask(jsonRequest('/v1/chat/completions', { ...chatRequest, stream }))

/** Whether anybody answers a connection. */
async function isListening(url: URL): Promise<boolean> {
  try {
    const client = await RawClient.connect(url)
    const response = client.request({ path: '/healthz' })
    await response.ended()
    client.close()
    return response.status === 200
  } catch {
    return false
  }
}

async function halfway(environment: Readonly<Record<string, string>> = {}) {
  const provider = new Halfway()
  const stand = await startStand(provider.script, environment)
  const stream = (await asking(stand, true)).response
  await stream.until((response) => response.bodyBytes > 0, 'the first token')
  return { provider, stand, stream }
}

describe('while it drains', () => {
  test('readiness is gone, answers close their connections, requests are served', async () => {
    const { provider, stand, stream } = await halfway()
    stand.app.drain()
    const ready = await ask(stand.url, { path: '/readyz' })
    expect([ready.status, JSON.parse(ready.text()).error.code]).toEqual([503, 'not_ready'])
    const client = await stand.connect()
    const health = client.request({ path: '/healthz' })
    await health.ended()
    expect([health.status, health.header('connection')]).toEqual([200, 'close'])
    const late = await asking(stand, true)
    await late.response.head()
    // A stream that announced the close could be cut off without its client noticing.
    expect(late.response.header('connection')).not.toBe('close')
    provider.goOn()
    await Promise.all([stream.ended(), late.response.ended()])
    expect([stream.text(), late.response.text()]).toEqual([whole, whole])
  })
})

describe('when it stops', () => {
  test('nobody new gets in, and what is under way finishes within the grace', async () => {
    const { provider, stand, stream } = await halfway()
    const single = (await asking(stand, false)).response
    await stand.upstream.request(1)
    const idle = await stand.connect()
    await idle.request({ path: '/healthz' }).ended()

    const startedAtMs = performance.now()
    const stopped = stand.app.stop(10_000)
    await idle.closed
    expect(idle.ending).toBe('peer-fin')
    expect(await isListening(stand.url)).toBe(false)
    expect([stream.ending, single.ending]).toEqual([null, null])
    provider.goOn()
    expect(await stream.ended()).toBe('complete')
    expect(stream.text()).toBe(whole)
    expect(await single.ended()).toBe('complete')
    expect([single.status, JSON.parse(single.text())]).toEqual([200, answer])
    await stopped
    expect(performance.now() - startedAtMs).toBeLessThan(5000)
    expect(stand.records.map((record) => record.endReason)).toEqual(
      expect.arrayContaining(['completed', 'completed']),
    )
  })

  test('after the grace a stream ends with an error event, another answer is a 503', async () => {
    const { stand, stream } = await halfway()
    const single = (await asking(stand, false)).response
    await stand.upstream.request(1)
    const startedAtMs = performance.now()
    const stopped = stand.app.stop(300)
    expect(await stream.ended()).toBe('complete')
    expect(performance.now() - startedAtMs).toBeGreaterThan(290)
    const read = parseSse(stream.body())
    expect(read.slice(0, -1).map((event) => event.data)).toEqual([role, token])
    expect(JSON.parse(read.at(-1)?.data ?? '').error.code).toBe('server_shutdown')
    expect(stream.text()).not.toContain('[DONE]')

    expect(await single.ended()).toBe('complete')
    expect([single.status, JSON.parse(single.text()).error.code]).toEqual([503, 'server_shutdown'])
    await stopped
    await stand.upstream.until((u) => u.openConnections === 0, 'closed connections', 500)
    expect(stand.records.map((record) => record.endReason)).toEqual(['shutdown', 'shutdown'])
  })

  test('a stream that only heartbeats have opened is told as well', async () => {
    const silent: UpstreamScript = (_request, connection) => connection.closed.then(() => {})
    const stand = await startStand(silent, { STREAM_HEARTBEAT_INTERVAL_MS: '40' })
    const { response } = await asking(stand, true)
    await response.until((r) => r.bodyBytes > 0, 'a heartbeat')
    const stopped = stand.app.stop(0)
    expect(await response.ended()).toBe('complete')
    const last = parseSse(response.body()).at(-1)
    expect(JSON.parse(last?.data ?? '').error.code).toBe('server_shutdown')
    await stopped
  })

  test('what cannot be told is cut: a download, and a client that does not read', async () => {
    const endless: UpstreamScript = async (request, connection) => {
      const isStream = request.path.endsWith('/completions')
      const type = isStream ? 'text/event-stream' : 'audio/mpeg'
      await connection.head(200, { 'content-type': type })
      const block = eventText(token).repeat(300)
      for (let sent = 0; isStream || sent < 1; sent++) await connection.chunk(block)
      await connection.closed
    }
    const stand = await startStand(endless)
    const speech = { model: 'tts-1', input: 'Hello', voice: 'alloy' }
    const download = await stand.ask(jsonRequest('/v1/audio/speech', speech))
    await download.response.until((r) => r.bodyBytes > 0, 'the first bytes')
    const stalled = await asking(stand, true)
    await stalled.response.head()
    stalled.client.pause()
    await stand.upstream.until((u) => u.connections.some((c) => c.isBlocked), 'back-pressure')
    await stand.app.stop(100)
    expect(await download.response.ended()).toBe('reset')
    stalled.client.resume()
    expect(await stalled.response.ended()).toBe('reset')
    expect(stalled.response.text()).not.toContain('[DONE]')
    await stand.upstream.until((u) => u.openConnections === 0, 'closed connections', 500)
  })

  test('a request whose body is still coming is refused with 503', async () => {
    const { provider, stand, stream } = await halfway()
    const client = await stand.connect()
    const response = client.expect('POST')
    const head = 'host: localhost\r\ncontent-type: application/json\r\ncontent-length: 900'
    await client.send(`POST /v1/chat/completions HTTP/1.1\r\n${head}\r\n\r\n{"model":"gpt-`)
    await eventually(() => stand.app.leftovers().requests === 2, 'the request')
    const stopped = stand.app.stop(0)
    await response.until((r) => r.bodyBytes > 0, 'the answer')
    expect(response.status).toBe(503)
    expect(JSON.parse(response.text()).error.code).toBe('server_shutdown')
    await Promise.all([stream.ended(), stopped])
    expect(stand.upstream.requestCount).toBe(1)
    provider.goOn()
  })

  test('twice is as good as once', async () => {
    const { provider, stand, stream } = await halfway()
    const first = stand.app.stop(5000)
    const second = stand.app.stop(0)
    expect(await stream.ended()).toBe('complete')
    expect(stream.text()).toContain('server_shutdown')
    await Promise.all([first, second])
    provider.goOn()
  })
})

describe('SIGTERM to the program', () => {
  test('readiness goes first, the stream is told after the grace, the exit code is 0', async () => {
    const { script } = new Halfway()
    const stand = await startWorkers(script, { SHUTDOWN_GRACE_MS: '1500' })
    const stream = await stand.stream()
    stand.program.signal('SIGTERM')
    await stand.program.untilLog(/draining/)
    await eventually(async () => (await stand.get('/readyz')).status === 503, 'no readiness')
    expect(stream.ending).toBeNull()
    expect(await stream.ended()).toBe('complete')
    const last = parseSse(stream.body()).at(-1)
    expect(JSON.parse(last?.data ?? '').error.code).toBe('server_shutdown')
    expect(stream.text()).not.toContain('[DONE]')
    expect((await stand.program.exited()).exitCode).toBe(0)
    await stand.upstream.until((u) => u.openConnections === 0, 'closed connections')
  })

  test('a second one does not wait for the grace', async () => {
    const { script } = new Halfway()
    const stand = await startWorkers(script, { SHUTDOWN_GRACE_MS: '60000' })
    const stream = await stand.stream()
    stand.program.signal('SIGTERM')
    await stand.program.untilLog(/draining/)
    const startedAtMs = performance.now()
    stand.program.signal('SIGTERM')
    expect(await stream.ended()).toBe('complete')
    expect(stream.text()).toContain('server_shutdown')
    expect((await stand.program.exited()).exitCode).toBe(0)
    expect(performance.now() - startedAtMs).toBeLessThan(6000)
  })
})
