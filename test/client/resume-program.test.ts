/** Streams that the program keeps, read by the application's reader over broken connections. */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from '../behaviour/client-stand.ts'
import { chatEvents, eventText, silence } from '../kit/answers.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { dialectNames, openStream, readAll, streamOf } from './reading.ts'

afterEach(endStands)

/** Long enough to come back behind the end, and gone when the end of a test looks. */
const environment = { STREAM_RESUME_KEEP_MS: '600' }

const words = Array.from({ length: 12 }, (_, index) => `w${index} `)

/** Streams the words, each when the reader has the one before it. */
const speaks =
  (heard: () => number): UpstreamScript =>
  async (_, connection) => {
    await openStream(connection)
    const [role = '', ...rest] = [...chatEvents(words), '[DONE]'].map(eventText)
    await connection.chunk(role)
    for (const [index, event] of rest.entries()) {
      const before = Math.min(index, words.length)
      await eventually(() => heard() >= before, `word ${before} at the reader`)
      await connection.chunk(event)
    }
    await connection.end()
  }

const translated = dialectNames.filter((dialect) => dialect !== 'openai-responses')

describe.each(translated)('%s', (dialect) => {
  test('goes on over as many connections as it takes, and is paid for once', async () => {
    let [said, heard] = ['', 0]
    const stand = await startStand(
      speaks(() => heard),
      environment,
    )
    const stream = streamOf(stand.url, dialect, { resume: true })
    for await (const event of stream) {
      if (event.type !== 'content') continue
      said += event.text
      heard += 1
      if (heard % 3 === 0) stream.reconnect()
    }
    expect(said).toBe(words.join(''))
    expect(stream.answer).toMatchObject({ content: said, finishReason: 'stop' })
    expect(stream.metrics.resumes).toBe(words.length / 3)
    expect(stream.origin.streamId).toStartWith('strm_')
    expect(stand.upstream.requestCount).toBe(1)
    expect((await stand.record(0)).endReason).toBe('completed')
  })
})

test('a stream that nobody wants any more is ended at once, with its provider', async () => {
  const stand = await startStand(async (_, connection) => {
    await openStream(connection)
    for (const data of chatEvents(words).slice(0, 3)) await connection.chunk(eventText(data))
    await connection.closed
  })
  const stream = streamOf(stand.url, 'openai-chat', { resume: true })
  const reading = readAll(stream)
  await eventually(() => stream.answer.content !== '', 'the first content')
  const leftAtMs = performance.now()
  stream.abort()
  expect((await reading).error?.code).toBe('aborted')
  const closedAtMs = await (await stand.upstream.connection(0)).closed
  expect(closedAtMs - leftAtMs).toBeLessThan(1000)
})

test('so is one that was given up before it began', async () => {
  const stand = await startStand(silence)
  const stream = streamOf(stand.url, 'openai-chat', { resume: true })
  const reading = readAll(stream)
  await stand.upstream.request(0)
  const leftAtMs = performance.now()
  stream.abort()
  expect((await reading).error?.code).toBe('aborted')
  const closedAtMs = await (await stand.upstream.connection(0)).closed
  expect(closedAtMs - leftAtMs).toBeLessThan(1000)
})

test('a failure of the provider is told once, also over another connection', async () => {
  const seen = Promise.withResolvers<void>()
  const stand = await startStand(async (_, connection) => {
    await openStream(connection)
    for (const data of chatEvents(words).slice(0, 3)) await connection.chunk(eventText(data))
    await seen.promise
    connection.reset()
  }, environment)
  const stream = streamOf(stand.url, 'openai-chat', { resume: true })
  const reading = readAll(stream)
  await eventually(() => stream.answer.content === 'w0 w1 ', 'the content')
  stream.reconnect()
  seen.resolve()
  const { error, answer } = await reading
  expect(error).toMatchObject({ code: 'upstream_reset', status: 502 })
  expect(answer).toMatchObject({ content: 'w0 w1 ', finishReason: null })
})
