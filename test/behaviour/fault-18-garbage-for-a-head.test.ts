/** Row 18: what the provider sends for a head is not HTTP. */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands } from './client-stand.ts'
import { askPair, expectRefused, pairRows, pairs } from './dialect-stand.ts'
import { raw } from './provider-stand.ts'

afterEach(endStands)

const good = 'content-type: text/event-stream\r\n'

/** Heads that are read and found to be nonsense. */
const garbage: readonly (readonly [string, string])[] = [
  ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n\r\n'],
  ['a status that is no number', `HTTP/1.1 OK 200\r\n${good}\r\n`],
  ['a NUL in a header', `HTTP/1.1 200 OK\r\n${good}x: a\0b\r\n\r\n`],
  ['a bare CR in a header', `HTTP/1.1 200 OK\r\n${good}x: a\rb: c\r\n\r\n`],
  ['a header without a name', `HTTP/1.1 200 OK\r\n: x\r\n\r\n`],
]

describe.each(garbage)('%s is a status', (_kind, bytes) => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const { stand, response } = await askPair(pair, raw(bytes))
    expectRefused(response, pair, 'upstream_bad_response')
    // Whoever answers such things answers them again: it is not asked twice.
    expect(stand.upstream.requestCount).toBe(1)
    expect((await stand.record(0)).endReason).toBe('protocol_error')
    await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
  })
})

/** Heads that end before they are heads, and bytes that never would become one. */
const partial: readonly (readonly [string, string])[] = [
  ['within the status line', 'HTTP/1.1 2'],
  ['behind the status line', 'HTTP/1.1 200 OK\r\n'],
  ['within a header', 'HTTP/1.1 200 OK\r\ncontent-ty'],
  ['in an alert of TLS', '\x15\x03\x03\x00\x02\x02\x28'],
  ['before the blank line', `HTTP/1.1 200 OK\r\n${good}`],
]

describe.each(partial)('a head that ends %s is no answer', (_kind, bytes) => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const { stand, response } = await askPair(pair, raw(bytes))
    expectRefused(response, pair, 'upstream_closed')
    // It is told as a close without a byte is, which may have been a connection given up on.
    expect(stand.upstream.requestCount).toBeLessThanOrEqual(2)
  })
})

test('nothing of what was sent reaches the client', async () => {
  for (const pair of pairs) {
    const { response } = await askPair(pair, raw('SECRET-BANNER 1.2.3\r\nx: internal-7\r\n\r\n'))
    expect(response.status).toBe(502)
    const all = response.text() + response.headers.flat().join(' ')
    expect(all).not.toMatch(/SECRET|internal-7/)
  }
})
