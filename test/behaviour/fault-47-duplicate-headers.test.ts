/**
 * A header that selects, authenticates or frames, and that was sent twice: two readers could take
 * different ones, so nobody takes either (fault matrix, row 47).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import {
  answer,
  chatPath,
  expectParserRefusal,
  expectReusable,
  goodText,
  host,
  jsonLines,
  outcomeOf,
  type Row,
  raw,
  rawChat,
  sendTo,
  testRefusals,
} from './request-stand.ts'

afterEach(endStands)

const twice = (first: string, second: string): string => rawChat([first, second])

const rows: readonly Row[] = [
  ['two Hosts', raw('GET /v1/models', [host, 'host: evil.test']), 400, 'duplicate_header'],
  ['two Hosts that agree', raw('GET /v1/models', [host, host]), 400, 'duplicate_header'],
  [
    'two Hosts in different spelling',
    raw('GET /v1/models', [host, 'HOST: evil.test']),
    400,
    'duplicate_header',
  ],
  [
    'two keys',
    twice('authorization: Bearer a', 'authorization: Bearer b'),
    400,
    'duplicate_header',
  ],
  ['two keys of Anthropic', twice('x-api-key: a', 'X-API-Key: b'), 400, 'duplicate_header'],
  [
    'two content types',
    raw(`POST ${chatPath}`, [host, 'content-type: text/plain', ...jsonLines], goodText),
    400,
    'duplicate_header',
  ],
  [
    'two lengths that agree',
    raw(`POST ${chatPath}`, [host, `content-length: ${goodText.length}`, ...jsonLines], goodText),
    400,
    'duplicate_header',
  ],
  ['two origins', twice('origin: http://a.test', 'origin: http://b.test'), 400, 'duplicate_header'],
  ['two providers', twice('x-sluice-provider: a', 'x-sluice-provider: b'), 400, 'duplicate_header'],
  [
    'two deadlines',
    twice('x-sluice-timeout-ms: 1', 'x-sluice-timeout-ms: 99999'),
    400,
    'duplicate_header',
  ],
]

describe('a head', () => {
  testRefusals('with %s', rows)
})

test('two lengths that differ do not get past the parser', async () => {
  const stand = await startStand(answer)
  const lines = [host, 'content-length: 5', ...jsonLines]
  await expectParserRefusal(stand, raw(`POST ${chatPath}`, lines, goodText))
  expect(stand.upstream.connectionCount).toBe(0)
})

test('the order does not matter, nor how many there are, and the connection goes on', async () => {
  const stand = await startStand(answer)
  const keys = ['authorization: Bearer a', 'x: y', 'authorization: Bearer a', 'Authorization: b']
  const lines = [...keys, host, ...jsonLines]
  const asking = await sendTo(stand, raw(`POST ${chatPath}`, lines, goodText))
  expect(await asking.response.ended()).toBe('complete')
  expect(outcomeOf(asking.response)).toEqual([400, 'duplicate_header'])
  await expectReusable(asking)
  expect(stand.upstream.requestCount).toBe(1)
})

test('a header that may be repeated is forwarded as one list', async () => {
  const stand = await startStand(answer)
  const { response } = await sendTo(stand, twice('accept: a/b', 'accept: c/d'))
  await response.ended()
  expect(response.status).toBe(200)
  expect((await stand.upstream.request(0)).headerLines('accept')).toEqual(['a/b, c/d'])
})
