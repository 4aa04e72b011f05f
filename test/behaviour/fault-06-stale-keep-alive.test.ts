/** Row 6: an idle connection that the provider had given up on. The client never hears of it. */
import { afterEach, describe, expect, test } from 'bun:test'
import type { UpstreamScript } from '../kit/upstream.ts'
import type { UpstreamConnection } from '../kit/upstream-connection.ts'
import { endStands } from './client-stand.ts'
import { answering, answerText, requestCounts, startTargets, waitsMs } from './targets-stand.ts'

afterEach(endStands)

/** Answers the first request of each connection; the second meets a connection that is gone. */
const stale =
  (leave: (connection: UpstreamConnection) => void): UpstreamScript =>
  async (request, connection) => {
    if (connection.requestCount === 1) return answering('from a')(request, connection)
    await request.bytes()
    leave(connection)
  }

describe.each([
  ['a reset', (connection: UpstreamConnection) => connection.reset()],
  ['a close', (connection: UpstreamConnection) => connection.close()],
])('by %s', (_name, leave) => {
  test('the request goes once more, at once, on a fresh connection', async () => {
    const stand = await startTargets([stale(leave), answering('from b')])
    expect((await stand.chat()).text()).toBe(answerText('from a'))
    const again = await stand.chat()
    expect([again.status, again.text()]).toEqual([200, answerText('from a')])
    expect(again.header('x-sluice-attempts')).toBe('2')
    const [upstream] = stand.upstreams
    expect([upstream?.requestCount, upstream?.connectionCount]).toEqual([3, 2])
    expect(upstream?.requests.map(({ indexOnConnection }) => indexOnConnection)).toEqual([0, 1, 0])
    expect(waitsMs(upstream)[1]).toBeLessThan(500)
    const { attemptLog, errorCode } = await stand.record(1)
    expect(attemptLog.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ['first', 'upstream_closed'],
      ['socket', 'answered'],
    ])
    expect(errorCode).toBeNull()
  })

  test('the breaker does not count it', async () => {
    const stand = await startTargets(
      [stale(leave), answering('from b')],
      {},
      { breakerFailures: 1 },
    )
    for (let chats = 0; chats < 4; chats += 1) {
      expect((await stand.chat()).text()).toBe(answerText('from a'))
    }
    expect(requestCounts(stand)[1]).toBe(0)
  })
})

test('one that was closed while it was idle costs no attempt', async () => {
  const stand = await startTargets([
    async (request, connection) => {
      await answering('from a')(request, connection)
      connection.close()
    },
  ])
  const [upstream] = stand.upstreams
  for (let chats = 1; chats <= 3; chats += 1) {
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from a')])
    await upstream?.until(({ openConnections }) => openConnections === 0, 'the close')
  }
  // Whether the close was seen before the next request is a race; that it is served is not.
  expect(upstream?.requestCount).toBe(3)
})
