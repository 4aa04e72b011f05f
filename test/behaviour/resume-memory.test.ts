/** What is kept has a bound, for one stream and for all, whatever providers and clients do. */
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { eventText } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { type Asking, chatRequest, endStands, type Stand, startStand } from './client-stand.ts'
import * as resume from './resume-stand.ts'

setDefaultTimeout(60_000)
afterEach(endStands)

const chat = (onBody?: (piece: Uint8Array) => void) => ({
  ...resume.resumable(jsonRequest('/v1/chat/completions', chatRequest)),
  ...(onBody && { onBody }),
})

/** An event of `bytes` bytes, about. */
const delta = (index: number, bytes: number): string =>
  eventText(
    JSON.stringify({
      id: 'c',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: { content: `${index} ${'x'.repeat(bytes)}` } }],
    }),
  )

/** A long stream, and how much of it has left the provider. It waits behind the first `free`. */
function flood(count: number, bytes: number, free = count) {
  const sent = { events: 0 }
  const gate = Promise.withResolvers<void>()
  const script: UpstreamScript = async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    for (let index = 0; index < count && !connection.isClosed; index += 1) {
      if (index === free) await gate.promise
      await connection.chunk(delta(index, bytes))
      sent.events = index + 1
    }
    if (!connection.isClosed) await connection.chunk('data: [DONE]\n\n')
    if (!connection.isClosed) await connection.end()
  }
  return { script, sent, goOn: () => gate.resolve() }
}

const heldBytes = (stand: Stand): number => stand.app.leftovers().journalBytes ?? -1

/** Until the provider has been made to wait. */
const untilPaused = (stand: Stand): Promise<void> =>
  eventually(
    () => stand.upstream.connections.some((connection) => connection.blockedForMs > 150),
    'the provider waits',
    20_000,
  )

const kibibyte = 1024
const small = { STREAM_RESUME_BYTES_MAX: '256k', STREAM_RESPONSE_CHUNK_SIZE: '8k' } as const

/** The bound, one write, and what pieces cost besides. */
const boundBytes = 256 * kibibyte + 16 * kibibyte

test('50 MB pass through a journal of 256 KB, whose beginning is gone then', async () => {
  const { script } = flood(800, 64 * kibibyte)
  const stand = await startStand(script, small)
  let [bytes, most] = [0, 0]
  const first = await stand.ask(
    chat((piece) => {
      bytes += piece.length
      most = Math.max(most, heldBytes(stand))
    }),
  )
  expect(await first.response.ended(50_000)).toBe('complete')
  expect(bytes).toBeGreaterThan(50 * kibibyte * kibibyte)
  expect(most).toBeGreaterThan(64 * kibibyte)
  expect(most).toBeLessThan(boundBytes)
  const id = resume.streamIdOf(first.response)
  const trimmed = await resume.rest(stand, id, `${id}-10`)
  resume.expectCode(trimmed, 410, 'stream_trimmed')
  resume.expectCode(await resume.rest(stand, id), 410, 'stream_trimmed')
  const last = await resume.rest(stand, id, `${id}-800`)
  expect(parseSse(last.body()).map(({ data }) => data)).toEqual(['[DONE]'])
  expect((await stand.record(0)).endReason).toBe('completed')
  await resume.forget(stand, id)
})

test('while nobody reads, the provider goes on to the bound and waits there', async () => {
  const { script, sent, goOn } = flood(100_000, kibibyte, 5)
  const stand = await startStand(script, small)
  const first = await stand.ask(chat())
  await resume.untilEvents(first.response, 5)
  await resume.lose(stand, first)
  goOn()
  await untilPaused(stand)
  const paused = sent.events
  expect(heldBytes(stand)).toBeGreaterThan(200 * kibibyte)
  expect(heldBytes(stand)).toBeLessThan(boundBytes)
  const id = resume.streamIdOf(first.response)
  const { lastId } = resume.readIn(first.response.body())
  const second = await resume.comeBack(stand, id, lastId)
  await eventually(() => sent.events > paused + 1000, 'it goes on')
  // Nothing is missing between what was read before and after.
  const { events } = resume.readIn(second.response.body())
  for (const [index, { data }] of events.entries()) {
    expect(JSON.parse(data).choices[0].delta.content).toStartWith(`${index + 5} x`)
  }
  await resume.forget(stand, id)
  await second.response.ended()
})

