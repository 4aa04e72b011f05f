/** Each dialect through the program, and what is read of streams that are cut, anywhere. */
import { afterEach, describe, expect, test } from 'bun:test'
import { AnswerFold } from '../../src/client/answer.ts'
import { dialectOf } from '../../src/client/dialects/detect.ts'
import type { DialectName } from '../../src/client/dialects/dialect.ts'
import { StreamError, serverError } from '../../src/client/error.ts'
import { type ErrorCode, errorTable, GatewayError } from '../../src/core/errors.ts'
import { writeError } from '../../src/protocol/openai/error.ts'
import { endStands } from '../behaviour/client-stand.ts'
import { begunOf, type Pair, pairs, startPairs, wholeOf } from '../behaviour/dialect-stand.ts'
import { cut } from '../kit/answers.ts'
import { toBytes } from '../kit/http.ts'
import { eventually } from '../kit/signal.ts'
import { framesOf, mutate, randomFrom } from '../protocol/replay.ts'
import {
  dialectNames,
  eventsOf,
  openStream,
  readAll,
  requests,
  sendStream,
  startServers,
  streamOf,
} from './reading.ts'

afterEach(endStands)

const dialectOfClient: Readonly<Partial<Record<Pair['client'], DialectName>>> = {
  chat: 'openai-chat',
  responses: 'openai-responses',
  messages: 'anthropic-messages',
  gemini: 'gemini',
}

/** Every dialect of a client, passed through and translated. */
const rows = pairs.flatMap((pair) => {
  const dialect = dialectOfClient[pair.client]
  return dialect === undefined
    ? []
    : [[`${pair.client} from ${pair.provider}`, pair, dialect] as const]
})

/** What a reset of the provider is in each dialect; Anthropic's has no codes. */
const brokenAs: Readonly<Record<DialectName, object>> = {
  'openai-chat': { code: 'upstream_reset', status: 502 },
  'openai-responses': { code: 'upstream_reset', status: 502 },
  'anthropic-messages': { code: 'api_error', status: 500 },
  gemini: { code: 'UPSTREAM_RESET', status: 502 },
}

describe.each(rows)('%s', (_name, pair, dialect) => {
  test('is read to its end', async () => {
    const stand = await startPairs((_, connection) => sendStream(connection, [wholeOf(pair)]))
    const stream = streamOf(stand.url, dialect, {}, pair.model)
    const { answer, error, events } = await readAll(stream)
    expect(error).toBeNull()
    expect(answer).toMatchObject({ content: 'Hello there', finishReason: 'stop' })
    expect(answer.usage).toMatchObject({ inputTokens: 3, outputTokens: 2 })
    expect(events.at(0)?.type).toBe('start')
    expect(events.filter(({ type }) => type === 'finish')).toHaveLength(1)
    expect(stream.origin).toMatchObject({ streamId: null, provider: pair.model.split('/')[0] })
    expect(stream.origin.requestId).toStartWith('req_')
    expect(stream.metrics).toMatchObject({ contentEvents: 2, retries: 0, resumes: 0 })
    // Whoever has the end marker has not left too early.
    expect((await stand.record(0)).endReason).toBe('completed')
  })

  test('tells a failure in its middle', async () => {
    const seen = Promise.withResolvers<void>()
    const stand = await startPairs(async (_, connection) => {
      await openStream(connection)
      await connection.chunk(begunOf(pair))
      await seen.promise
      connection.reset()
    })
    const stream = streamOf(stand.url, dialect, {}, pair.model)
    const reading = readAll(stream)
    await eventually(() => stream.answer.content === 'Hello', 'the first content')
    seen.resolve()
    const { answer, error } = await reading
    expect(answer).toMatchObject({ content: 'Hello', finishReason: null })
    expect(error).toMatchObject({ retryable: true, ...brokenAs[dialect] })
    expect(error?.requestId).toBe(stream.origin.requestId)
  })
})

