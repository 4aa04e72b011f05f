/**
 * Row 15: a body without length or chunks, as HTTP/1.0 sends it. A cut looks like its end, so only
 * the dialect's own end says that it is whole.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands } from './client-stand.ts'
import {
  askPair,
  begin,
  expectBroken,
  isPassthrough,
  pairRows,
  pairs,
  wholeOf,
} from './dialect-stand.ts'
import { head, raw } from './provider-stand.ts'

afterEach(endStands)

const unframed = head('content-type: text/event-stream')
const oldHead = unframed.replace('HTTP/1.1', 'HTTP/1.0')
const sending = { head: unframed, frame: (text: string): string => text }

describe('closed before its end', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const begun = await begin(pair, raw(), sending)
    await expectBroken(begun, pair, 'upstream_incomplete')
  })

  test.each(pairRows)('in the middle of an event: %s', async (_name, pair) => {
    const begun = await begin(pair, raw('data: {"cut'), sending)
    await expectBroken(begun, pair, 'upstream_incomplete')
    expect(begun.response.text()).not.toContain('"cut')
  })
})

describe('reset, which reads as a close as well', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const begun = await begin(pair, (_request, connection) => connection.reset(), sending)
    // The runtime ends such a body cleanly; a version that tells the reset would do as well.
    const code = (await begun.stand.record(0)).errorCode
    expect(['upstream_incomplete', 'upstream_reset'] as const).toContain(code as never)
    await expectBroken(begun, pair, code as 'upstream_incomplete')
  })
})

describe.each([
  ['HTTP/1.1', unframed],
  ['HTTP/1.0', oldHead],
])('closed behind its end, by %s', (_version, start) => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const whole = wholeOf(pair)
    const { stand, response } = await askPair(pair, raw(start, whole))
    expect([response.status, response.ending]).toEqual([200, 'complete'])
    expect(response.text()).toContain(' there')
    if (isPassthrough(pair)) expect(response.text()).toBe(whole)
    expect((await stand.record(0)).endReason).toBe('completed')
  })
})

test('JSON until the close is whole where it is JSON, and a 502 where it is not', async () => {
  const lines = head('content-type: application/json')
  for (const pair of pairs.filter(({ client }) => client === 'chat')) {
    const half = raw(lines, '{"id":"x","choices":[{"ind')
    const cut = await askPair(pair, half, { stream: false })
    expect(cut.response.status).toBe(502)
  }
})
