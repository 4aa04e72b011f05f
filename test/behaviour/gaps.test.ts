/** What is measured between the events with content: as the client gets them, in every dialect. */
import { afterEach, expect, test } from 'bun:test'
import { quantileOf } from '../../src/observe/histogram.ts'
import { chatEvents, eventText, sse } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { chatRequest, endStands, startStand } from './client-stand.ts'
import { pairRows, requestOf, startPairs, wholeOf } from './dialect-stand.ts'
import { chunked, raw, sseHead } from './provider-stand.ts'

afterEach(endStands)

const lastChunk = '0\r\n\r\n'
const words = Array.from({ length: 8 }, (_, index) => `word ${index} `)
const chat = jsonRequest('/v1/chat/completions', chatRequest)

test.each(pairRows)('%s: a gap for each content but the first', async (_name, pair) => {
  const stand = await startPairs(raw(sseHead + chunked(wholeOf(pair)) + lastChunk))
  const { response } = await stand.ask(requestOf(pair))
  expect(await response.ended()).toBe('complete')
  const { gaps, firstContentAtMs, startedAtMs } = await stand.record(0)
  expect(gaps.count).toBe(1)
  expect(firstContentAtMs).toBeGreaterThan(startedAtMs)
})

test('events that come in one piece have no time between them', async () => {
  const stand = await startStand(async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    const [role = '', ...rest] = chatEvents(words)
    await connection.chunk(eventText(role))
    await connection.chunk(rest.slice(0, 4).map(eventText).join(''))
    await Bun.sleep(40)
    await connection.chunk([...rest.slice(4), '[DONE]'].map(eventText).join(''))
    await connection.end()
  })
  const { response } = await stand.ask(chat)
  await response.ended()
  const { gaps } = await stand.record(0)
  expect(gaps.count).toBe(words.length - 1)
  expect(quantileOf(gaps.spread(), 0.5)).toBe(0)
  expect(gaps.maxMs).toBeGreaterThan(35)
  expect(gaps.spread().buckets.length).toBe(2)
})

test('what is gathered before it leaves arrives together', async () => {
  const gapMs = 10
  const stand = await startStand(sse(chatEvents(words), { gapMs, done: true }), {
    STREAM_FLUSH_INTERVAL_MS: '1000',
  })
  const { response } = await stand.ask(chat)
  await response.ended()
  const { gaps } = await stand.record(0)
  // The first leaves at once, all others with the end.
  expect(gaps.count).toBe(words.length - 1)
  expect(gaps.maxMs).toBeGreaterThan((words.length - 2) * gapMs)
  expect(quantileOf(gaps.spread(), 0.8)).toBe(0)
})

test('a client that does not read makes no gaps, and is found to be blocked', async () => {
  const pauseMs = 1200
  const padding = 'x'.repeat(256 * 1024)
  const stand = await startStand(
    sse(chatEvents(Array.from({ length: 60 }, (_, index) => `${index} ${padding}`)), {
      done: true,
    }),
  )
  const { client, response } = await stand.ask(chat)
  await response.head()
  client.pause()
  await Bun.sleep(pauseMs)
  client.resume()
  expect(await response.ended()).toBe('complete')
  const { gaps, backpressureMs, blockedSinceMs } = await stand.record(0)
  expect(backpressureMs).toBeGreaterThan(pauseMs / 2)
  expect(gaps.maxMs).toBeLessThan(pauseMs / 2)
  expect(gaps.stalls).toBe(0)
  expect(blockedSinceMs).toBe(0)
})

test('a pause of a second is a stall', async () => {
  const stand = await startStand(async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    const [role = '', first = '', ...rest] = chatEvents(words)
    await connection.chunk([role, first].map(eventText).join(''))
    await Bun.sleep(1050)
    await connection.chunk([...rest, '[DONE]'].map(eventText).join(''))
    await connection.end()
  })
  const { response } = await stand.ask(chat)
  await response.ended()
  const { gaps } = await stand.record(0)
  expect(gaps.stalls).toBe(1)
  expect(gaps.maxMs).toBeGreaterThanOrEqual(1000)
})
