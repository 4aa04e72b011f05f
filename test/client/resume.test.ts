/** A stream that goes on after its connection broke: nothing is lost, nothing comes twice. */
import { describe, expect, test } from 'bun:test'
import type { StreamRequest } from '../../src/client/request.ts'
import { sendJson } from '../kit/answers.ts'
import { toBytes } from '../kit/http.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import type { UpstreamConnection } from '../kit/upstream-connection.ts'
import type { UpstreamRequest } from '../kit/upstream-request.ts'
import { randomFrom } from '../protocol/replay.ts'
import {
  dialectNames,
  eventsOf,
  openStream,
  readAll,
  refuse,
  type Servers,
  startServers,
  streamOf,
} from './reading.ts'

const streamId = 'strm_test'
const head = { 'x-sluice-stream-id': streamId, 'x-request-id': 'req_first' }

/** The events of an answer with their ids. */
const numbered = (events: readonly string[]): readonly string[] =>
  events.map((event, index) => `id: ${streamId}-${index + 1}\n${event}`)

const seenBy = (request: UpstreamRequest): number =>
  Number(request.header('last-event-id')?.slice(streamId.length + 1) ?? 0)

/** What a server that keeps streams does to one request; null is to behave. */
type Misdeed = (request: UpstreamRequest, connection: UpstreamConnection) => Promise<void>

/** A server that keeps one stream. The requests get these misdeeds in turn, and then the rest. */
function keeper(servers: Servers, events: readonly string[], misdeeds: readonly Misdeed[]) {
  const asked: string[] = []
  let index = 0
  const script: UpstreamScript = async (request, connection) => {
    asked.push(`${request.method} ${request.path} ${request.header('last-event-id') ?? ''}`.trim())
    if (request.method === 'DELETE') return await connection.head(204)
    const misdeed = misdeeds[index++]
    if (misdeed !== undefined) return await misdeed(request, connection)
    const rest = numbered(events).slice(seenBy(request))
    if (rest.length === 0) return await connection.head(204)
    await openStream(connection, head)
    for (const event of rest) await connection.chunk(event)
    await connection.end()
  }
  return { server: servers.start(script), asked }
}

/** Sends the events up to a byte of the whole, and ends the connection. */
const cutsAt =
  (events: readonly string[], bytes: number): Misdeed =>
  async (request, connection) => {
    const all = numbered(events)
    const before = toBytes(all.slice(0, seenBy(request)).join('')).length
    await openStream(connection, head)
    await connection.chunk(toBytes(all.join('')).subarray(before, Math.max(before, bytes)))
    await connection.end()
  }

const resumable: Partial<StreamRequest> = { resume: true }

describe.each(dialectNames)('%s', (dialect) => {
  const events = eventsOf(dialect)
  const bytesOf = (count: number): number =>
    toBytes(numbered(events).slice(0, count).join('')).length

  /** Some bytes behind the first event, each in an event of its own: what is new needs no wait. */
  function someCuts(random: () => number): readonly number[] {
    const cuts: number[] = []
    for (let index = 1; index < events.length; index += 1) {
      const width = bytesOf(index + 1) - bytesOf(index)
      if (random() < 0.5) cuts.push(bytesOf(index) + Math.floor(random() * width))
    }
    return cuts
  }

  test('goes on from wherever it was cut, however often', async () => {
    const random = randomFrom(5)
    for (let round = 0; round < 40; round += 1) {
      await using servers = startServers()
      const cuts = someCuts(random)
      const { server, asked } = keeper(
        servers,
        events,
        cuts.map((at) => cutsAt(events, at)),
      )
      const stream = streamOf(server.url, dialect, resumable)
      const { answer, error } = await readAll(stream)
      expect([cuts, error]).toEqual([cuts, null])
      expect(answer).toMatchObject({ content: 'Hello there', finishReason: 'stop' })
      expect(stream.metrics).toMatchObject({ contentEvents: 2, duplicates: 0 })
      const path = 'GET /v1/streams/strm_test strm_test-'
      expect(asked.slice(1).every((text) => text.startsWith(path))).toBe(true)
    }
  })
})

