/** The dashboard's socket at the edge: who gets one, what is sent, and what is never made. */
import { describe, expect, test } from 'bun:test'
import type { DashboardPoint } from '../../src/observe/dashboard/frame.ts'
import { pointsOf } from '../../src/observe/dashboard/points.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import { type Edge, errorCode, startEdge } from './edge.ts'
import { frameOf, handshake, Watching } from './feed-stand.ts'

const adminToken = 'a-token-of-the-operator'
const path = '/dashboard/feed'

/** Whole seconds from `since` up to now, as points. */
function pointsSince(since: number): readonly DashboardPoint[] {
  const seconds = []
  for (let at = Math.ceil((since + 1) / 1000) * 1000; at + 1000 <= Date.now(); at += 1000) {
    const { spread } = { spread: { count: 0, sum: 0, max: 0, buckets: [] } }
    const counts = { requests: 1, errors: 0, outputTokens: 0, bytesOut: 0 }
    seconds.push({ at, ...counts, firstContentMs: spread, gapMs: spread, gauges: null })
  }
  return pointsOf([seconds], since)
}

/** An edge with frames, and how often one was made. */
function startFed(overrides: Parameters<typeof startEdge>[0] = {}) {
  const made: number[] = []
  const edge = startEdge({
    frame: async (since) => {
      made.push(since)
      return frameOf({ points: pointsSince(since) })
    },
    ...overrides,
  })
  return { edge, made }
}

async function cookieOf(edge: Edge): Promise<string> {
  const response = await ask(edge.url, jsonRequest('/dashboard/session', { token: adminToken }))
  return response.header('set-cookie')?.split(';')[0] ?? ''
}

describe('who gets a socket', () => {
  test('everybody of this server where there is no token, and no page of another', async () => {
    const { edge } = startFed({ corsOrigins: ['https://ops.example'] })
    await using server = edge
    const own = server.url.origin
    for (const headers of [{}, { origin: own }, { origin: 'https://ops.example' }]) {
      const watching = new Watching(server.url, headers as Record<string, string>)
      await watching.untilFrames(1)
      await watching.close()
    }
    for (const origin of [
      'http://evil.test',
      'null',
      `${own}1`,
      own.replace('127.0.0.1', 'a.test'),
    ]) {
      const refused = await ask(server.url, { path, headers: { ...handshake, origin } })
      expect([refused.status, errorCode(refused)]).toEqual([403, 'forbidden'])
    }
  })

  test('with a token its holder, and its session from its own page', async () => {
    const { edge } = startFed({ adminToken, corsOrigins: ['*'] })
    await using server = edge
    const cookie = await cookieOf(server)
    const origin = server.url.origin
    const token: Record<string, string> = { authorization: `Bearer ${adminToken}` }
    for (const headers of [token, { cookie, origin }]) {
      const watching = new Watching(server.url, headers)
      await watching.untilFrames(1)
      await watching.close()
    }
    const statusOf = async (headers: Record<string, string>) =>
      (await ask(server.url, { path, headers: { ...handshake, ...headers } })).status
    expect(await statusOf({})).toBe(401)
    expect(await statusOf({ origin })).toBe(401)
    expect(await statusOf({ authorization: 'Bearer wrong', origin })).toBe(401)
    // Any origin may be allowed to read what is open; a cookie opens nothing to it.
    expect(await statusOf({ cookie, origin: 'http://evil.test' })).toBe(403)
    expect(await statusOf({ cookie })).toBe(403)
  })

  test('nobody at another address, by another method, or without a handshake', async () => {
    const { edge } = startFed()
    await using server = edge
    const codeOf = async (method: string, target: string, headers: Record<string, string>) => {
      const response = await ask(server.url, { method, path: target, headers })
      return `${response.status} ${errorCode(response)}`
    }
    const upgrade = { ...handshake }
    expect(await codeOf('GET', path, {})).toBe('426 upgrade_not_supported')
    expect(await codeOf('POST', path, upgrade)).toBe('426 upgrade_not_supported')
    expect(await codeOf('GET', `${path}/x`, upgrade)).toBe('426 upgrade_not_supported')
    expect(await codeOf('GET', '/dashboard', upgrade)).toBe('426 upgrade_not_supported')
    expect(await codeOf('POST', path, {})).toBe('405 method_not_allowed')
    const { 'sec-websocket-key': _key, ...keyless } = handshake
    expect(await codeOf('GET', path, keyless)).toBe('400 invalid_header')
  })

  test('so many and no more', async () => {
    const { edge } = startFed()
    await using server = edge
    const all = Array.from({ length: 50 }, () => new Watching(server.url))
    await Promise.all(all.map((watching) => watching.untilOpen()))
    const refused = await ask(server.url, { path, headers: handshake })
    expect([refused.status, errorCode(refused)]).toEqual([503, 'overloaded'])
    await Promise.all(all.map((watching) => watching.close()))
    await eventually(() => server.server.watchers === 0, 'nobody watches')
  })
})