/** So much of a stream says that it is complete, where the connection ends behind it. */
function completeFrom(dialect: DialectName): number {
  const events = eventsOf(dialect)
  const index = {
    // The reason of the end is as good as the marker behind it.
    'openai-chat': 4,
    'openai-responses': events.length,
    'anthropic-messages': events.length - 1,
    gemini: events.length,
  }[dialect]
  const bytes = toBytes(events.slice(0, index).join(''))
  // Of CR, LF, CR, LF the last one adds nothing.
  return bytes.at(-2) === 13 ? bytes.length - 1 : bytes.length
}

describe.each(dialectNames)('%s, cut', (dialect) => {
  const whole = toBytes(eventsOf(dialect).join(''))

  test('at any byte never looks finished before it is', async () => {
    await using servers = startServers()
    const server = servers.start((request, connection) =>
      sendStream(connection, [whole.subarray(0, Number(request.header('x-cut')))]),
    )
    const from = completeFrom(dialect)
    // Around every end of an event, and at some bytes of each.
    const edges = eventsOf(dialect).map(
      (_, index) => toBytes(eventsOf(dialect).slice(0, index).join('')).length,
    )
    const random = randomFrom(7)
    const inside = Array.from({ length: 40 }, () => Math.floor(random() * whole.length))
    const near = [...edges, from].flatMap((edge) => [edge - 1, edge, edge + 1])
    for (const at of new Set([...near, ...inside])) {
      if (at < 0 || at > whole.length) continue
      const { answer, error } = await readAll(
        streamOf(server.url, dialect, { headers: { 'x-cut': String(at) } }),
      )
      expect([at, error?.code ?? null]).toEqual([at, at >= from ? null : 'stream_incomplete'])
      expect('Hello there').toStartWith(answer.content)
      expect([at, answer.finishReason === null]).toEqual([at, error !== null])
    }
  })

  test('into pieces anywhere, it says the same', async () => {
    await using servers = startServers()
    const server = servers.start((request, connection) => {
      const said = request.header('x-cuts') ?? ''
      const offsets = said === 'bytes' ? said : said.split(' ').map(Number)
      return sendStream(connection, cut(whole, offsets))
    })
    const expected = await readAll(streamOf(server.url, dialect, { headers: { 'x-cuts': '0' } }))
    expect(expected.error).toBeNull()
    const random = randomFrom(11)
    const somewhere = (): string =>
      Array.from({ length: 6 }, () => Math.floor(random() * whole.length)).join(' ')
    for (const cuts of ['bytes', ...Array.from({ length: 20 }, somewhere)]) {
      const read = await readAll(streamOf(server.url, dialect, { headers: { 'x-cuts': cuts } }))
      expect([cuts, read.error]).toEqual([cuts, null])
      expect(read.events).toEqual([...expected.events])
    }
  })
})

describe.each(dialectNames)('%s, spoilt', (dialect) => {
  const frames = framesOf('sse', toBytes(eventsOf(dialect).join('')))

  test('is read, or is an error of ours', () => {
    const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000)
    for (let round = 0; round < 1500; round += 1) {
      const random = randomFrom(seed + round)
      const reader = dialectOf(requests[dialect].path('m'), null).createReader()
      const fold = new AnswerFold(10_000)
      try {
        for (const { event, data } of frames) {
          const spoilt = data.startsWith('{') ? mutate(JSON.parse(data), random) : data
          const text = typeof spoilt === 'string' ? spoilt : JSON.stringify(spoilt)
          for (const said of reader.read({ id: null, event, data: text })) fold.take(said)
        }
        for (const said of reader.end()) fold.take(said)
        const { content, toolCalls } = fold.answer
        expect(typeof content).toBe('string')
        expect(toolCalls.every((call) => typeof call.arguments === 'string')).toBe(true)
      } catch (thrown) {
        if (thrown instanceof StreamError) continue
        throw new Error(`FUZZ_SEED=${seed}, round ${round}: ${thrown}`, { cause: thrown })
      }
    }
  })
})

test('a failure inside a stream can be tried again exactly when the server says so', () => {
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    const error = new GatewayError(code)
    const read = serverError(writeError(error).body, { status: null, requestId: null })
    expect([code, read.code, read.retryable]).toEqual([code, code, error.retryable])
  }
})
