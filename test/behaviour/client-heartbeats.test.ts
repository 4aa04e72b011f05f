/**
 * Heartbeats: a quiet stream says that it lives, only between events, and never so early that a
 * fast failure would lose its HTTP status. Rows 8 and 9 of the fault matrix have their own files.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import OpenAI, { APIError } from 'openai'
import { chatEvents, eventsText, eventText, inTurn, json, sse } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'
import { apart, paced } from './heartbeat-stand.ts'

afterEach(endStands)

const intervalMs = 50
const quick = { STREAM_HEARTBEAT_INTERVAL_MS: String(intervalMs) }

const events = chatEvents(['Hello', ' there'])
const whole = eventsText(events, true)

const later = (delayMs: number, script: UpstreamScript): UpstreamScript => {
  return async (request, connection) => {
    await Bun.sleep(delayMs)
    if (!connection.isClosed) await script(request, connection)
  }
}

async function chat(stand: Stand, path = '/v1/chat/completions'): Promise<RawResponse> {
  const { response } = await stand.ask(jsonRequest(path, chatRequest))
  return response
}

async function sdk(stand: Stand): Promise<string> {
  const client = new OpenAI({ apiKey: 'any', baseURL: `${stand.url}v1`, maxRetries: 0 })
  const stream = await client.chat.completions.create({
    model: 'gpt-test',
    messages: [],
    stream: true,
  })
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  return text
}

describe('a quiet stream', () => {
  test('gets a heartbeat in each interval, between events, and loses no byte', async () => {
    const cut = eventText(events[0] ?? '').length + eventText(events[1] ?? '').length
    const script = paced([0, 0, 400], [whole.slice(0, cut), whole.slice(cut)])
    const stand = await startStand(script, quick)
    const response = await chat(stand)
    const times: number[] = []
    for (let seen = 0; response.ending === null; ) {
      const from = seen
      await response.until((r) => r.bodyBytes > from || r.ending !== null, 'more')
      seen = response.bodyBytes
      times.push(performance.now())
    }
    const { pings, rest } = apart(response.text())
    expect(rest).toBe(whole)
    expect(pings).toBeGreaterThanOrEqual(3)
    expect(pings).toBeLessThanOrEqual(400 / intervalMs)
    expect((await stand.record(0)).heartbeats).toBe(pings)
    // The first write is content, and each heartbeat is an interval after the write before it.
    const gapsMs = times.slice(1, 1 + pings).map((atMs, index) => atMs - (times[index] ?? 0))
    expect(Math.min(...gapsMs)).toBeGreaterThan(intervalMs * 0.6)
  })

  test('gets them also when the provider pauses in the middle of an event', async () => {
    const middle = eventText(events[0] ?? '').length + 20
    const script = paced([0, 0, 300], [whole.slice(0, middle), whole.slice(middle)])
    const stand = await startStand(script, quick)
    const response = await chat(stand)
    await response.ended()
    const { pings, rest } = apart(response.text())
    expect(rest).toBe(whole)
    expect(pings).toBeGreaterThanOrEqual(2)
  })

  test('gets none while a part of an event too large to hold has left', async () => {
    const large = chatEvents(['x'.repeat(4000)])
    const text = eventsText([events[0] ?? '', events[1] ?? '', ...large], true)
    const middle = eventsText([events[0] ?? '', events[1] ?? '', large[0] ?? '']).length + 3000
    const script = paced([0, 0, 300], [text.slice(0, middle), text.slice(middle)])
    const stand = await startStand(script, { ...quick, STREAM_MAX_EVENT_BYTES: '1k' })
    const response = await chat(stand)
    await response.ended()
    expect(apart(response.text())).toEqual({ pings: 0, rest: text })
    expect((await stand.record(0)).oversizeEvents).toBe(1)
  })

  test('gets none where the interval is 0', async () => {
    const script = paced([150, 150, 150], [whole.slice(0, 300), whole.slice(300)])
    const stand = await startStand(script, { STREAM_HEARTBEAT_INTERVAL_MS: '0' })
    const response = await chat(stand)
    await response.ended()
    expect(response.text()).toBe(whole)
  })
})

describe('an endpoint', () => {
  test('has an interval of its own', async () => {
    const script = paced([250], [whole])
    const stand = await startStand(script, {
      STREAM_HEARTBEAT_INTERVAL_MS: '10s',
      STREAM_HEARTBEAT_INTERVAL_MS__COMPLETIONS: String(intervalMs),
    })
    const [own, common] = [await chat(stand, '/v1/completions'), await chat(stand)]
    await Promise.all([own.ended(), common.ended()])
    expect(apart(own.text()).pings).toBeGreaterThanOrEqual(2)
    expect(common.text()).toBe(whole)
  })
})

describe('a failure', () => {
  const refusal = json(429, { error: { message: 'Slow down.', type: 'requests', code: 'rate' } })

  test('that is faster than the first heartbeat keeps its HTTP status', async () => {
    const stand = await startStand(inTurn(refusal, sse([])), {
      STREAM_HEARTBEAT_INTERVAL_MS: '2s',
    })
    const refused = await chat(stand)
    await refused.ended()
    expect([refused.status, JSON.parse(refused.text()).error.code]).toEqual([429, 'rate'])
    const empty = await chat(stand)
    await empty.ended()
    expect([empty.status, JSON.parse(empty.text()).error.code]).toEqual([502, 'upstream_empty'])
  })

  const failures: [string, UpstreamScript, string][] = [
    ['an error status', refusal, 'rate'],
    ['a reset', (_r, connection) => connection.reset(), 'upstream_closed'],
    ['an answer that is no stream', json(200, { choices: [] }), 'upstream_bad_content_type'],
    ['a first event with an error', sse(['{"error":{"message":"Busy.","code":"busy"}}']), 'busy'],
    ['a stream without content', sse(chatEvents([]).slice(0, 1)), 'upstream_incomplete'],
  ]
  test.each(failures)('after it, by %s, is an error event and no end', async (_, script, code) => {
    const stand = await startStand(later(150, script), quick)
    const response = await chat(stand)
    expect(await response.ended()).toBe('complete')
    const { pings, rest } = apart(response.text())
    expect([response.status, pings > 0]).toEqual([200, true])
    const read = parseSse(new TextEncoder().encode(rest))
    expect(read.map(({ data }) => JSON.parse(data).error?.code)).toEqual([code])
    expect(rest).not.toContain('[DONE]')
  })
})

describe('the official SDK', () => {
  test('reads a stream with heartbeats in every place', async () => {
    const pieces = [...events, '[DONE]'].map(eventText)
    const pauses = [120, ...pieces.map(() => 120)]
    const stand = await startStand(paced(pauses, pieces), quick)
    expect(await sdk(stand)).toBe('Hello there')
    expect((await stand.record(0)).heartbeats).toBeGreaterThanOrEqual(pieces.length)
  })

  test('raises the error that came after a heartbeat', async () => {
    const script = later(150, json(503, { error: { message: 'Overloaded.', code: 'full' } }))
    const stand = await startStand(script, quick)
    const thrown = await sdk(stand).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(APIError)
    expect(thrown).toMatchObject({ code: 'full' })
  })
})
