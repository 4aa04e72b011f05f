/** Requests that are sent again, those that are not, and streams that their reader ends. */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from '../behaviour/client-stand.ts'
import { chatEvents, eventText, inTurn, silence } from '../kit/answers.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import {
  eventsOf,
  openStream,
  readAll,
  refuse,
  sendStream,
  startServers,
  streamOf,
} from './reading.ts'

afterEach(endStands)

const whole: UpstreamScript = (_, connection) => sendStream(connection, eventsOf('openai-chat'))

/** Answers with a stream that ends after so many events. */
const endsAfter =
  (count: number): UpstreamScript =>
  (_, connection) =>
    sendStream(connection, eventsOf('openai-chat').slice(0, count))

const kinds = (events: readonly { readonly type: string }[]): string =>
  events.map(({ type }) => type).join(' ')

const goodEvents = 'start content content finish usage'

describe('before the first content', () => {
  const rows: readonly (readonly [string, UpstreamScript])[] = [
    ['a 503', (_, connection) => refuse(connection, 503, 'overloaded', { 'retry-after-ms': '5' })],
    ['a 429', (_, connection) => refuse(connection, 429, 'rate_limit', { 'retry-after': '0' })],
    ['a 500 of which nothing is known', (_, connection) => refuse(connection, 500, 'odd')],
    ['a reset', (_, connection) => connection.reset()],
    ['a stream that ends in its beginning', endsAfter(1)],
    [
      'an error in a stream',
      (_, connection) =>
        sendStream(connection, [eventText('{"error":{"type":"overloaded_error","message":"x"}}')]),
    ],
  ]
  test.each(rows)('%s is tried again', async (_name, first) => {
    await using servers = startServers()
    const server = servers.start(inTurn(first, whole))
    const stream = streamOf(server.url, 'openai-chat', { retriesMax: 1 })
    const { events, answer, error } = await readAll(stream)
    expect(error).toBeNull()
    expect(answer).toMatchObject({ content: 'Hello there', finishReason: 'stop' })
    expect(kinds(events)).toEndWith(`retry ${goodEvents}`)
    expect(stream.metrics.retries).toBe(1)
    expect(server.requestCount).toBe(2)
  })

  test('what the first try said of itself is forgotten', async () => {
    await using servers = startServers()
    const usage = { prompt_tokens: 99, completion_tokens: 99 }
    const old = JSON.stringify({ id: 'old', model: 'old', choices: [], usage })
    const unpaid = eventsOf('openai-chat').filter((event) => !event.includes('prompt_tokens'))
    const server = servers.start(
      inTurn(
        (_, connection) => sendStream(connection, [eventText(old)]),
        (_, connection) => sendStream(connection, unpaid),
      ),
    )
    const { answer } = await readAll(streamOf(server.url, 'openai-chat', { retriesMax: 1 }))
    expect(answer).toMatchObject({ id: 'chatcmpl-test', model: 'test-model', usage: null })
  })

  test('it is tried no more often than allowed', async () => {
    await using servers = startServers()
    const server = servers.start((_, connection) =>
      refuse(connection, 503, 'overloaded', { 'retry-after-ms': '1', 'x-request-id': 'req_1' }),
    )
    const { error, events } = await readAll(streamOf(server.url, 'openai-chat', { retriesMax: 2 }))
    expect(kinds(events)).toBe('retry retry')
    expect(error).toMatchObject({
      ...{ code: 'overloaded', status: 503, type: 'server_error', retryable: true },
      ...{ requestId: 'req_1', retryAfterMs: 1, message: 'It is overloaded.' },
    })
    expect(server.requestCount).toBe(3)
  })

  const finals: readonly (readonly [string, UpstreamScript])[] = [
    ['a 400', (_, connection) => refuse(connection, 400, 'invalid')],
    ['a 401', (_, connection) => refuse(connection, 401, 'invalid_api_key')],
    [
      'what the server says is final',
      (_, connection) => refuse(connection, 503, 'x', { 'x-should-retry': 'false' }),
    ],
    ['a spent quota', (_, connection) => refuse(connection, 429, 'insufficient_quota')],
    [
      'a wait of minutes',
      (_, connection) => refuse(connection, 429, 'rate_limit', { 'retry-after': '120' }),
    ],
    [
      'a page',
      async (_, connection) => {
        await connection.head(200, { 'content-type': 'text/html' })
        await connection.chunk('<html>')
        await connection.end()
      },
    ],
  ]
  test.each(finals)('%s is told at once', async (_name, script) => {
    await using servers = startServers()
    const server = servers.start(script)
    const { error, events } = await readAll(streamOf(server.url, 'openai-chat', { retriesMax: 5 }))
    expect(events).toEqual([])
    expect(error).not.toBeNull()
    expect(server.requestCount).toBe(1)
  })
})

