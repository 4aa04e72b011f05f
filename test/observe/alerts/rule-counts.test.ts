/** What a worker counts for each kind of rule, and what becomes of it over all workers. */
import { expect, test } from 'bun:test'
import type { AlertRule } from '../../../src/config/alert-rules.ts'
import { readingOf } from '../../../src/observe/alerts/reading.ts'
import { RuleCounts } from '../../../src/observe/alerts/rule-counts.ts'
import type { FinishedRequest } from '../../../src/observe/finished.ts'
import { bucketOf, emptySpread } from '../../../src/observe/histogram.ts'
import { attemptOf, finishedOf, partOf, ruleOf } from './rules.ts'

const now = 1_700_000_000_000
const quiet = { openBreakers: [], gates: [] }
const keyIdOf = (name: string): string => (name === 'team-a' ? 'key_a' : name)

/** What one worker measures of a rule after these requests. */
function measured(rule: AlertRule, requests: readonly FinishedRequest[], moment = quiet) {
  const counts = new RuleCounts(keyIdOf)
  counts.obey([rule], now)
  for (const finished of requests) counts.record(finished, emptySpread, now)
  return readingOf(rule, Object.values(counts.parts(moment, now)))
}

const failed = (rest: Partial<FinishedRequest> = {}) =>
  finishedOf({ errorCode: 'upstream_error', status: 500, ...rest })

test('the share of failures is that of faults of ours and of providers', () => {
  const callers = finishedOf({ errorCode: 'invalid_request', status: 400 })
  expect(measured(ruleOf(), [failed(), finishedOf(), callers, finishedOf()]).value).toBe(0.25)
  expect(measured(ruleOf(), []).value).toBeNull()
  expect(measured(ruleOf({ minimumRequests: 3 }), [failed(), failed()]).value).toBeNull()
  expect(measured(ruleOf({ minimumRequests: 3 }), [failed(), failed()]).isCertain).toBe(false)
})

test('a provider fails with each of its attempts, whoever stood in for it', () => {
  const rule = ruleOf({ provider: 'openai' })
  const broken = attemptOf({ outcome: 'upstream_reset', status: null })
  const other = attemptOf({ target: 'anthropic/y' })
  const rescued = finishedOf({ provider: 'anthropic', attempts: [broken, broken, other] })
  expect(measured(rule, [rescued, finishedOf()])).toMatchObject({ value: 2 / 3, requests: 3 })
  const outrun = finishedOf({ attempts: [attemptOf({ outcome: 'outrun' }), attemptOf()] })
  expect(measured(rule, [outrun])).toMatchObject({ value: 0, requests: 1 })
  const refused = attemptOf({ outcome: 'upstream_error', status: 400 })
  expect(measured(rule, [finishedOf({ attempts: [refused] })]).value).toBe(0)
  const cut = failed({ errorCode: 'upstream_reset', attempts: [attemptOf()] })
  expect(measured(rule, [cut]).value).toBe(1)
  expect(measured(ruleOf({ provider: 'open' }), [cut]).requests).toBe(0)
})

test('a rule of a route, of a key by its name, or of both', () => {
  const requests = [
    failed({ route: 'smart', keyId: 'key_a' }),
    finishedOf({ route: 'smart', keyId: 'key_b' }),
    finishedOf({ route: null, keyId: 'key_a' }),
  ]
  expect(measured(ruleOf({ route: 'smart' }), requests)).toMatchObject({ value: 0.5, requests: 2 })
  expect(measured(ruleOf({ key: 'team-a' }), requests)).toMatchObject({ value: 0.5, requests: 2 })
  expect(measured(ruleOf({ key: 'key_b' }), requests)).toMatchObject({ value: 0, requests: 1 })
  expect(measured(ruleOf({ key: 'team-a', route: 'smart' }), requests).requests).toBe(1)
})

test('times are those of the requests that have them', () => {
  const times = [100, 200, 300, null].map((firstContentMs) => finishedOf({ firstContentMs }))
  const first = measured(ruleOf({ metric: 'firstTokenP95Ms' }), times)
  expect(first.requests).toBe(3)
  expect(first.value).toBeWithin(280, 301)
  const waits = measured(
    ruleOf({ metric: 'queueWaitP95Ms' }),
    [5, 5, 5000].map((queueWaitMs) => finishedOf({ queueWaitMs })),
  )
  expect(waits.value).toBeWithin(4000, 5001)
})

