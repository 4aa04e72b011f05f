/** What a client is told that comes back: whose stream it is, from where on, and how it ended. */
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chatEvents, eventsText, eventText, json, sse } from '../kit/answers.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'
import * as resume from './resume-stand.ts'

setDefaultTimeout(30_000)
afterEach(endStands)

const events = chatEvents(['Hello', ' there'])
const texts = [...events, '[DONE]'].map(eventText)
const count = texts.length
const chat = (headers: Readonly<Record<string, string>> = {}) =>
  resume.resumable(jsonRequest('/v1/chat/completions', chatRequest, headers))

/** A stream that is over, and its id. */
async function finished(environment: Readonly<Record<string, string>> = {}, headers = {}) {
  const stand = await startStand(sse(events, { done: true }), environment)
  const { response } = await stand.ask(chat(headers))
  await response.ended()
  return { stand, response, id: resume.streamIdOf(response) }
}

async function get(stand: Stand, path: string, headers: Readonly<Record<string, string>> = {}) {
  const { response } = await stand.ask({ path, headers })
  await response.ended()
  return response
}

const idsIn = (response: RawResponse): string[] =>
  [...response.text().matchAll(/^id: .*-(\d+)$/gm)].map(([, seq = '']) => seq)

test('who does not ask for it gets the bytes as they are, and no id', async () => {
  const stand = await startStand(sse(events, { done: true }))
  for (const value of ['', '0', 'maybe']) {
    const headers: Record<string, string> = value === '' ? {} : { 'x-sluice-resume': value }
    const { response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest, headers))
    await response.ended()
    expect(response.header('x-sluice-stream-id')).toBeNull()
    expect(response.text()).toBe(eventsText(events, true))
  }
  expect(stand.app.leftovers().journals).toBe(0)
})

test('nor where the operator wants none, or the answer is no stream of events', async () => {
  const off = await startStand(sse(events, { done: true }), { STREAM_RESUME: 'off' })
  const { response } = await off.ask(chat())
  await response.ended()
  expect([response.text(), response.header('x-sluice-stream-id')]).toEqual([
    eventsText(events, true),
    null,
  ])
  const whole = await startStand(json(200, { id: 'a', object: 'chat.completion', choices: [] }))
  const plain = { ...chatRequest, stream: false }
  const asked = resume.resumable(jsonRequest('/v1/chat/completions', plain))
  const single = (await whole.ask(asked)).response
  await single.ended()
  expect([single.status, single.header('x-sluice-stream-id')]).toEqual([200, null])
  const array = resume.resumable(
    jsonRequest('/v1beta/models/openai%2Fgpt:streamGenerateContent', { contents: [] }),
  )
  const elements = (await off.ask(array)).response
  await elements.ended()
  expect(elements.header('x-sluice-stream-id')).toBeNull()
})

