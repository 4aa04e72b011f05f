/**
 * Row 26: the status says 200, and an event says error. As the first event it is what a status
 * would have been, and another target may answer; behind content it is the end of the stream.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventText, sse } from '../kit/answers.ts'
import type { DialectName } from '../kit/dialect-answers.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { answerOf, askPair, begin, isPassthrough, pairRows, passedRows } from './dialect-stand.ts'
import { answer, begun, chunked, raw, sseHead } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets } from './targets-stand.ts'

afterEach(endStands)

const message = 'Overloaded, come back later.'
const [role = ''] = chatEvents([])

/** Overload, as a provider of each dialect says it inside a stream. */
const openai = JSON.stringify({ error: { message, type: 'overloaded_error', code: null } })
const overloads: Readonly<Record<DialectName, string>> = {
  chat: eventText(openai),
  completions: eventText(openai),
  responses: eventText({
    event: 'error',
    data: JSON.stringify({ type: 'error', code: 'slow_down', message, sequence_number: 5 }),
  }),
  messages: eventText({
    event: 'error',
    data: JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message } }),
  }),
  gemini: `data: {"error":{"code":503,"message":"${message}","status":"UNAVAILABLE"}}\r\n\r\n`,
}

/** An answer that has a head and these events. */
const streams = (...events: readonly string[]): UpstreamScript =>
  raw(sseHead, ...events.map(chunked), '0\r\n\r\n')

describe.each([
  ['as the first event', 0],
  ['behind all that comes before the content', -1],
])('%s it is a status in the dialect of the client', (_when, index) => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const { events, untilContent } = answerOf(pair)
    const before = index === 0 ? [] : events.slice(0, untilContent - 1)
    for (const stream of [true, false]) {
      // Who asks for no stream is answered by a provider that streams all the same.
      if (!stream && isPassthrough(pair)) continue
      const script = streams(...before, overloads[pair.provider])
      const { stand, response } = await askPair(pair, script, { stream: true })
      const { client } = pair
      expect([response.status, response.ending]).toEqual([
        client === 'messages' ? 529 : 503,
        'complete',
      ])
      expect(response.header('content-type')).toStartWith('application/json')
      const body = JSON.parse(response.text())
      expect(body.error.message).toBe(message)
      if (client === 'messages') expect(body.error.type).toBe('overloaded_error')
      expect([stand.upstream.requestCount, (await stand.record(0)).errorCode]).toEqual([
        1,
        'upstream_error',
      ])
    }
  })
})

describe('another target answers after', () => {
  const failures: readonly (readonly [string, UpstreamScript, string])[] = [
    [
      'an error as the first event',
      sse(['{"error":{"message":"busy","code":500}}']),
      'upstream_error',
    ],
    ['an error behind the role', sse([role, '{"error":{"message":"busy"}}']), 'upstream_error'],
    ['a stream that only began', sse([role]), 'upstream_incomplete'],
    ['a stream without an event', streams(), 'upstream_empty'],
  ]
  test.each(failures)('%s', async (_name, script, outcome) => {
    const stand = await startTargets([script, answering('from b')], {}, { retriesMax: 1 })
    const response = await stand.chat()
    // Nothing of the first: neither its role nor its error.
    expect([response.status, response.text()]).toEqual([200, answerText('from b')])
    const { attemptLog } = await stand.record(0)
    expect(attemptLog.at(-2)?.outcome).toBe(outcome as 'upstream_error')
    expect(attemptLog.at(-1)?.kind).toBe('failover')
    // An error may pass, and is tried again; what is no answer at all is no better the next time.
    expect(requestCounts(stand)).toEqual([outcome === 'upstream_error' ? 2 : 1, 1])
  })

  test('an error as the first event, though a heartbeat has opened the answer', async () => {
    const isOpen = Promise.withResolvers<void>()
    const late: UpstreamScript = async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await isOpen.promise
      await connection.chunk(overloads.chat)
      await connection.end()
    }
    const stand = await startTargets(
      [late, answering('from b')],
      {},
      { retriesMax: 0 },
      { STREAM_HEARTBEAT_INTERVAL_MS: '40' },
    )
    const { response } = await stand.begin()
    await response.until((r) => r.text().startsWith(': ping\n'), 'a heartbeat')
    isOpen.resolve()
    expect(await response.ended()).toBe('complete')
    expect(response.text().replaceAll(': ping\n', '')).toBe(answerText('from b'))
  })

  test('not after the caller`s own error, which is the status it would have been', async () => {
    const refused = sse(['{"error":{"message":"No.","type":"invalid_request_error","code":"bad"}}'])
    const stand = await startTargets([refused, answering('from b')])
    const response = await stand.chat()
    expect([response.status, JSON.parse(response.text()).error.code]).toEqual([400, 'bad'])
    expect(requestCounts(stand)).toEqual([1, 0])
  })
})

describe('behind content', () => {
  test('it is its own event, unchanged, and we add nothing', async () => {
    const error = eventText('{"error":{"message":"Overloaded","type":"server_error"}}')
    const { response, stand } = await answer(streams(begun + error))
    expect([response.text(), response.ending]).toEqual([begun + error, 'complete'])
    expect((await stand.record(0)).endReason).toBe('upstream_error')
  })

  test.each(passedRows)('the same in every dialect: %s', async (_name, pair) => {
    const error = overloads[pair.provider]
    const { stand, response } = await begin(pair, raw(chunked(error), '0\r\n\r\n'))
    expect(await response.ended()).toBe('complete')
    expect(response.text()).toEndWith(error)
    expect((await stand.record(0)).endReason).toBe('upstream_error')
    expect(stand.upstream.requestCount).toBe(1)
  })

  test('no other target is asked', async () => {
    const error = eventText('{"error":{"message":"busy","type":"server_error","code":null}}')
    const stand = await startTargets([streams(begun, error), answering('from b')])
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, begun + error])
    expect(requestCounts(stand)).toEqual([1, 0])
    expect((await stand.record(0)).errorCode).toBe('upstream_error')
  })
})
