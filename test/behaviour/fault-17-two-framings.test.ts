/**
 * Row 17: an answer that says its framing twice. With chunks and a length the chunks count, as RFC
 * 9112 has it; two lengths that differ are no HTTP, and nobody may guess which of them is meant.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import {
  askPair,
  expectRefused,
  isPassthrough,
  noRetries,
  pairRows,
  pairs,
  wholeOf,
} from './dialect-stand.ts'
import { chat, chunked, head, raw } from './provider-stand.ts'

afterEach(endStands)

const type = 'content-type: text/event-stream'
const end = '0\r\n\r\n'

describe('chunks and a length: the chunks count', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const whole = wholeOf(pair)
    for (const lines of [
      `content-length: 10\r\ntransfer-encoding: chunked`,
      `transfer-encoding: chunked\r\ncontent-length: 99999`,
    ]) {
      const script = raw(head(`${type}\r\n${lines}`), chunked(whole), end)
      const { stand, response } = await askPair(pair, script)
      expect([response.status, response.ending]).toEqual([200, 'complete'])
      // What leaves is framed once, by us.
      expect(response.header('content-length')).toBeNull()
      expect(response.header('transfer-encoding')).toBe('chunked')
      if (isPassthrough(pair)) expect(response.text()).toBe(whole)
      else expect(response.text()).toContain(' there')
      expect((await stand.record(0)).endReason).toBe('completed')
    }
  })
})

const twoLengths: readonly (readonly [string, string])[] = [
  ['that differ', 'content-length: 3\r\ncontent-length: 5'],
  ['in one line', 'content-length: 3, 5'],
  ['one of them no number', 'content-length: 5\r\ncontent-length: five'],
]

describe.each(twoLengths)('two lengths %s are a status', (_name, lines) => {
  test.each(pairRows)('%s', async (_pair, pair) => {
    const { stand, response } = await askPair(pair, raw(head(`${type}\r\n${lines}`), 'abcde'))
    expectRefused(response, pair, 'upstream_bad_response')
    expect(stand.upstream.requestCount).toBe(1)
    await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
  })
})

test('the same length twice is one length', async () => {
  const body = '{"id":"x","choices":[]}'
  const length = `content-length: ${body.length}`
  const lines = `content-type: application/json\r\n${length}\r\n${length}`
  const stand = await startStand(raw(head(lines) + body), noRetries)
  const response = await chat(stand, false)
  expect([response.status, response.text()]).toEqual([200, body])
})

test('nothing of such an answer is taken for the next one', async () => {
  const json = 'content-type: application/json'
  const smuggled = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison'
  for (const pair of pairs) {
    const lines = `${json}\r\ncontent-length: 3\r\ntransfer-encoding: chunked`
    const script = raw(head(lines), chunked('{}'), end, smuggled)
    const { stand, response } = await askPair(pair, script, { stream: false })
    await stand.ask({ path: '/healthz' })
    expect(response.text()).not.toContain('poison')
  }
})
