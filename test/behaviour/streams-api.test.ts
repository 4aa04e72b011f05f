/** Requests under way as an operator sees and ends them, and what their clients see of that. */
import { afterEach, describe, expect, test } from 'bun:test'
import OpenAI from 'openai'
import type { LiveStream } from '../../src/observe/live.ts'
import { performanceSchemas } from '../../src/server/performance-schemas.ts'
import { chatEvents, eventText, silence } from '../kit/answers.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'
import { begin, expectErrorEvent, pairRows } from './dialect-stand.ts'

afterEach(endStands)

const secret = 'nobody may read this'
const chat = { ...chatRequest, messages: [{ role: 'user', content: secret }] }
const [role = '', first = ''] = chatEvents(['Hello'])

/** Sends the first content, and then nothing until the client has left. */
const endless: UpstreamScript = async (_request, connection) => {
  await connection.head(200, { 'content-type': 'text/event-stream' })
  await connection.chunk([role, first].map(eventText).join(''))
  await connection.closed
}

/** Sends as much as is taken, until the client has left. */
const flood: UpstreamScript = async (_request, connection) => {
  const [, large = ''] = chatEvents(['x'.repeat(100_000)])
  await connection.head(200, { 'content-type': 'text/event-stream' })
  while (!connection.isClosed) await connection.chunk(eventText(large)).catch(() => {})
}

const untilLeft: UpstreamScript = async (_request, connection) => {
  await connection.closed
}

/** Asks one of the operator's routes. */
async function operate(stand: Stand, path: string, method = 'GET') {
  const response = await ask(stand.url, { method, path })
  return { status: response.status, body: JSON.parse(response.text()), text: response.text() }
}

const idOf = async (stand: Stand): Promise<string> =>
  (await operate(stand, '/api/streams')).body.streams[0]?.id

async function begun(stand: Stand) {
  const asking = await stand.ask(jsonRequest('/v1/chat/completions', chat))
  await asking.response.until((response) => response.text().includes('Hello'), 'content')
  return asking
}

describe('a stream', () => {
  test('is listed and looked at while it lasts, without what it says', async () => {
    const stand = await startStand(endless)
    expect((await operate(stand, '/api/streams')).body).toMatchObject({ streams: [], total: 0 })
    const { client, response } = await begun(stand)
    const list = await operate(stand, '/api/streams')
    const id = response.header('x-request-id')
    expect(list.body).toMatchObject({ total: 1, workers: 1 })
    expect(list.body.streams).toMatchObject([
      {
        id,
        phase: 'streaming',
        endpoint: 'chat-completions',
        provider: 'openai',
        model: 'gpt-test',
        streaming: true,
        attempts: 1,
        queuePosition: null,
        events: 2,
        gapMaxMs: null,
      },
    ])
    const one = await operate(stand, `/api/streams/${id}`)
    expect(one.body).toMatchObject({
      state: 'live',
      stream: { id, attemptLog: [{ target: 'openai/gpt-test', kind: 'first' }] },
    })
    const { Streams, Stream } = performanceSchemas
    expect(Streams.parse(list.body)).toEqual(list.body)
    expect(Stream.parse(one.body)).toEqual(one.body)
    for (const { text } of [list, one]) expect(text).not.toMatch(/nobody may|Hello|sk-test/)
    client.close()
    await stand.record(0)
    const ended = await operate(stand, `/api/streams/${id}`)
    expect(ended.body).toMatchObject({ state: 'ended', stream: { id, endReason: 'client_gone' } })
    expect(ended.body.stream.clientGoneMs).toBeGreaterThan(0)
    expect(Stream.parse(ended.body)).toEqual(ended.body)
  })

  test('waits, streams, or is blocked', async () => {
    const stand = await startStand(async (request, connection) => {
      const body = await request.text()
      if (body.includes('gpt-silent')) return await silence(request, connection)
      if (body.includes('gpt-flood')) return await flood(request, connection)
      await endless(request, connection)
    })
    await begun(stand)
    await stand.ask(jsonRequest('/v1/chat/completions', { ...chat, model: 'gpt-silent' }))
    await stand.upstream.request(1)
    const phases = async (query = '') =>
      (await operate(stand, `/api/streams${query}`)).body.streams.map(
        ({ phase }: { phase: string }) => phase,
      )
    expect(await phases()).toEqual(['streaming', 'waiting'])
    expect(await phases('?phase=waiting')).toEqual(['waiting'])
    expect(await phases('?limit=1')).toEqual(['streaming'])
    expect(await phases('?provider=anthropic')).toEqual([])
    const { client, response } = await stand.ask(
      jsonRequest('/v1/chat/completions', { ...chat, model: 'gpt-flood' }),
    )
    await response.head()
    client.pause()
    await eventually(async () => (await phases())[2] === 'blocked', 'the client takes nothing')
    client.resume()
    await eventually(async () => (await phases('?phase=blocked')).length === 0, 'it reads again')
  })

  test('that is not there is not found', async () => {
    const stand = await startStand(endless)
    for (const method of ['GET', 'DELETE']) {
      const { status, body } = await operate(stand, '/api/streams/req_unknown', method)
      expect([status, body.error.code]).toEqual([404, 'stream_not_found'])
    }
  })
})

