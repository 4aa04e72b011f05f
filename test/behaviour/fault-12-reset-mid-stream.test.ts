/** Row 12: the provider's connection is reset (RST) in the middle of a stream. */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands } from './client-stand.ts'
import {
  answerOf,
  begin,
  expectBroken,
  isPassthrough,
  pairRows,
  passedRows,
  requestOf,
  startPairs,
  wholeOf,
} from './dialect-stand.ts'
import { chunked, sseHead } from './provider-stand.ts'

afterEach(endStands)

describe('a reset after the first content is an error event in the dialect of the client', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const begun = await begin(pair, (_request, connection) => connection.reset())
    await expectBroken(begun, pair, 'upstream_reset')
    expect((await begun.stand.record(0)).endReason).toBe('upstream_reset')
  })
})

test.each(pairRows)('a reset within an event: what was whole is kept, %s', async (_name, pair) => {
  const { events, untilContent, untilFinish } = answerOf(pair)
  // Gemini's second word comes with the finish, so it has none that could be whole here.
  const next = untilContent + 1 < untilFinish ? (events[untilContent] ?? '') : ''
  const half = '{"half'
  const sent = Promise.withResolvers<void>()
  const begun = await begin(pair, async (_request, connection) => {
    await connection.raw(chunked(`${next}data: ${half}`))
    await sent.promise
    connection.reset()
  })
  if (next !== '') await begun.response.until((r) => r.text().includes(' there'), 'the next event')
  sent.resolve()
  await expectBroken(begun, pair, 'upstream_reset')
  expect(begun.response.text()).not.toContain(half)
  if (isPassthrough(pair)) expect(begun.response.text()).toContain(next)
})

test.each(passedRows)('a reset behind the end marker breaks nothing: %s', async (_name, pair) => {
  const whole = wholeOf(pair)
  const seen = Promise.withResolvers<void>()
  const stand = await startPairs(async (_request, connection) => {
    await connection.raw(sseHead + chunked(whole))
    await seen.promise
    connection.reset()
  })
  const { response } = await stand.ask(requestOf(pair))
  await response.until((r) => r.text() === whole, 'the whole answer')
  seen.resolve()
  expect(await response.ended()).toBe('complete')
  expect(response.text()).toBe(whole)
  const { endReason, errorCode } = await stand.record(0)
  expect([endReason, errorCode]).toEqual(['completed', null])
})
