/**
 * Row 28: every form that `retry-after` comes in. What is understood is kept within [0, 60 s]; what
 * is nonsense is as if it were not there, for the client and for the backoff of a retry.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { inTurn } from '../kit/answers.ts'
import { endStands, startStand } from './client-stand.ts'
import { askChat } from './clock-stand.ts'
import { refuses } from './provider-stand.ts'
import { answering, answerText, startTargets, waitsMs } from './targets-stand.ts'

afterEach(endStands)

type Headers = Readonly<Record<string, string>>
const after = (value: string): Headers => ({ 'retry-after': value })
const afterMs = (value: string): Headers => ({ 'retry-after-ms': value })
const inS = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString()

/** What the provider says, and what the client reads: seconds and milliseconds, or nothing. */
const told: readonly (readonly [string, () => Headers, string | null, string | null])[] = [
  ['seconds', () => after('7'), '7', '7000'],
  ['no seconds', () => after('0'), '0', '0'],
  ['seconds that would be a year to a reader of dates', () => after('120'), '60', '60000'],
  ['parts of a second', () => after('1.5'), '2', '1500'],
  ['milliseconds', () => afterMs('300'), '1', '300'],
  ['parts of a millisecond', () => afterMs('0.5'), '1', '1'],
  ['both, of which the finer one counts', () => ({ ...after('7'), ...afterMs('300') }), '1', '300'],
  ['nonsense beside seconds', () => ({ ...after('7'), ...afterMs('-5') }), '7', '7000'],
  ['far too many seconds', () => after('99999999'), '60', '60000'],
  ['more digits than a number holds', () => after('9'.repeat(400)), '60', '60000'],
  ['a date far ahead', () => after(inS(7200)), '60', '60000'],
  ['a date in the past', () => after('Wed, 21 Oct 2015 07:28:00 GMT'), '0', '0'],
  ['a date in the form of RFC 850', () => after('Sunday, 06-Nov-94 08:49:37 GMT'), '0', '0'],
  ['a date in the form of asctime', () => after('Sun Nov  6 08:49:37 1994'), '0', '0'],
  ['a word', () => after('banana'), null, null],
  ['a negative number', () => after('-1'), null, null],
  ['an exponent', () => after('1e9'), null, null],
  ['hexadecimal', () => after('0x10'), null, null],
  ['infinity', () => after('Infinity'), null, null],
  ['nothing', () => after(''), null, null],
  ['a list', () => after('1, 2'), null, null],
  ['milliseconds that are a word', () => afterMs('soon'), null, null],
]

describe('the client is told', () => {
  test.each(told)('%s', async (_name, headers, seconds, milliseconds) => {
    const stand = await startStand(refuses(429, 'rate', headers()))
    const response = await askChat(stand)
    await response.ended()
    expect(response.status).toBe(429)
    expect(response.header('retry-after')).toBe(seconds)
    expect(response.header('retry-after-ms')).toBe(milliseconds)
    expect(stand.upstream.requestCount).toBe(1)
  })

  test('a date ahead, as the seconds until then', async () => {
    const stand = await startStand(refuses(429, 'rate', after(inS(7))))
    const response = await askChat(stand)
    await response.ended()
    expect(['5', '6', '7']).toContain(response.header('retry-after') ?? '')
  })
})

/** What a retry on the same target waits, in milliseconds: at least, and less than. */
const near = (ms: number): readonly [number, number] => [ms - 5, ms + 500]
const waits: readonly (readonly [string, () => Headers, readonly [number, number]])[] = [
  ['seconds', () => after('1'), near(1000)],
  ['parts of a second', () => after('0.2'), near(200)],
  ['milliseconds', () => afterMs('300'), near(300)],
  ['until a date', () => after(inS(2)), [900, 2500]],
  ['not at all for a date in the past', () => after('Wed, 21 Oct 2015 07:28:00 GMT'), [0, 300]],
  ['its own backoff for a word', () => after('banana'), [0, 300]],
  ['its own backoff for a negative number', () => after('-1'), [0, 300]],
  ['its own backoff for an exponent', () => after('1e9'), [0, 300]],
]

test('a retry on the same target waits as long as was asked for, or its own backoff', async () => {
  const checks = waits.map(async ([name, headers, [least, most]]) => {
    const script = inTurn(refuses(429, 'rate', headers()), answering(name))
    const stand = await startTargets([script])
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText(name)])
    const [upstream] = stand.upstreams
    const waited = waitsMs(upstream)
    expect([name, waited.length]).toEqual([name, 1])
    expect([name, waited.every((ms) => ms >= least && ms < most)]).toEqual([name, true])
    expect((await stand.record(0)).attemptLog.map(({ kind }) => kind)).toEqual(['first', 'retry'])
  })
  await Promise.all(checks)
})
