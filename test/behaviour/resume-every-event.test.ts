/**
 * A client loses its stream behind every event and at every byte, and comes back: what it has read
 * in both parts together is what it would have read in one.
 */
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chatEvents, eventText, replay } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { describeWithFixtures, listFixtures, readFixture } from '../kit/fixtures.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'
import {
  answerOf,
  type Pair,
  pairRows,
  passedRows,
  requestOf,
  startPairs,
  translatedRows,
} from './dialect-stand.ts'
import * as resume from './resume-stand.ts'

setDefaultTimeout(30_000)
afterEach(endStands)

/** Comes back behind each event of a stream that is over. */
async function comeBackBehindEach(stand: Stand, id: string, bytes: Uint8Array): Promise<void> {
  const { events } = resume.readIn(bytes)
  for (let cursor = 0; cursor < events.length; cursor += 1) {
    const response = await resume.rest(stand, id, cursor === 0 ? null : `${id}-${cursor}`)
    expect(response.status).toBe(200)
    expect(response.header('x-sluice-replay-from')).toBe(String(cursor + 1))
    expect(response.header('x-sluice-stream-state')).toBe('done')
    expect(resume.readIn(response.body()).events).toEqual(events.slice(cursor))
  }
  expect((await resume.rest(stand, id, `${id}-${events.length}`)).status).toBe(204)
}

/** Wherever the bytes are cut, the last id is that of the last whole event. */
function expectIdsAtEveryByte(bytes: Uint8Array, id: string): void {
  for (let length = 0; length <= bytes.length; length += 1) {
    const { events, lastId } = resume.readIn(bytes.subarray(0, length))
    expect(lastId).toBe(events.length === 0 ? null : `${id}-${events.length}`)
  }
}

describe('a stream that is over', () => {
  test.each(pairRows)('%s', async (_, pair) => {
    const stand = await startPairs(replay(new TextEncoder().encode(wholeOf(pair))))
    const { response } = await stand.ask(resume.resumable(requestOf(pair)))
    expect(await response.ended()).toBe('complete')
    const id = resume.streamIdOf(response)
    expectIdsAtEveryByte(response.body(), id)
    await comeBackBehindEach(stand, id, response.body())
    expect(stand.upstream.requestCount).toBe(1)
    expect((await stand.record(0)).endReason).toBe('completed')
    await resume.forget(stand, id)
  })
})

const wholeOf = (pair: Pair): string => answerOf(pair).events.join('')

describe('a stream that goes on', () => {
  test.each(passedRows)('%s, lost behind every event', async (_, pair) => {
    const { events, untilContent } = answerOf(pair)
    const expected = resume.eventsOf(events.join(''))
    for (let lost = untilContent; lost <= events.length; lost += 1) {
      const steps = new resume.Steps(events, lost)
      const stand = await startPairs(steps.script)
      const first = await stand.ask(resume.resumable(requestOf(pair)))
      await resume.untilEvents(first.response, lost)
      const before = resume.readIn(first.response.body())
      await resume.lose(stand, first)
      // Something is missed while nobody reads.
      steps.allow(lost + 1)
      const id = resume.streamIdOf(first.response)
      const { response } = await resume.comeBack(stand, id, before.lastId)
      steps.allow()
      expect(await response.ended()).toBe('complete')
      const after = resume.readIn(response.body())
      expect([...before.events, ...after.events]).toEqual([...expected])
      expect(stand.upstream.requestCount).toBe(1)
      await resume.forget(stand, id)
    }
  })

  test.each(translatedRows)('%s, lost in the middle', async (_, pair) => {
    const { events, untilContent } = answerOf(pair)
    const steps = new resume.Steps(events, untilContent)
    const stand = await startPairs(steps.script)
    const first = await stand.ask(resume.resumable(requestOf(pair)))
    await resume.untilEvents(first.response, 1)
    const before = resume.readIn(first.response.body())
    await resume.lose(stand, first)
    const id = resume.streamIdOf(first.response)
    const { response } = await resume.comeBack(stand, id, before.lastId)
    steps.allow()
    expect(await response.ended()).toBe('complete')
    const after = resume.readIn(response.body())
    const whole = resume.readIn((await resume.rest(stand, id)).body())
    expect([...before.events, ...after.events]).toEqual([...whole.events])
    expect((await stand.record(0)).resumes).toBeGreaterThan(0)
    await resume.forget(stand, id)
  })

  test('lost again and again, behind each event', async () => {
    const [[, pair] = ['', undefined]] = passedRows
    if (pair === undefined) throw new Error('there is a pair')
    const { events, untilContent } = answerOf(pair)
    const steps = new resume.Steps(events, untilContent)
    const stand = await startPairs(steps.script)
    let reading = await stand.ask(resume.resumable(requestOf(pair)))
    await resume.untilEvents(reading.response, untilContent)
    const id = resume.streamIdOf(reading.response)
    const { events: read, lastId } = resume.readIn(reading.response.body())
    const all = [...read]
    let last = lastId
    for (let count = untilContent + 1; count <= events.length; count += 1) {
      await resume.lose(stand, reading)
      reading = await resume.comeBack(stand, id, last)
      steps.allow(count)
      await resume.untilEvents(reading.response, 1)
      const next = resume.readIn(reading.response.body())
      all.push(...next.events)
      last = next.lastId
    }
    expect(await reading.response.ended()).toBe('complete')
    expect(all).toEqual([...resume.eventsOf(events.join(''))])
    expect((await stand.record(0)).resumes).toBe(events.length - untilContent)
    await resume.forget(stand, id)
  })
})

