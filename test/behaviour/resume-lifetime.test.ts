/** How long a stream lives that nobody reads, and how it ends then: never silently, never twice. */
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chatEvents, eventText, json, sse } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { eventually } from '../kit/signal.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'
import * as resume from './resume-stand.ts'

setDefaultTimeout(30_000)
afterEach(endStands)

const events = chatEvents(['Hello', ' there'])
const texts = [...events, '[DONE]'].map(eventText)
const chat = () => resume.resumable(jsonRequest('/v1/chat/completions', chatRequest))

const lastOf = (response: RawResponse): string =>
  resume.readIn(response.body()).events.at(-1)?.data ?? ''
const codeOf = (response: RawResponse): string => JSON.parse(lastOf(response)).error.code

/** A stream of which two events have been read. */
async function halfway(environment: Readonly<Record<string, string>> = {}) {
  const steps = new resume.Steps(texts, 2)
  const stand = await startStand(steps.script, environment)
  const first = await stand.ask(chat())
  await resume.untilEvents(first.response, 2)
  return { steps, stand, first, id: resume.streamIdOf(first.response) }
}

const endOf = async (stand: Stand) => (await stand.record(0)).endReason

describe('while nobody reads', () => {
  test('the answer goes on to its end, and is settled once', async () => {
    const { steps, stand, first, id } = await halfway()
    await resume.lose(stand, first)
    expect(stand.records.length).toBe(0)
    steps.allow()
    const record = await stand.record(0)
    expect([record.endReason, record.status, record.resumes]).toEqual(['completed', 200, 0])
    expect([record.inputTokens, record.outputTokens]).toEqual([3, 2])
    const { status, body } = await resume.rest(stand, id, `${id}-2`).then((response) => ({
      status: response.status,
      body: resume.readIn(response.body()).events,
    }))
    expect([status, body.length]).toEqual([200, texts.length - 2])
    expect(stand.records.length).toBe(1)
    await resume.forget(stand, id)
  })

  test('after the grace time the provider is cancelled, and who comes back is told', async () => {
    const { stand, first, id } = await halfway({ STREAM_RESUME_GRACE_MS: '200' })
    const leftAtMs = performance.now()
    await resume.lose(stand, first)
    await stand.upstream.until((upstream) => upstream.openConnections === 0, 'a closed connection')
    expect(performance.now() - leftAtMs).toBeGreaterThan(180)
    const record = await stand.record(0)
    expect([record.endReason, record.errorCode]).toEqual(['client_gone', 'client_gone'])
    const response = await resume.rest(stand, id, `${id}-2`)
    expect(response.header('x-sluice-stream-state')).toBe('failed')
    expect(codeOf(response)).toBe('client_gone')
    expect(response.text()).not.toContain('[DONE]')
    await resume.forget(stand, id)
  })

  test('who comes back in time calls that off', async () => {
    const { steps, stand, first, id } = await halfway({ STREAM_RESUME_GRACE_MS: '800' })
    await resume.lose(stand, first)
    const second = await resume.comeBack(stand, id, `${id}-2`)
    await second.response.head()
    expect(second.response.header('x-sluice-stream-state')).toBe('live')
    await Bun.sleep(1000)
    steps.allow()
    expect(await second.response.ended()).toBe('complete')
    expect(await endOf(stand)).toBe('completed')
    await resume.forget(stand, id)
  })

  test('without a grace time it ends at once, as a stream that cannot be resumed', async () => {
    const { stand, first, id } = await halfway({ STREAM_RESUME_GRACE_MS: '0' })
    first.client.reset()
    await stand.upstream.until((upstream) => upstream.openConnections === 0, 'a closed connection')
    expect(await endOf(stand)).toBe('client_gone')
    await resume.forget(stand, id)
  })

  test('the provider that dies is told of to who comes back', async () => {
    const { steps, stand, first, id } = await halfway()
    await resume.lose(stand, first)
    steps.cut()
    const { endReason } = await stand.record(0)
    expect(endReason).toBe('upstream_reset')
    const response = await resume.rest(stand, id, `${id}-2`)
    expect([response.ending, codeOf(response)]).toEqual(['complete', 'upstream_reset'])
    expect(response.header('x-sluice-stream-state')).toBe('failed')
    // Who has read the error as well has all that there is.
    expect((await resume.rest(stand, id, `${id}-3`)).status).toBe(204)
    await resume.forget(stand, id)
  })
})

