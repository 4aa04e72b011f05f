/** Row 14: the body is shorter or longer than the length that the provider declared. */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import {
  askPair,
  begin,
  begunOf,
  expectBroken,
  expectRefused,
  isPassthrough,
  noRetries,
  pairRows,
  pairs,
  wholeOf,
} from './dialect-stand.ts'
import { chat, head, raw } from './provider-stand.ts'

afterEach(endStands)

const streamOf = (bytes: number): string =>
  head(`content-type: text/event-stream\r\ncontent-length: ${bytes}`)
const jsonOf = (bytes: number): string =>
  head(`content-type: application/json\r\ncontent-length: ${bytes}`)
const plain = (text: string): string => text

describe('a stream that is shorter breaks', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const sending = { head: streamOf(begunOf(pair).length + 9), frame: plain }
    const begun = await begin(pair, raw(), sending)
    await expectBroken(begun, pair, 'upstream_reset')
  })
})

describe('a stream that is longer is cut at its length, and what is behind is nobody’s', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const whole = wholeOf(pair)
    const { stand, response } = await askPair(
      pair,
      raw(streamOf(whole.length), `${whole}data: {"poison":1}\n\n`),
    )
    expect(response.ending).toBe('complete')
    expect(response.text()).toContain(' there')
    expect(response.text()).not.toContain('poison')
    if (isPassthrough(pair)) expect(response.text()).toBe(whole)
    expect((await stand.record(0)).endReason).toBe('completed')
  })
})

describe('a stream whose length ends within the answer is incomplete', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const begun = await begin(pair, raw(wholeOf(pair)), {
      head: streamOf(begunOf(pair).length),
      frame: plain,
    })
    await expectBroken(begun, pair, 'upstream_incomplete')
  })
})

test('a JSON answer that is shorter is a 502, not half an answer', async () => {
  for (const pair of pairs) {
    const script = raw(jsonOf(100), '{"id":')
    const { stand, response } = await askPair(pair, script, { stream: false })
    expectRefused(response, pair, 'upstream_reset')
    expect(stand.upstream.requestCount).toBe(1)
  }
})

test('bytes behind a JSON answer never become the next one', async () => {
  const good = '{"id":"x","choices":[]}'
  const stand = await startStand(async (_request, connection) => {
    await connection.raw(`${jsonOf(good.length)}${good}HTTP/1.1 200 OK\r\n\r\npoison`)
    connection.close()
  }, noRetries)
  for (let round = 0; round < 3; round += 1) expect((await chat(stand, false)).text()).toBe(good)
  expect(stand.upstream.connectionCount).toBe(3)
})
