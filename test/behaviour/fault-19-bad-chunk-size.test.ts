/** Row 19: the transfer coding breaks: before the first content a status, after it an event. */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands } from './client-stand.ts'
import {
  askPair,
  begin,
  expectBroken,
  expectRefused,
  isPassthrough,
  pairRows,
  wholeOf,
} from './dialect-stand.ts'
import { chunked, raw, sseHead } from './provider-stand.ts'

afterEach(endStands)

const sizes: readonly (readonly [string, string])[] = [
  ['that is no number', 'ZZ\r\nabc\r\n'],
  ['that is negative', '-5\r\nabcde\r\n'],
  ['that overflows', 'fffffffffffffffff\r\nabc\r\n'],
  ['with a prefix', '0x5\r\nabcde\r\n'],
]

describe.each(sizes)('a chunk size %s', (_kind, bytes) => {
  test.each(pairRows)('before the first content is a status: %s', async (_name, pair) => {
    const { stand, response } = await askPair(pair, raw(sseHead, bytes))
    expectRefused(response, pair, 'upstream_bad_response')
    expect(stand.upstream.requestCount).toBe(1)
    await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
  })

  test.each(pairRows)('after it is an error event: %s', async (_name, pair) => {
    const begun = await begin(pair, raw(bytes))
    await expectBroken(begun, pair, 'upstream_protocol_error')
    expect((await begun.stand.record(0)).endReason).toBe('protocol_error')
    expect(begun.response.text()).not.toContain('abc')
  })
})

describe('behind the end of the answer it breaks nothing', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const whole = wholeOf(pair)
    const begun = await begin(pair, raw('ZZ\r\n'), { begun: whole })
    expect(await begun.response.ended()).toBe('complete')
    expect((await begun.stand.record(0)).endReason).toBe('completed')
    if (isPassthrough(pair)) expect(begun.response.text()).toBe(whole)
  })
})

test.each(pairRows)(
  'chunk extensions and trailers are nothing to mind: %s',
  async (_name, pair) => {
    const whole = wholeOf(pair)
    const extended = chunked(whole).replace('\r\n', ';name="value"\r\n')
    const script = raw(sseHead, extended, '0\r\nx-checksum: secret\r\n\r\n')
    const { stand, response } = await askPair(pair, script)
    expect([response.status, response.ending]).toEqual([200, 'complete'])
    expect(response.header('x-checksum')).toBeNull()
    expect((await stand.record(0)).endReason).toBe('completed')
    if (isPassthrough(pair)) expect(response.text()).toBe(whole)
  },
)
