/** Row 20: the head of the provider's answer is larger than any head should be. */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands } from './client-stand.ts'
import { askPair, expectRefused, pairRows, wholeOf } from './dialect-stand.ts'
import { chunked, head, raw } from './provider-stand.ts'

afterEach(endStands)

const framing = 'content-type: text/event-stream\r\ntransfer-encoding: chunked'

const tooLarge: readonly (readonly [string, string])[] = [
  ['300 headers', Array.from({ length: 300 }, (_, index) => `x-filler-${index}: y`).join('\r\n')],
  ['one header of 400 KB', `x-filler: ${'y'.repeat(400_000)}`],
  ['200 headers of 2 KB', lines(200, 2000)],
]

function lines(count: number, bytes: number): string {
  const value = 'y'.repeat(bytes)
  return Array.from({ length: count }, (_, index) => `x-filler-${index}: ${value}`).join('\r\n')
}

describe.each(tooLarge)('%s', (_kind, filler) => {
  test.each(pairRows)('are a status: %s', async (_name, pair) => {
    const whole = wholeOf(pair)
    const script = raw(head(`${filler}\r\n${framing}`), chunked(whole), '0\r\n\r\n')
    const { stand, response } = await askPair(pair, script)
    expectRefused(response, pair, 'upstream_bad_response')
    expect(response.text()).not.toContain('yyy')
    expect(stand.upstream.requestCount).toBe(1)
    await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
  })
})

test.each(pairRows)(
  'a large head within the limit passes, and stays here: %s',
  async (_n, pair) => {
    const whole = wholeOf(pair)
    const script = raw(head(`${lines(100, 200)}\r\n${framing}`), chunked(whole), '0\r\n\r\n')
    const { response } = await askPair(pair, script)
    expect([response.status, response.ending]).toEqual([200, 'complete'])
    expect(response.text()).toContain(' there')
    expect(response.header('x-filler-0')).toBeNull()
    expect(response.headers.length).toBeLessThan(20)
  },
)
