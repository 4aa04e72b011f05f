/**
 * Row 13: a chunked body ends without its last chunk. The runtime's `fetch` tells it as it tells a
 * reset, so both are `upstream_reset` (README, Decisions).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import {
  answerOf,
  begin,
  expectBroken,
  isPassthrough,
  pairRows,
  requestOf,
  startPairs,
} from './dialect-stand.ts'
import { chat, chunked, errorOf, head, raw, sseHead } from './provider-stand.ts'

afterEach(endStands)

describe('a body that is cut with FIN', () => {
  test.each(pairRows)('between two chunks: %s', async (_name, pair) => {
    const begun = await begin(pair, raw())
    await expectBroken(begun, pair, 'upstream_reset')
  })

  test.each(pairRows)('within a chunk: %s', async (_name, pair) => {
    const begun = await begin(pair, raw('40\r\ndata: {"cut'))
    await expectBroken(begun, pair, 'upstream_reset')
    expect(begun.response.text()).not.toContain('"cut')
  })

  test.each(pairRows)('within the size of a chunk: %s', async (_name, pair) => {
    const begun = await begin(pair, raw('4'))
    await expectBroken(begun, pair, 'upstream_reset')
  })
})

/** Events whose end, or finish, was sent before the cut; what is missing then is supplied. */
const whole = pairRows.flatMap(([name, pair]) => {
  const { events, untilFinish } = answerOf(pair)
  return [
    [`${name}, with its end marker`, pair, events.join('')] as const,
    [`${name}, as far as its finish`, pair, events.slice(0, untilFinish).join('')] as const,
  ]
})

describe('an answer that was whole before its body was cut is whole', () => {
  test.each(whole)('%s', async (_name, pair, sent) => {
    const seen = Promise.withResolvers<void>()
    const stand = await startPairs(async (_request, connection) => {
      await connection.raw(sseHead + chunked(sent))
      await seen.promise
      connection.close()
    })
    const { response } = await stand.ask(requestOf(pair))
    await response.until((r) => r.text().includes(' there'), 'the last content')
    seen.resolve()
    expect(await response.ended()).toBe('complete')
    expect(response.text()).not.toContain('error":{')
    const { endReason, errorCode } = await stand.record(0)
    expect([endReason, errorCode]).toEqual(['completed', null])
    const everything = answerOf(pair).events
    // Of what OpenAI sends behind the finish only the marker can be supplied.
    const supplied = sent === everything.join('') ? '' : (everything.at(-1) ?? '')
    const isWhole = sent.endsWith(everything.at(-1) ?? '')
    if (isPassthrough(pair)) expect(response.text()).toBe(isWhole ? sent : sent + supplied)
  })
})

test('a JSON answer that is cut is a 502, not half an answer', async () => {
  const lines = 'content-type: application/json\r\ntransfer-encoding: chunked'
  const script = raw(head(lines), chunked('{"id":"x","choices":['))
  const response = await chat(await startStand(script, { RETRIES_MAX: '0' }), false)
  expect(response.status).toBe(502)
  expect(errorOf(response).code).toBe('upstream_reset')
})
