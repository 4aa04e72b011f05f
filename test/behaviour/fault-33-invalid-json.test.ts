/**
 * Row 33: an event whose data is not JSON. Passed along it is dropped and counted, for every SDK
 * dies of it (design, rule 3, which the row's "unchanged" has to give way to). Translated, what it
 * said cannot be said, and an answer without it would look whole: it is an error.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands } from './client-stand.ts'
import {
  answerOf,
  askPair,
  begin,
  expectBroken,
  isPassthrough,
  pairRows,
  passedRows,
  translatedRows,
} from './dialect-stand.ts'
import { chunked, raw, sseHead } from './provider-stand.ts'

afterEach(endStands)

const end = '0\r\n\r\n'

/** Data that is the beginning of JSON, or something like it. */
const broken: readonly (readonly [string, string])[] = [
  ['cut off', '{"id":"x","choices":[{"index":0,"del'],
  ['no JSON from the start', '{oops'],
  ['with more behind it', '{"a":1}{"b":2}'],
  ['with a raw line end in a text', '{"a":"x\ty"}'.replace('\t', '\u0001')],
]

describe.each(broken)('passed along, data %s is dropped and counted', (_kind, data) => {
  test.each(passedRows)('%s', async (_name, pair) => {
    const { events, untilContent } = answerOf(pair)
    const sent = [...events.slice(0, untilContent), `data: ${data}\n\n`]
    const text = [...sent, ...events.slice(untilContent)].join('')
    const { stand, response } = await askPair(pair, raw(sseHead, chunked(text), end))
    expect(response.text()).toBe(events.join(''))
    const { droppedEvents, endReason } = await stand.record(0)
    expect([droppedEvents, endReason]).toEqual([1, 'completed'])
  })
})

describe.each(broken)('translated, data %s is an error event', (_kind, data) => {
  test.each(translatedRows)('%s', async (_name, pair) => {
    const { events, untilContent } = answerOf(pair)
    const rest = `data: ${data}\n\n${events.slice(untilContent).join('')}`
    const begun = await begin(pair, raw(chunked(rest), end))
    await expectBroken(begun, pair, 'upstream_protocol_error')
    expect(begun.response.text()).not.toContain(' there')
    expect((await begun.stand.record(0)).endReason).toBe('protocol_error')
  })
})

/** Lines that some servers send to keep a connection, and that say nothing of the answer. */
const noise = ['data: \n\n', 'data\n\n', ': busy\n\n', 'event: ping\ndata: ping\n\n', '\n\n']

test.each(pairRows)('what was never meant to be JSON breaks nothing: %s', async (_name, pair) => {
  const { events, untilContent } = answerOf(pair)
  for (const line of noise) {
    const text = [...events.slice(0, untilContent), line, ...events.slice(untilContent)].join('')
    const { stand, response } = await askPair(pair, raw(sseHead, chunked(text), end))
    expect(response.ending).toBe('complete')
    expect(response.text()).toContain(' there')
    expect((await stand.record(0)).endReason).toBe('completed')
    if (isPassthrough(pair)) expect(response.text()).not.toMatch(/^data:? *$/m)
  }
})
