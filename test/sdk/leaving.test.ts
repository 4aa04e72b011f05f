/** The official SDK leaves, in each of its ways, and the upstream is let go at once. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import OpenAI from 'openai'
import { chatEvents, eventText, silence } from '../kit/answers.ts'
import { eventually } from '../kit/signal.ts'
import { Pair } from './pair.ts'

/** The program has 100 ms for it; the rest is for a machine that is busy. */
const withinMs = 1000

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start({ STREAM_HEARTBEAT_INTERVAL_MS: '200' })
}, 60_000)
afterEach(() => pair.nothingLeft())
afterAll(() => pair.stop())

const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }]
const asked = { model: 'openai/gpt-4o', messages }
const body = { ...asked, stream: true } as const

/** Sends two tokens and then nothing more, for as long as the connection lasts. */
function answersForEver(): void {
  pair.answer(async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    for (const data of chatEvents(['One', ' two']).slice(0, 3)) {
      await connection.chunk(eventText(data))
    }
    await connection.closed
  })
}

/** Expects the upstream's connection of the newest request to close soon after `leave`. */
async function closesAfter(leave: () => void | Promise<void>): Promise<void> {
  const newest = pair.upstream.requests.at(-1)
  const connection = await pair.upstream.connection(newest?.connectionId ?? -1)
  expect(connection.isClosed).toBe(false)
  const leftAtMs = performance.now()
  await leave()
  expect((await connection.closed) - leftAtMs).toBeLessThan(withinMs)
}

describe('in the middle of a stream', () => {
  test('by abort()', async () => {
    answersForEver()
    const stream = await pair.through.chat.completions.create(body)
    const texts: string[] = []
    for await (const chunk of stream) {
      texts.push(chunk.choices[0]?.delta.content ?? '')
      if (texts.length === 3) await closesAfter(() => stream.controller.abort())
    }
    expect(texts).toEqual(['', 'One', ' two'])
  })

  test('by leaving the loop', async () => {
    answersForEver()
    const stream = await pair.through.chat.completions.create(body)
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    await closesAfter(async () => {
      await iterator.return?.()
    })
  })

  test('by abort() of the stream that gathers', async () => {
    answersForEver()
    const runner = pair.through.chat.completions.stream(asked)
    const raised = runner.done().catch((error) => error)
    const arrived = Promise.withResolvers<void>()
    runner.on('content', () => arrived.resolve())
    await arrived.promise
    await closesAfter(() => runner.abort())
    expect(await raised).toBeInstanceOf(OpenAI.APIUserAbortError)
  })
})

describe('before the first token', () => {
  test('by abort() of the request', async () => {
    pair.answer(silence)
    const before = pair.upstream.requestCount
    const controller = new AbortController()
    const answer = pair.through.chat.completions.create(asked, { signal: controller.signal })
    const raised = answer.then(() => null).catch((error) => error)
    await eventually(() => pair.upstream.requestCount > before, 'the request')
    await closesAfter(() => controller.abort())
    expect(await raised).toBeInstanceOf(OpenAI.APIUserAbortError)
  })

  test('by its timeout', async () => {
    pair.answer(silence)
    const before = pair.upstream.requestCount
    const answer = pair.through.chat.completions.create(asked, { timeout: 300 })
    const raised = answer.then(() => null).catch((error) => error)
    await eventually(() => pair.upstream.requestCount > before, 'the request')
    await closesAfter(async () => {
      expect(await raised).toBeInstanceOf(OpenAI.APIConnectionTimeoutError)
    })
  })

  test('while heartbeats keep the connection', async () => {
    pair.answer(silence)
    const stream = await pair.through.chat.completions.create(body)
    const next = stream[Symbol.asyncIterator]().next()
    await closesAfter(() => stream.controller.abort())
    expect(await next).toMatchObject({ done: true })
  })
})

test('heartbeats between tokens are not seen by the SDK', async () => {
  const events = chatEvents(['One', ' two'])
  pair.answer(async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    for (const [index, data] of [...events, '[DONE]'].entries()) {
      if (index === 0 || index === 2) await Bun.sleep(700)
      await connection.chunk(eventText(data))
    }
    await connection.end()
  })
  const chunks = await Array.fromAsync(await pair.through.chat.completions.create(body))
  expect(chunks).toEqual(events.map((data) => JSON.parse(data)))
  const text = await (await pair.through.chat.completions.create(body).asResponse()).text()
  expect(text.split(': ping\n').length - 1).toBeGreaterThanOrEqual(2)
})