describe('before there is anything to read', () => {
  test('a stream that heartbeats have opened is there for who comes back', async () => {
    const steps = new resume.Steps(texts, 0)
    const stand = await startStand(steps.script, { STREAM_HEARTBEAT_INTERVAL_MS: '60' })
    const first = await stand.ask(chat())
    await first.response.until(({ bodyBytes }) => bodyBytes > 0, 'a heartbeat')
    const id = resume.streamIdOf(first.response)
    await resume.lose(stand, first)
    const { response } = await resume.comeBack(stand, id)
    await response.until(({ bodyBytes }) => bodyBytes > 20, 'heartbeats')
    expect(response.text()).toMatch(/^(?:: [^\n]+\n)+$/)
    steps.allow()
    expect(await response.ended()).toBe('complete')
    expect(resume.readIn(response.body()).events.length).toBe(texts.length)
    await resume.forget(stand, id)
  })

  test('lost while it fails over, it has the answer of the other target', async () => {
    const steps = new resume.Steps(texts, 0)
    const isLost = Promise.withResolvers<void>()
    const stand = await startStand(
      (request, connection) => {
        if (request.path.startsWith('/second')) return steps.script(request, connection)
        const refuse = json(503, { error: { message: 'Not now.' } })
        return isLost.promise.then(() => refuse(request, connection))
      },
      (url) => ({
        OPENAI_COMPATIBLE_PROVIDERS: 'second',
        SECOND_BASE_URL: `${url}/second`,
        STREAM_HEARTBEAT_INTERVAL_MS: '60',
      }),
    )
    const fallback = { 'x-sluice-fallbacks': 'second/other', 'x-sluice-resume': '1' }
    const first = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest, fallback))
    await first.response.head()
    const id = resume.streamIdOf(first.response)
    await resume.lose(stand, first)
    expect(steps.begun).toBe(0)
    isLost.resolve()
    const { response } = await resume.comeBack(stand, id)
    steps.allow()
    expect(await response.ended()).toBe('complete')
    expect(resume.readIn(response.body()).events.length).toBe(texts.length)
    expect((await stand.record(0)).attempts).toBe(2)
    await resume.forget(stand, id)
  })
})

describe('its client can end it', () => {
  test('while it goes on: the provider is cancelled, and who reads is told', async () => {
    const { stand, first, id } = await halfway()
    const second = await resume.comeBack(stand, id, `${id}-2`)
    await second.response.head()
    await resume.forget(stand, id)
    for (const { response } of [first, second]) {
      expect(await response.ended()).toBe('complete')
      expect(codeOf(response)).toBe('client_gone')
    }
    expect(await endOf(stand)).toBe('client_gone')
    await stand.upstream.until((upstream) => upstream.openConnections === 0, 'a closed connection')
    expect((await resume.rest(stand, id)).status).toBe(404)
  })
})

describe('an operator', () => {
  test('sees that nobody reads it, and that somebody does again', async () => {
    const { steps, stand, first, id } = await halfway()
    const phase = async () => {
      const { response } = await stand.ask({ path: '/api/streams' })
      await response.ended()
      return JSON.parse(response.text()).streams[0]?.phase
    }
    expect(await phase()).not.toBe('detached')
    await resume.lose(stand, first)
    expect(await phase()).toBe('detached')
    const second = await resume.comeBack(stand, id, `${id}-2`)
    await second.response.head()
    expect(await phase()).not.toBe('detached')
    steps.allow()
    await second.response.ended()
    await resume.forget(stand, id)
  })

  test('ends it: who reads is told, and who comes back', async () => {
    const { stand, first, id } = await halfway()
    const request = first.response.header('x-request-id')
    const { response } = await stand.ask({ method: 'DELETE', path: `/api/streams/${request}` })
    await response.ended()
    expect(await first.response.ended()).toBe('complete')
    expect(codeOf(first.response)).toBe('ended_by_operator')
    const again = await resume.rest(stand, id, `${id}-2`)
    expect(again.header('x-sluice-stream-state')).toBe('failed')
    expect(codeOf(again)).toBe('ended_by_operator')
    await resume.forget(stand, id)
  })
})

describe('when the server stops', () => {
  test('who reads is told so in the stream, and the grace is waited for', async () => {
    const { stand, first, id } = await halfway()
    const second = await resume.comeBack(stand, id, `${id}-2`)
    await second.response.head()
    const stopped = stand.app.stop(200)
    for (const { response } of [first, second]) {
      expect(await response.ended()).toBe('complete')
      expect(codeOf(response)).toBe('server_shutdown')
      expect(response.text()).toMatch(new RegExp(`id: ${id}-3\n`))
    }
    await stopped
    expect(await endOf(stand)).toBe('shutdown')
  })

  test('a stream that nobody reads may end first', async () => {
    const { steps, stand, first } = await halfway()
    await resume.lose(stand, first)
    const stopped = stand.app.stop(10_000)
    await eventually(() => stand.app.leftovers().requests === 1, 'it goes on')
    steps.allow()
    await stopped
    expect(await endOf(stand)).toBe('completed')
  })
})

test('ten clients read one stream, each from its own place', async () => {
  const many = chatEvents(Array.from({ length: 400 }, (_, index) => ` word-${index}`))
  const stand = await startStand(sse(many, { done: true }))
  const first = await stand.ask(chat())
  await first.response.head()
  const id = resume.streamIdOf(first.response)
  await resume.untilEvents(first.response, 60)
  const cursors = Array.from({ length: 10 }, (_, index) => index * 6)
  const readers = await Promise.all(
    cursors.map((cursor) => resume.comeBack(stand, id, `${id}-${cursor}`)),
  )
  await first.response.ended()
  const { events: all } = resume.readIn(first.response.body())
  expect(all.length).toBe(many.length + 1)
  for (const [index, { response }] of readers.entries()) {
    expect(await response.ended()).toBe('complete')
    expect(resume.readIn(response.body()).events).toEqual(all.slice(cursors[index]))
  }
  expect(stand.upstream.requestCount).toBe(1)
  await resume.forget(stand, id)
})