test('thirty streams at once, each lost again and again at any moment', async () => {
  const words = Array.from({ length: 40 }, (_, index) => ` ${'word-'.repeat(index)}`)
  const bytes = new TextEncoder().encode([...chatEvents(words), '[DONE]'].map(eventText).join(''))
  // The moments are of the clock anyway: a seed would not repeat a run.
  const random = Math.random
  const stand = await startStand(async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    for (let at = 0; at < bytes.length && !connection.isClosed; ) {
      const size = 1 + Math.floor(random() * 900)
      await connection.chunk(bytes.subarray(at, at + size))
      at += size
      if (random() < 0.3) await Bun.sleep(random() * 4)
    }
    if (!connection.isClosed) await connection.end()
  })
  const readAll = async (): Promise<readonly resume.Event[]> => {
    const all: resume.Event[] = []
    const chat = jsonRequest('/v1/chat/completions', chatRequest)
    let reading = await stand.ask(resume.resumable(chat))
    const id = resume.streamIdOf(await reading.response.head())
    for (let last: string | null = null; ; reading = await resume.comeBack(stand, id, last)) {
      const { client, response } = reading
      await Promise.race([response.ended(), Bun.sleep(random() * 20)])
      const isOver = response.ending === 'complete'
      if (!isOver) random() < 0.5 ? client.reset() : client.close()
      const read = resume.readIn(response.status === 200 ? response.body() : new Uint8Array())
      all.push(...read.events)
      last = read.lastId ?? last
      if (isOver) break
    }
    await resume.forget(stand, id)
    return all
  }
  const readings = await Promise.all(Array.from({ length: 30 }, readAll))
  for (const events of readings) expect(events).toEqual(resume.eventsOf(bytes))
  expect(stand.records.map(({ endReason }) => endReason)).toEqual(readings.map(() => 'completed'))
})

/** Some of them: what is long takes long, and is no different. */
const BYTES_MAX = 60_000

const recordings = (['openai-chat', 'openai-responses', 'anthropic'] as const).flatMap((provider) =>
  listFixtures({ provider, format: 'raw-sse' })
    .filter((fixture) => readFixture(fixture).length <= BYTES_MAX)
    .slice(0, 4),
)

const requests = {
  'openai-chat': jsonRequest('/v1/chat/completions', { model: 'openai/m', stream: true }),
  'openai-responses': jsonRequest('/v1/responses', { model: 'openai/m', stream: true }),
  anthropic: jsonRequest('/v1/messages', { model: 'anthropic/m', stream: true, max_tokens: 9 }),
} as const

describeWithFixtures('recorded streams', () => {
  test.each(recordings.map((fixture) => [fixture.file, fixture] as const))(
    '%s',
    async (_, fixture) => {
      const bytes = readFixture(fixture)
      const stand = await startPairs(replay(bytes))
      const request = requests[fixture.provider as keyof typeof requests]
      const { response } = await stand.ask(resume.resumable(request))
      expect(await response.ended()).toBe('complete')
      const original = resume.eventsOf(bytes)
      expect(resume.readIn(response.body()).events.slice(0, original.length)).toEqual([...original])
      const id = resume.streamIdOf(response)
      await comeBackBehindEach(stand, id, response.body())
      await resume.forget(stand, id)
    },
  )
})