describe('what is sent', () => {
  test('one frame a second, made once for all, with each point once', async () => {
    const { edge, made } = startFed()
    await using server = edge
    const first = new Watching(server.url)
    await first.untilFrames(2)
    const second = new Watching(server.url)
    await second.untilFrames(2)
    await first.untilFrames(3)
    const turns = made.length
    expect(turns).toBeWithin(first.frames.length, first.frames.length + 2)
    const [, b = 0, c = 0] = first.cameAt
    expect(c - b).toBeWithin(700, 3000)
    for (const { frames } of [first, second]) {
      // Ten minutes at first, then what is new.
      expect(frames[0]?.points.length).toBeWithin(597, 601)
      const moments = frames.flatMap(({ points }) => points.map(({ at }) => at))
      const whole = moments.map((_, index) => (moments[0] ?? 0) + index * 1000)
      expect(moments).toEqual(whole)
    }
    await Promise.all([first.close(), second.close()])
  })

  test('nothing is made while nobody watches', async () => {
    const { edge, made } = startFed()
    await using server = edge
    const watching = new Watching(server.url)
    await watching.untilFrames(1)
    await watching.close()
    await eventually(() => server.server.watchers === 0, 'nobody watches')
    const before = made.length
    await Bun.sleep(1200)
    expect(made.length).toBe(before)
  })

  test('a frame that cannot be made is reported, and the next one comes', async () => {
    let turns = 0
    const frame = async () => {
      turns += 1
      if (turns === 1) throw new TypeError('no frame')
      return frameOf()
    }
    const { edge } = startFed({ frame })
    await using server = edge
    const watching = new Watching(server.url)
    await watching.untilFrames(1)
    expect(server.reported.map(({ requestId }) => requestId)).toEqual(['dashboard'])
    await watching.close()
  })

  test('who says anything is sent away', async () => {
    const { edge } = startFed()
    await using server = edge
    for (const text of ['{"type":"window"}', 'x'.repeat(100_000)]) {
      const watching = new Watching(server.url)
      await watching.untilOpen()
      watching.send(text)
      expect(await watching.untilClosed()).toBeOneOf([1003, 1006, 1009])
    }
  })

  test('a slow page gets no queue, and what it missed with its next frame', async () => {
    const filler = 'x'.repeat(12_000_000)
    let turns = 0
    const { edge } = startFed({
      frame: async (since) => {
        turns += 1
        return frameOf({ version: filler, points: pointsSince(since) })
      },
    })
    await using server = edge
    const slow = await rawWatcher(server.url)
    await eventually(() => turns >= 3, 'several frames were made')
    slow.read()
    const before = turns
    await eventually(() => turns > before, 'one more was made')
    await eventually(() => slow.receivedBytes() > filler.length, 'the first has come')
    // Two at most: the one that was on its way, and the newest.
    expect(slow.receivedBytes()).toBeLessThan(2.1 * filler.length)
    slow.end()
    await eventually(() => server.server.watchers === 0, 'it is gone')
  })
})

/** A client that reads nothing behind the head of the answer until it is told to. */
async function rawWatcher(url: URL) {
  let received = 0
  let reads = false
  const lines = Object.entries(handshake).map(([name, value]) => `${name}: ${value}`)
  const socket = await Bun.connect({
    hostname: url.hostname,
    port: Number(url.port),
    socket: {
      open(opened) {
        opened.write(`GET ${path} HTTP/1.1\r\nhost: ${url.host}\r\n${lines.join('\r\n')}\r\n\r\n`)
      },
      data(opened, bytes) {
        received += bytes.byteLength
        if (!reads) opened.pause()
      },
    },
  })
  return {
    receivedBytes: () => received,
    read() {
      reads = true
      socket.resume()
    },
    end: () => socket.terminate(),
  }
}

describe('its end', () => {
  test('a server that stops sends its pages away, and is held up by none', async () => {
    const { edge } = startFed()
    const all = [new Watching(edge.url), new Watching(edge.url)]
    await Promise.all(all.map((watching) => watching.untilOpen()))
    const startedAt = performance.now()
    await edge.server.stop(false)
    expect(performance.now() - startedAt).toBeLessThan(1000)
    expect(await Promise.all(all.map((watching) => watching.untilClosed()))).toEqual([1001, 1001])
    expect(edge.server.watchers).toBe(0)
  })

  test('with its session a socket is over as well', async () => {
    const { edge } = startFed({ adminToken })
    await using server = edge
    const now = Date.now
    const cookie = await cookieOf(server)
    const watching = new Watching(server.url, { cookie, origin: server.url.origin })
    try {
      await watching.untilFrames(1)
      Date.now = () => now() + 12 * 3_600_000
      expect(await watching.untilClosed()).toBe(4401)
    } finally {
      Date.now = now
    }
  })
})