test('each event has the next id, in its own block', async () => {
  const { stand, response, id } = await finished()
  expect(id).toMatch(/^strm_[0-9a-z]{30,60}$/)
  const expected = texts
    .map((text, index) => text.replace(/\n$/, `id: ${id}-${index + 1}\n\n`))
    .join('')
  expect(response.text()).toBe(expected)
  const again = await get(stand, `/v1/streams/${id}`)
  expect(again.text()).toBe(expected)
  expect(again.header('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(again.header('cache-control')).toBe('no-cache, no-transform')
  expect(again.header('x-accel-buffering')).toBe('no')
  expect(again.header('x-request-id')).toBe(response.header('x-request-id'))
  expect(again.header('x-sluice-stream-id')).toBe(id)
  await resume.forget(stand, id)
})

describe('the last event can be named', () => {
  test('in the header, by its id or its number, and in the query', async () => {
    const { stand, id } = await finished()
    const expected = Array.from({ length: count - 2 }, (_, index) => String(index + 3))
    const path = `/v1/streams/${id}`
    const ways = [
      await get(stand, path, { 'last-event-id': `${id}-2` }),
      await get(stand, path, { 'last-event-id': '2' }),
      await get(stand, `${path}?starting_after=2`),
      await get(stand, `${path}?last_event_id=${id}-2`),
      // What a browser remembers is newer than the address that it was given.
      await get(stand, `${path}?starting_after=1`, { 'last-event-id': `${id}-2` }),
    ]
    for (const response of ways) expect(idsIn(response)).toEqual(expected)
    await resume.forget(stand, id)
  })

  test('what is none is refused; one that has not come is a conflict', async () => {
    const { stand, id } = await finished()
    const path = `/v1/streams/${id}`
    for (const cursor of ['x', '-1', '1.5', `${id}-`, `${id}-x`, 'strm_other-1', '9'.repeat(40)]) {
      const response = await get(stand, path, { 'last-event-id': cursor })
      resume.expectCode(response, 400, 'invalid_request')
    }
    const ahead = await get(stand, path, { 'last-event-id': `${id}-${count + 1}` })
    resume.expectCode(ahead, 409, 'stream_cursor_ahead')
    expect(ahead.header('x-should-retry')).toBe('false')
    await resume.forget(stand, id)
  })

  test('who has all of what is over is told that there is no more', async () => {
    const { stand, id } = await finished()
    const response = await resume.rest(stand, id, `${id}-${count}`)
    expect([response.status, response.bodyBytes]).toEqual([204, 0])
    expect(response.header('x-sluice-stream-state')).toBe('done')
    await resume.forget(stand, id)
  })
})

describe('whose stream it is', () => {
  const keys = { API_KEYS: 'key-of-a,key-of-b' }
  const as = (key: string) => ({ authorization: `Bearer ${key}` })

  test('another key gets the answer of a stream that is not there; no key gets 401', async () => {
    const { stand, id } = await finished(keys, as('key-of-a'))
    const path = `/v1/streams/${id}`
    const foreign = await get(stand, path, as('key-of-b'))
    const unknown = await get(stand, '/v1/streams/strm_unknown', as('key-of-b'))
    resume.expectCode(foreign, 404, 'stream_not_found')
    expect(foreign.text()).toBe(unknown.text())
    resume.expectCode(await get(stand, path), 401, 'invalid_api_key')
    const ended = await ask(stand.url, { method: 'DELETE', path, headers: as('key-of-b') })
    resume.expectCode(ended, 404, 'stream_not_found')
    expect((await get(stand, path, as('key-of-a'))).status).toBe(200)
    const own = await ask(stand.url, { method: 'DELETE', path, headers: as('key-of-a') })
    expect(own.status).toBe(204)
    resume.expectCode(await get(stand, path, as('key-of-a')), 404, 'stream_not_found')
  })

  test('what cannot be an id is not there', async () => {
    const stand = await startStand(sse(events))
    for (const id of ['x', 'a.b', `strm_${'a'.repeat(60)}`, 'strm_%C3%A4', 'a/b', '..%2f..']) {
      const { status } = await get(stand, `/v1/streams/${id}`)
      expect(`${id} ${status === 404 || status === 400 || id === 'a/b'}`).toBe(`${id} true`)
    }
  })
})

test('it is kept for its time, and then not any more', async () => {
  const { stand, id } = await finished({ STREAM_RESUME_KEEP_MS: '250' })
  expect((await resume.rest(stand, id)).status).toBe(200)
  const isGone = async () => (await resume.rest(stand, id)).status === 404
  const deadlineMs = performance.now() + 5000
  while (!(await isGone())) expect(performance.now()).toBeLessThan(deadlineMs)
  resume.expectCode(await resume.rest(stand, id), 404, 'stream_not_found')
})

test('sixteen may read at once; another takes the place of the one that came first', async () => {
  const steps = new resume.Steps(texts, 2)
  const stand = await startStand(steps.script)
  const { response } = await stand.ask(chat())
  await resume.untilEvents(response, 2)
  const id = resume.streamIdOf(response)
  const readers = await Promise.all(
    Array.from({ length: 15 }, () => resume.comeBack(stand, id, `${id}-2`)),
  )
  for (const reader of readers) await reader.response.head()
  expect(stand.app.leftovers().readers).toBe(16)
  readers.push(await resume.comeBack(stand, id, `${id}-2`))
  // It may have lost its network without a word, and must not take that for the end.
  expect(await response.ended()).toBe('reset')
  steps.allow()
  for (const reader of readers) {
    expect(await reader.response.ended()).toBe('complete')
    expect(idsIn(reader.response)).toEqual(['3', '4', '5', '6'].slice(0, count - 2))
  }
  await resume.forget(stand, id)
})

test('pages of other origins may read what they need to come back', async () => {
  const { stand, id } = await finished({ CORS_ORIGINS: 'https://app.example' })
  const response = await get(stand, `/v1/streams/${id}`, { origin: 'https://app.example' })
  const exposed = response.header('access-control-expose-headers') ?? ''
  for (const name of ['x-sluice-stream-id', 'x-sluice-stream-state', 'x-sluice-replay-from']) {
    expect(exposed).toContain(name)
  }
  await resume.forget(stand, id)
})

test('the cost behind a stream is behind it for who comes back, too', async () => {
  const { stand, response, id } = await finished({}, { 'x-sluice-cost': 'trailer' })
  expect(response.text()).toEndWith('currency=USD\n')
  const again = await resume.rest(stand, id, `${id}-${count - 1}`)
  expect(again.text()).toBe(response.text().slice(-again.text().length))
  expect(again.text()).toEndWith('currency=USD\n')
  expect((await resume.rest(stand, id, `${id}-${count}`)).status).toBe(204)
  await resume.forget(stand, id)
})

test("the provider's own ids and comments give way", async () => {
  const [role = '', ...others] = texts
  const stream = [`: hello\n\nid: theirs\n${role}`, 'id: 7\n\n', 'retry: 9\n\n', ...others]
  const stand = await startStand(new resume.Steps(stream, stream.length).script)
  const { response } = await stand.ask(chat())
  await response.ended()
  const id = resume.streamIdOf(response)
  expect(idsIn(response)).toEqual(texts.map((_, index) => String(index + 1)))
  expect(resume.readIn(response.body()).lastId).toBe(`${id}-${count}`)
  // Python's SDK fails on a blank line without an event, where there are ids.
  expect(response.text()).not.toMatch(/(?:^|\n\n)(?:: hello|id: 7|retry: 9)?\n\n/)
  await resume.forget(stand, id)
})
