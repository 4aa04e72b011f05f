/** Row 21: informational answers (1xx) before the real one, which nobody here asked for. */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands } from './client-stand.ts'
import { askPair, isPassthrough, pairRows, pairs, wholeOf } from './dialect-stand.ts'
import { chunked, head, raw, sseHead } from './provider-stand.ts'

afterEach(endStands)

const end = '0\r\n\r\n'
const proceed = 'HTTP/1.1 100 Continue\r\n\r\n'
const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </secret>; rel=preload\r\n\r\n'
const processing = 'HTTP/1.1 102 Processing\r\n\r\n'

const before: readonly (readonly [string, readonly string[]])[] = [
  ['100', [proceed]],
  ['103', [hints]],
  ['several in one piece', [hints + proceed + processing]],
  ['several, one by one', [hints, proceed, hints]],
]

describe.each(before)('%s', (_kind, pieces) => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const whole = wholeOf(pair)
    const { stand, response } = await askPair(pair, raw(...pieces, sseHead, chunked(whole), end))
    expect([response.status, response.ending]).toEqual([200, 'complete'])
    expect(response.informational).toEqual([])
    expect(response.header('link')).toBeNull()
    expect(response.text()).toContain(' there')
    if (isPassthrough(pair)) expect(response.text()).toBe(whole)
    expect(stand.upstream.requestCount).toBe(1)
  })
})

test('before a JSON answer they are ignored as well', async () => {
  const body = '{"id":"x","choices":[]}'
  const lines = `content-type: application/json\r\ncontent-length: ${body.length}`
  for (const pair of pairs.filter(isPassthrough).filter(({ client }) => client === 'chat')) {
    const script = raw(proceed, hints, head(lines), body)
    const { response } = await askPair(pair, script, { stream: false })
    expect([response.status, response.text()]).toEqual([200, body])
  }
})

test('nothing but informational answers is no answer', async () => {
  for (const pair of pairs) {
    const { response } = await askPair(pair, raw(proceed, hints))
    expect(response.status).toBe(502)
    expect(response.text()).not.toContain('secret')
  }
})