describe('after the first content', () => {
  test('nothing is sent again', async () => {
    await using servers = startServers()
    const server = servers.start(endsAfter(2))
    const { error, answer } = await readAll(streamOf(server.url, 'openai-chat', { retriesMax: 5 }))
    expect(error).toMatchObject({ code: 'stream_incomplete', retryable: true })
    expect(answer).toMatchObject({ content: 'Hello', finishReason: null })
    expect(server.requestCount).toBe(1)
  })

  const broken: readonly (readonly [string, string, string])[] = [
    ['data that is no JSON', 'data: {"choices":[\n\n', 'invalid_event'],
    ['an event without an end', `data: ${'x'.repeat(3000)}`, 'too_large'],
    ['an answer without an end', eventText(chatEvents(['y'.repeat(900)])[1] ?? ''), 'too_large'],
  ]
  test.each(broken)('%s is an error', async (_name, event, code) => {
    await using servers = startServers()
    const server = servers.start(async (_, connection) => {
      await openStream(connection)
      for (const good of eventsOf('openai-chat').slice(0, 2)) await connection.chunk(good)
      await connection.chunk(event)
      await connection.closed
    })
    const limits = { eventCharsMax: 2048, answerCharsMax: 800 }
    const { error, answer } = await readAll(streamOf(server.url, 'openai-chat', limits))
    expect(error?.code).toBe(code)
    expect(answer.content).toBe('Hello')
  })

  test('silence is an error where it is bounded', async () => {
    await using servers = startServers()
    const server = servers.start(async (_, connection) => {
      await openStream(connection)
      await connection.chunk(eventsOf('openai-chat').slice(0, 2).join(''))
      await connection.closed
    })
    const { error } = await readAll(streamOf(server.url, 'openai-chat', { idleTimeoutMs: 80 }))
    expect(error).toMatchObject({ code: 'stream_idle', retryable: true })
  })
})

describe('whoever stops reading', () => {
  /** Sends a beginning, and says when the connection was closed. */
  const begins: UpstreamScript = async (_, connection) => {
    await openStream(connection)
    await connection.chunk(eventsOf('openai-chat').slice(0, 2).join(''))
    await connection.closed
  }
  const withinMs = 1000

  test('by abort cancels the provider, through the program', async () => {
    const stand = await startStand(begins)
    const stream = streamOf(stand.url, 'openai-chat')
    const reading = readAll(stream)
    await eventually(() => stream.answer.content === 'Hello', 'the first content')
    const leftAtMs = performance.now()
    stream.abort(new Error('enough'))
    const { error, answer } = await reading
    expect(error).toMatchObject({ code: 'aborted', retryable: false })
    expect(error?.cause).toMatchObject({ message: 'enough' })
    expect(answer.content).toBe('Hello')
    const closedAtMs = await (await stand.upstream.connection(0)).closed
    expect(closedAtMs - leftAtMs).toBeLessThan(withinMs)
    expect((await stand.record(0)).endReason).toBe('client_gone')
  })

  test('by the signal, also before anything came', async () => {
    const stand = await startStand(silence)
    const abort = new AbortController()
    const reading = readAll(streamOf(stand.url, 'openai-chat', { signal: abort.signal }))
    await stand.upstream.request(0)
    abort.abort()
    expect((await reading).error?.code).toBe('aborted')
    await (await stand.upstream.connection(0)).closed
    expect((await stand.record(0)).endReason).toBe('client_gone')
  })

  test('by abort hears nothing more, also of what has arrived already', async () => {
    await using servers = startServers()
    const server = servers.start((_, connection) =>
      sendStream(connection, [eventsOf('openai-chat').join('')]),
    )
    const stream = streamOf(server.url, 'openai-chat')
    const said: string[] = []
    const reading = (async () => {
      for await (const event of stream) {
        said.push(event.type)
        if (event.type === 'content') stream.abort()
      }
    })()
    expect(reading).rejects.toMatchObject({ code: 'aborted' })
    await reading.catch(() => {})
    expect(said).toEqual(['start', 'content'])
  })

  test('by leaving the loop', async () => {
    const stand = await startStand(begins)
    for await (const event of streamOf(stand.url, 'openai-chat')) {
      if (event.type === 'content') break
    }
    await (await stand.upstream.connection(0)).closed
    expect((await stand.record(0)).endReason).toBe('client_gone')
  })

  test('while it waits for another try', async () => {
    await using servers = startServers()
    const server = servers.start((_, connection) =>
      refuse(connection, 503, 'overloaded', { 'retry-after': '30' }),
    )
    const stream = streamOf(server.url, 'openai-chat', { retriesMax: 1 })
    for await (const event of stream) {
      expect(event).toMatchObject({ type: 'retry', attempt: 1, delayMs: 30_000 })
      break
    }
    expect(server.requestCount).toBe(1)
  })

  test('and a signal that is aborted before asks nobody', async () => {
    await using servers = startServers()
    const server = servers.start(whole)
    const signal = AbortSignal.abort()
    const { error } = await readAll(streamOf(server.url, 'openai-chat', { signal }))
    expect(error?.code).toBe('aborted')
    expect(server.requestCount).toBe(0)
  })
})

test('a stream can be read once, and asks nobody before it is', async () => {
  await using servers = startServers()
  const server = servers.start(whole)
  const stream = streamOf(server.url, 'openai-chat')
  expect(server.requestCount).toBe(0)
  await readAll(stream)
  expect(readAll(stream)).rejects.toThrow('A stream can be read once.')
})

test('a dialect that the path does not tell has to be named', async () => {
  expect(() => streamOf('http://x', 'openai-chat', { url: 'http://x/chat' })).toThrow(TypeError)
  await using servers = startServers()
  const server = servers.start(whole)
  const named = { url: `${server.url}/chat`, dialect: 'openai-chat' } as const
  expect((await readAll(streamOf(server.url, 'openai-chat', named))).error).toBeNull()
})
