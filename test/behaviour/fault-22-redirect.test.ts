/** Row 22: a redirect would carry the operator's key to wherever it points, so it goes nowhere. */
import { afterEach, describe, expect, test } from 'bun:test'
import { json } from '../kit/answers.ts'
import { endStands, type Stand, startStand } from './client-stand.ts'
import { askPair, expectRefused, pairRows } from './dialect-stand.ts'

afterEach(endStands)

describe.each([301, 302, 303, 307, 308])('a %d', (status) => {
  test.each(pairRows)('is refused: %s', async (_name, pair) => {
    const target = await startStand(json(200, {}))
    for (const stream of [true, false]) {
      const location = `${target.upstream.url}/v1/chat/completions`
      const { stand, response } = await askPair(
        pair,
        async (_request, connection) => {
          await connection.head(status, { location, 'content-length': '0' })
        },
        { stream },
      )
      expectRefused(response, pair, 'upstream_redirect_blocked')
      expectUntold(response.text(), response.header('location'), target)
      expect(stand.upstream.requestCount).toBe(1)
    }
    expect(target.upstream.connectionCount).toBe(0)
  })
})

/** Where it points is for the operator only. */
function expectUntold(text: string, location: string | null, target: Stand): void {
  expect(location).toBeNull()
  expect(text).not.toContain(String(target.upstream.port))
}

test.each([
  ['within the same provider', '/v1/elsewhere'],
  ['without a target', ''],
  ['to another scheme', 'file:///etc/passwd'],
])('a redirect %s is refused as well', async (_kind, location) => {
  for (const [, pair] of pairRows) {
    const { stand, response } = await askPair(pair, async (_request, connection) => {
      await connection.head(302, { location, 'content-length': '0' })
    })
    expectRefused(response, pair, 'upstream_redirect_blocked')
    expect(stand.upstream.requestCount).toBe(1)
  }
})