test('one slow reader holds up neither the provider nor the others', async () => {
  const { script, goOn } = flood(12_000, 2 * kibibyte, 5)
  const stand = await startStand(script, { ...small, STREAM_CLIENT_STALL_TIMEOUT_MS: '0' })
  const first: Asking = await stand.ask(chat())
  await resume.untilEvents(first.response, 5)
  const id = resume.streamIdOf(first.response)
  const slow = await resume.comeBack(stand, id)
  await resume.untilEvents(slow.response, 5)
  slow.client.pause()
  goOn()
  expect(await first.response.ended(50_000)).toBe('complete')
  expect(heldBytes(stand)).toBeLessThan(boundBytes)
  slow.client.resume()
  // What it had not read is not kept any more, and it must not take that for the end.
  expect(await slow.response.ended()).toBe('reset')
  expect(slow.response.text()).not.toContain('[DONE]')
  await resume.forget(stand, id)
})

test('an event that is larger than the journal passes, and cannot be replayed', async () => {
  const large = delta(1, 600 * kibibyte)
  const texts = [delta(0, 10), large, delta(2, 10), 'data: [DONE]\n\n']
  const stand = await startStand(new resume.Steps(texts, 4).script, small)
  const first = await stand.ask(chat())
  expect(await first.response.ended()).toBe('complete')
  const id = resume.streamIdOf(first.response)
  const { events } = resume.readIn(first.response.body())
  expect(events.map(({ data }) => `data: ${data}\n\n`)).toEqual(texts)
  resume.expectCode(await resume.rest(stand, id, `${id}-1`), 410, 'stream_trimmed')
  const rest = await resume.rest(stand, id, `${id}-2`)
  expect(resume.readIn(rest.body()).events).toEqual(events.slice(2))
  await resume.forget(stand, id)
})

test('when memory is short, what is over goes first', async () => {
  const { script } = flood(300, 2 * kibibyte)
  const stand = await startStand(script, {
    STREAM_RESUME_BYTES_MAX: '64m',
    STREAM_RESUME_TOTAL_BYTES_MAX: '1m',
  })
  const ids: string[] = []
  for (let index = 0; index < 4; index += 1) {
    const { response } = await stand.ask(chat())
    expect(await response.ended()).toBe('complete')
    ids.push(resume.streamIdOf(response))
    expect(heldBytes(stand)).toBeLessThan(1100 * kibibyte)
  }
  const statuses: number[] = []
  for (const id of ids) statuses.push((await resume.rest(stand, id)).status)
  expect(statuses).toEqual([404, 404, 404, 200])
  await resume.forget(stand, ids[3] ?? '')
})

test('what nobody reads waits where memory is short, and new streams have no id then', async () => {
  const { script, sent, goOn } = flood(100_000, kibibyte, 5)
  const texts = [delta(0, 10), 'data: [DONE]\n\n']
  const short = new resume.Steps(texts, 2)
  const stand = await startStand(
    (request, connection) =>
      stand.upstream.requestCount === 1
        ? script(request, connection)
        : short.script(request, connection),
    { STREAM_RESUME_BYTES_MAX: '64m', STREAM_RESUME_TOTAL_BYTES_MAX: '1m' },
  )
  const first = await stand.ask(chat())
  await resume.untilEvents(first.response, 5)
  await resume.lose(stand, first)
  goOn()
  await untilPaused(stand)
  expect(heldBytes(stand)).toBeLessThan(1100 * kibibyte)
  const second = await stand.ask(chat())
  expect(await second.response.ended()).toBe('complete')
  expect(second.response.header('x-sluice-stream-id')).toBeNull()
  expect(second.response.text()).toBe(texts.join(''))
  const id = resume.streamIdOf(first.response)
  // It goes on when somebody reads it, also while memory stays short.
  const paused = sent.events
  const again = await resume.comeBack(stand, id, `${id}-5`)
  await eventually(() => sent.events > paused + 1000, 'it goes on')
  for (const [index, { data }] of resume.readIn(again.response.body()).events.entries()) {
    expect(JSON.parse(data).choices[0].delta.content).toStartWith(`${index + 5} x`)
  }
  await resume.forget(stand, id)
  await again.response.ended()
})