describe('ended by the operator', () => {
  test.each(pairRows)('%s: its client gets an error event', async (_name, pair) => {
    const { stand, response } = await begin(pair, untilLeft)
    const id = await idOf(stand)
    const ended = await operate(stand, `/api/streams/${id}`, 'DELETE')
    expect(ended.body).toMatchObject({ id, ended: true })
    // A translated answer is whole where its error is; straight it is cut behind the error.
    expect(await response.ended()).toBeOneOf(['complete', 'truncated'])
    expectErrorEvent(response, pair, 'ended_by_operator')
    expect(await stand.record(0)).toMatchObject({
      endReason: 'evicted',
      errorCode: 'ended_by_operator',
    })
    expect(response.text()).toContain('Hello')
    const { body } = await operate(stand, `/api/streams/${id}`)
    expect(body.stream).toMatchObject({ endReason: 'evicted', status: 200 })
  })

  test('before its first content: a status that is not to be tried again', async () => {
    const stand = await startStand(silence)
    const { response } = await stand.ask(jsonRequest('/v1/chat/completions', chat))
    const { closed } = await stand.upstream.connection(0)
    await stand.upstream.request(0)
    expect((await operate(stand, `/api/streams/${await idOf(stand)}`, 'DELETE')).status).toBe(200)
    await response.ended()
    expect(response.status).toBe(503)
    expect(response.header('x-should-retry')).toBe('false')
    expect(JSON.parse(response.text()).error.code).toBe('ended_by_operator')
    await closed
  })

  test('the official SDK raises it, behind what it has', async () => {
    const stand = await startStand(endless)
    const openai = new OpenAI({ baseURL: `${stand.url.origin}/v1`, apiKey: 'sk-client' })
    const stream = await openai.chat.completions.create({
      model: 'gpt-test',
      stream: true,
      messages: [{ role: 'user', content: 'Hi' }],
    })
    const said: string[] = []
    const reading = (async () => {
      for await (const chunk of stream) {
        const text = chunk.choices[0]?.delta.content ?? ''
        if (text === '') continue
        said.push(text)
        await operate(stand, `/api/streams/${await idOf(stand)}`, 'DELETE')
      }
    })()
    const raised = await reading.catch((error: unknown) => error)
    expect(raised).toBeInstanceOf(OpenAI.APIError)
    expect(raised).toMatchObject({ code: 'ended_by_operator', type: 'server_error' })
    expect(said).toEqual(['Hello'])
    expect(stand.upstream.requestCount).toBe(1)
  })

  test('one whose client has left, and that is kept for it', async () => {
    const stand = await startStand(endless, { STREAM_RESUME_KEEP_MS: '50' })
    const { client, response } = await stand.ask(
      jsonRequest('/v1/chat/completions', chat, { 'x-sluice-resume': '1' }),
    )
    await response.until((r) => r.text().includes('Hello'), 'content')
    client.close()
    const phases = async (): Promise<string[]> =>
      (await operate(stand, '/api/streams')).body.streams.map((each: LiveStream) => each.phase)
    await eventually(async () => (await phases())[0] === 'detached', 'the stream is detached')
    await operate(stand, `/api/streams/${await idOf(stand)}`, 'DELETE')
    expect(await stand.record(0)).toMatchObject({ endReason: 'evicted' })
    expect(await phases()).toEqual([])
  })

  test('leaves all others alone', async () => {
    const release = Promise.withResolvers<void>()
    const stand = await startStand(async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk([role, first].map(eventText).join(''))
      await Promise.race([release.promise, connection.closed])
      if (connection.isClosed) return
      await connection.chunk([...chatEvents([]).slice(1), '[DONE]'].map(eventText).join(''))
      await connection.end()
    })
    const asked = await Promise.all([begun(stand), begun(stand), begun(stand)])
    const id = asked[1]?.response.header('x-request-id')
    await operate(stand, `/api/streams/${id}`, 'DELETE')
    await asked[1]?.response.ended()
    expect((await operate(stand, '/api/streams')).body.total).toBe(2)
    release.resolve()
    for (const [index, { response }] of asked.entries()) {
      expect(await response.ended()).toBe('complete')
      const last = parseSse(response.body()).at(-1)?.data
      expect(last === '[DONE]').toBe(index !== 1)
    }
  })
})