test('gaps are all gaps of all streams', () => {
  const rule = ruleOf({ metric: 'gapP99Ms' })
  const counts = new RuleCounts(keyIdOf)
  counts.obey([rule], now)
  const gaps = { count: 10, sum: 100, max: 11, buckets: [[bucketOf(10), 10] as const] }
  counts.record(finishedOf(), gaps, now)
  counts.record(finishedOf({ gapMaxMs: null }), emptySpread, now)
  const reading = readingOf(rule, Object.values(counts.parts(quiet, now)))
  expect(reading.requests).toBe(1)
  expect(reading.value).toBeWithin(9, 11.1)
})

test('the spend is a sum, and needs no number of requests', () => {
  const rule = ruleOf({ metric: 'spendUsd', minimumRequests: 100 })
  const costs = [1_500_000, 250_000, null].map((costMicroUsd) => finishedOf({ costMicroUsd }))
  expect(measured(rule, costs)).toMatchObject({ value: 1.75, isCertain: true })
})

test('open breakers are counted once, however many workers opened them', () => {
  const rule = ruleOf({ metric: 'breakerOpen', provider: 'openai' })
  const openBreakers = ['openai/x', 'openai/y', 'anthropic/z']
  const counts = new RuleCounts(keyIdOf)
  counts.obey([rule], now)
  const parts = Object.values(counts.parts({ ...quiet, openBreakers }, now))
  expect(readingOf(rule, [...parts, ...parts]).value).toBe(2)
})

test('who waits at several gates waits once; workers are added up', () => {
  const rule = ruleOf({ metric: 'queueWaiting' })
  const gates = [
    { name: 'openai', waiting: 3 },
    { name: 'anthropic/z', waiting: 2 },
  ]
  const counts = new RuleCounts(keyIdOf)
  counts.obey([rule], now)
  const parts = Object.values(counts.parts({ ...quiet, gates }, now))
  expect(readingOf(rule, [...parts, ...parts]).value).toBe(6)
  const own = ruleOf({ metric: 'queueWaiting', provider: 'anthropic' })
  counts.obey([own], now)
  expect(readingOf(own, Object.values(counts.parts({ ...quiet, gates }, now))).value).toBe(2)
})

test('buffers beside the pool are those since the rule is there', () => {
  const rule = ruleOf({ metric: 'poolOverflow' })
  const counts = new RuleCounts(keyIdOf)
  counts.obey([rule], now)
  const value = () => readingOf(rule, Object.values(counts.parts(quiet, now))).value
  counts.overflow(7, now)
  expect(value()).toBe(0)
  counts.overflow(9, now)
  counts.overflow(10, now)
  expect(value()).toBe(3)
})

test('rules that measure the same go on at a reload, others begin anew', () => {
  const [same, other] = [ruleOf({ name: 'same' }), ruleOf({ name: 'other' })]
  const counts = new RuleCounts(keyIdOf)
  counts.obey([same, other], now)
  counts.record(failed(), emptySpread, now)
  counts.obey(
    [
      { ...same, above: 0.9 },
      { ...other, windowSeconds: 90 },
    ],
    now,
  )
  const parts = counts.parts(quiet, now)
  expect([parts.same?.requests, parts.other?.requests]).toEqual([1, 0])
})

test('a successor knows what was counted before it, by what is measured', () => {
  const [before, after] = [new RuleCounts(keyIdOf), new RuleCounts(keyIdOf)]
  before.obey([ruleOf({ name: 'old-name' })], now - 50_000)
  before.record(failed(), emptySpread, now - 10_000)
  after.obey([ruleOf({ name: 'new-name' })], now - 1000)
  after.record(finishedOf(), emptySpread, now)
  after.take(JSON.parse(JSON.stringify(before.kept(now))), now)
  const part = after.parts(quiet, now)['new-name']
  expect(part).toMatchObject({ requests: 2, sum: 1, coveredMs: 50_000 })
})

test('nothing measured is certain only when the whole window was seen', () => {
  const rule = ruleOf({ windowSeconds: 60 })
  const seen = (coveredMs: number) => readingOf(rule, [partOf({ coveredMs })]).isCertain
  expect([seen(59_000), seen(60_000)]).toEqual([false, true])
  expect(readingOf(rule, [partOf({ coveredMs: 5, requests: 1, sum: 1 })]).isCertain).toBe(true)
})