describe('a stream that goes on', () => {
  const events = eventsOf('openai-chat')

  test('leaves out what came before', async () => {
    await using servers = startServers()
    const again: Misdeed = async (_, connection) => {
      await openStream(connection, head)
      for (const event of numbered(events)) await connection.chunk(event)
      await connection.end()
    }
    const third = toBytes(numbered(events).slice(0, 3).join('')).length
    const { server } = keeper(servers, events, [cutsAt(events, third), again])
    const stream = streamOf(server.url, 'openai-chat', resumable)
    const { answer, error } = await readAll(stream)
    expect(error).toBeNull()
    expect(answer.content).toBe('Hello there')
    expect(stream.metrics).toMatchObject({ duplicates: 3, resumes: 1, contentEvents: 2 })
    expect(stream.origin).toEqual({ requestId: 'req_first', provider: null, streamId })
  })

  test.each([0, 1])('fails where an event is missing, on connection %p', async (index) => {
    await using servers = startServers()
    const gap: Misdeed = async (_, connection) => {
      await openStream(connection, head)
      await connection.chunk(
        numbered(events)
          .filter((_event, at) => at !== 2)
          .join(''),
      )
      await connection.closed
    }
    const begin = cutsAt(events, toBytes(numbered(events).slice(0, 2).join('')).length)
    const { server, asked } = keeper(servers, events, [...(index === 0 ? [] : [begin]), gap])
    const { answer, error } = await readAll(streamOf(server.url, 'openai-chat', resumable))
    expect(error).toMatchObject({ code: 'stream_gap', retryable: false })
    expect(answer).toMatchObject({ content: 'Hello', finishReason: null })
    // Nobody reads it any more, and the server is told so.
    await server.until(() => asked.at(-1) === 'DELETE /v1/streams/strm_test', 'the DELETE')
  })

  test('waits for a server that is away, and says so', async () => {
    await using servers = startServers()
    const away: Misdeed = (_, connection) =>
      refuse(connection, 503, 'not_ready', { 'retry-after-ms': '1' })
    const { server } = keeper(servers, events, [cutsAt(events, 300), away])
    const { events: told, error } = await readAll(streamOf(server.url, 'openai-chat', resumable))
    expect(error).toBeNull()
    const resumes = told.flatMap((event) =>
      event.type === 'resume' ? [`${event.attempt} ${event.error.code}`] : [],
    )
    expect(resumes).toEqual(['1 stream_incomplete', '2 not_ready'])
  })

  test('is given up after so many attempts', async () => {
    await using servers = startServers()
    const away: Misdeed = (_, connection) =>
      refuse(connection, 503, 'not_ready', { 'retry-after-ms': '1' })
    const misdeeds = [cutsAt(events, 300), away, away, away, away]
    const { server, asked } = keeper(servers, events, misdeeds)
    const request = { ...resumable, resumesMax: 3 }
    const { error } = await readAll(streamOf(server.url, 'openai-chat', request))
    expect(error?.code).toBe('not_ready')
    expect(asked.filter((text) => text.startsWith('GET'))).toHaveLength(3)
  })

  test.each([404, 410, 409])('fails where the server answers %p', async (status) => {
    await using servers = startServers()
    const lost: Misdeed = (_, connection) =>
      refuse(connection, status, 'stream_not_found', { 'x-should-retry': 'false' })
    const { server } = keeper(servers, events, [cutsAt(events, 300), lost])
    const { error, answer } = await readAll(streamOf(server.url, 'openai-chat', resumable))
    expect(error).toMatchObject({ code: 'stream_not_found', status, requestId: 'req_first' })
    expect(answer.finishReason).toBeNull()
  })

  test('fails where nothing is left and the end did not come', async () => {
    await using servers = startServers()
    const nothing: Misdeed = (_, connection) => connection.head(204)
    const { server, asked } = keeper(servers, events, [cutsAt(events, 300), nothing])
    const { error } = await readAll(streamOf(server.url, 'openai-chat', resumable))
    expect(error?.code).toBe('stream_incomplete')
    expect(asked).toHaveLength(2)
  })

  test('does not ask for more than an error that came in it', async () => {
    await using servers = startServers()
    const failed =
      'data: {"error":{"message":"x","type":"upstream_error","code":"upstream_reset"}}\n\n'
    const { server, asked } = keeper(servers, [...events.slice(0, 2), failed], [])
    const { error } = await readAll(streamOf(server.url, 'openai-chat', resumable))
    expect(error).toMatchObject({ code: 'upstream_reset', status: 502 })
    expect(asked).toHaveLength(1)
  })

  test('goes on after a reset', async () => {
    await using servers = startServers()
    const seen = Promise.withResolvers<void>()
    const resets: Misdeed = async (_, connection) => {
      await openStream(connection, head)
      await connection.chunk(numbered(events).slice(0, 2).join(''))
      await seen.promise
      connection.reset()
    }
    const { server } = keeper(servers, events, [resets])
    const stream = streamOf(server.url, 'openai-chat', resumable)
    const kinds: string[] = []
    for await (const event of stream) {
      kinds.push(event.type)
      if (event.type === 'content') seen.resolve()
    }
    expect(kinds.join(' ')).toBe('start content resume content finish usage')
    expect(stream.answer.content).toBe('Hello there')
  })

  test('is cut and goes on when its reader says so', async () => {
    await using servers = startServers()
    const waits: Misdeed = async (_, connection) => {
      await openStream(connection, head)
      await connection.chunk(numbered(events).slice(0, 2).join(''))
      await connection.closed
    }
    const { server, asked } = keeper(servers, events, [waits])
    const stream = streamOf(server.url, 'openai-chat', resumable)
    for await (const event of stream) {
      if (event.type === 'content' && event.text === 'Hello') stream.reconnect()
    }
    expect(stream.answer.content).toBe('Hello there')
    expect(asked.at(-1)).toBe(`GET /v1/streams/strm_test ${streamId}-2`)
    expect(stream.metrics.resumes).toBe(1)
  })

  test('is ended at the server when its reader leaves, with the same key', async () => {
    await using servers = startServers()
    const deleted = Promise.withResolvers<UpstreamRequest>()
    const server = servers.start(async (request, connection) => {
      if (request.method === 'DELETE') {
        deleted.resolve(request)
        return await connection.head(204)
      }
      await openStream(connection, head)
      await connection.chunk(numbered(events).slice(0, 2).join(''))
      await connection.closed
    })
    const stream = streamOf(server.url, 'openai-chat', { ...resumable, apiKey: 'sk-mine' })
    for await (const event of stream) if (event.type === 'content') break
    const request = await deleted.promise
    expect(request.path).toBe('/v1/streams/strm_test')
    expect(request.header('authorization')).toBe('Bearer sk-mine')
  })

  test('that was not kept fails like any other', async () => {
    await using servers = startServers()
    const server = servers.start(async (request, connection) => {
      expect(request.header('x-sluice-resume')).toBe('1')
      await openStream(connection)
      await connection.chunk(events.slice(0, 2).join(''))
      await connection.end()
    })
    const { error } = await readAll(streamOf(server.url, 'openai-chat', resumable))
    expect(error?.code).toBe('stream_incomplete')
    expect(server.requestCount).toBe(1)
  })
})

test('what a server answers that does not know streams is told as it is', async () => {
  await using servers = startServers()
  const server = servers.start((_, connection) => sendJson(connection, 200, { choices: [] }))
  const { error } = await readAll(streamOf(server.url, 'openai-chat', resumable))
  expect(error).toMatchObject({ code: 'unexpected_content_type', status: 200 })
})
