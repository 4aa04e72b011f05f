/** Row 16: the body ends as it should and the answer in it does not. */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands } from './client-stand.ts'
import {
  answerOf,
  askPair,
  begin,
  expectBroken,
  expectRefused,
  isPassthrough,
  pairRows,
  wholeOf,
} from './dialect-stand.ts'
import { chunked, head, raw, sseHead } from './provider-stand.ts'

afterEach(endStands)

const end = '0\r\n\r\n'

describe('an end without a finish is an error event', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const begun = await begin(pair, raw(end))
    await expectBroken(begun, pair, 'upstream_incomplete')
    expect((await begun.stand.record(0)).endReason).toBe('upstream_truncated')
  })

  test.each(pairRows)('also where an event is left half: %s', async (_name, pair) => {
    const begun = await begin(pair, raw(chunked('data: {"cut'), end))
    await expectBroken(begun, pair, 'upstream_incomplete')
    expect(begun.response.text()).not.toContain('"cut')
  })
})

describe('an end without content is a status', () => {
  test.each(pairRows)('no event at all: %s', async (_name, pair) => {
    const { response } = await askPair(pair, raw(sseHead, end))
    expectRefused(response, pair, 'upstream_empty')
  })

  const openings = pairRows.filter(([, pair]) => answerOf(pair).untilContent > 1)
  test.each(openings)('only the opening: %s', async (_name, pair) => {
    const opening = answerOf(pair).events.slice(0, answerOf(pair).untilContent - 1)
    const { response } = await askPair(pair, raw(sseHead, chunked(opening.join('')), end))
    expectRefused(response, pair, 'upstream_incomplete')
  })
})

describe('a finish without an end marker is whole, and the marker is supplied', () => {
  // The end of a response carries the whole answer, and Gemini has none: nothing can be missing.
  const finished = pairRows.filter(([, { provider }]) => !/responses|gemini/.test(provider))
  const ends: readonly (readonly [string, string, string])[] = [
    ['a clean end', sseHead, end],
    ['the end of an unframed body', head('content-type: text/event-stream'), ''],
  ]
  describe.each(ends)('%s', (_kind, start, rest) => {
    test.each(finished)('%s', async (_name, pair) => {
      const { events, untilFinish } = answerOf(pair)
      const sent = events.slice(0, untilFinish).join('')
      const text = start === sseHead ? chunked(sent) : sent
      const { stand, response } = await askPair(pair, raw(start, text, rest))
      expect([response.status, response.ending]).toEqual([200, 'complete'])
      expect(response.text()).toContain(' there')
      if (isPassthrough(pair)) expect(response.text()).toBe(sent + events.at(-1))
      const marks = /\[DONE\]|"message_stop"|"response\.completed"|"finishReason"/
      expect(response.text()).toMatch(marks)
      expect((await stand.record(0)).endReason).toBe('completed')
    })
  })
})

describe('a last event without its blank line is still an event', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const whole = wholeOf(pair)
    const { stand, response } = await askPair(pair, raw(sseHead, chunked(whole.trimEnd()), end))
    expect(response.ending).toBe('complete')
    expect(response.text()).toContain(' there')
    expect((await stand.record(0)).endReason).toBe('completed')
    if (isPassthrough(pair)) expect(response.text().trimEnd()).toBe(whole.trimEnd())
  })
})
