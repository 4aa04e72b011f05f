import { describe, expect, test } from 'bun:test'
import { estimateOf } from '../../src/admission/estimate.ts'
import { type Demand, type Place, Quota, type Used } from '../../src/admission/quota.ts'
import { budgetWindows } from '../../src/admission/windows.ts'
import type { KeyBudget, KeyLimits } from '../../src/config/client-key.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { MemoryStore } from '../../src/store/memory.ts'

const none: KeyLimits = { requestsPerMinute: null, tokensPerMinute: null, concurrentStreams: null }
const noBudget: KeyBudget = { dailyUsd: null, monthlyUsd: null }
const used: Used = { inputTokens: 10, outputTokens: 20, costMicroUsd: 300, hasReached: true }
const unused: Used = {
  inputTokens: null,
  outputTokens: null,
  costMicroUsd: null,
  hasReached: false,
}

function stand(limits: Partial<KeyLimits> = {}, budget: Partial<KeyBudget> = {}) {
  const store = new MemoryStore()
  const quota = new Quota(store)
  let id = 0
  const demand = (changes: Partial<Demand> = {}): Demand => ({
    key: { id: 'key_a', limits: { ...none, ...limits }, budget: { ...noBudget, ...budget } },
    model: null,
    provider: null,
    id: `request-${id++}`,
    estimate: () => ({ inputTokens: 50, outputTokens: 50, costMicroUsd: 1_000_000 }),
    ...changes,
  })
  const take = async (changes?: Partial<Demand>) => quota.take(demand(changes))
  const codeOf = (changes?: Partial<Demand>): Promise<string> =>
    take(changes).then(
      () => 'taken',
      (error: GatewayError) => error.code,
    )
  return { quota, take, codeOf }
}

/** The headers that a place tells. */
function toldBy(place: Place): Record<string, string> {
  const headers = new Headers()
  place.tell(headers)
  return Object.fromEntries(headers)
}

test('without limits nothing is asked of the store, and nothing is held', async () => {
  const { take, quota } = stand()
  const place = await take()
  expect([toldBy(place), quota.inside]).toEqual([{}, 0])
})

test('requests of a minute, and what is left of them', async () => {
  const { take, codeOf } = stand({ requestsPerMinute: 2 })
  const first = await take()
  expect(toldBy(first)).toEqual({
    'x-ratelimit-limit-requests': '2',
    'x-ratelimit-remaining-requests': '1',
    'x-ratelimit-reset-requests': '30s',
  })
  await take()
  const error = await take().catch((thrown: GatewayError) => thrown)
  expect(error).toBeInstanceOf(GatewayError)
  expect(error).toMatchObject({ code: 'rate_limit_exceeded' })
  expect((error as GatewayError).detail.retryAfterMs).toBeGreaterThan(29_000)
  first.leave(used)
  expect(await codeOf()).toBe('rate_limit_exceeded')
})

test('tokens are taken as estimated, and corrected when they were counted', async () => {
  const { take, codeOf } = stand({ tokensPerMinute: 150 })
  const place = await take()
  expect(await codeOf()).toBe('rate_limit_exceeded')
  place.leave(used)
  place.leave(used)
  const next = await take()
  expect(await codeOf()).toBe('rate_limit_exceeded')
  // One that reached nobody costs nothing.
  next.leave(unused)
  expect(await codeOf()).toBe('taken')
})

test('an answer that nobody counted costs what was estimated', async () => {
  const { take, codeOf } = stand({ tokensPerMinute: 150 })
  const place = await take()
  place.leave({ ...unused, hasReached: true })
  expect(await codeOf()).toBe('rate_limit_exceeded')
})

test('streams at once, given back once on every way', async () => {
  const { take, codeOf, quota } = stand({ concurrentStreams: 1 })
  const place = await take()
  expect([await codeOf(), quota.inside]).toEqual(['too_many_streams', 1])
  place.leave(unused)
  place.leave(unused)
  expect([quota.inside, await codeOf(), await codeOf()]).toEqual([0, 'taken', 'too_many_streams'])
})

describe('budgets', () => {
  test('a hundred at once on a budget of one admit one', async () => {
    const { codeOf } = stand({}, { dailyUsd: 1 })
    const codes = await Promise.all(Array.from({ length: 100 }, () => codeOf()))
    expect(codes.filter((code) => code === 'taken')).toHaveLength(1)
    expect(new Set(codes)).toEqual(new Set(['taken', 'budget_exceeded']))
  })

  test('what was reserved too much is there again', async () => {
    const { take, codeOf } = stand({}, { monthlyUsd: 1 })
    const place = await take()
    expect(await codeOf()).toBe('budget_exceeded')
    place.leave(used)
    const small = { inputTokens: 1, outputTokens: 1, costMicroUsd: 999_700 }
    expect(await codeOf({ estimate: () => ({ ...small, costMicroUsd: 999_701 }) })).toBe(
      'budget_exceeded',
    )
    expect(await codeOf({ estimate: () => small })).toBe('taken')
  })

  test('windows are days and months of the calendar', () => {
    const at = Date.UTC(2026, 11, 31, 23, 59)
    expect(budgetWindows('k', { dailyUsd: 1, monthlyUsd: 2.5 }, at)).toEqual([
      { key: 'budget:k:2026-12-31', max: 1_000_000, endsAtMs: Date.UTC(2027, 0, 1) },
      { key: 'budget:k:2026-12', max: 2_500_000, endsAtMs: Date.UTC(2027, 0, 1) },
    ])
  })
})

test('the limits of a model hold for all keys together; a refusal takes nothing', async () => {
  const { take, codeOf } = stand({ requestsPerMinute: 10 })
  const model = { name: 'gpt-5*', limits: { ...none, requestsPerMinute: 1 } }
  await take({ model })
  expect(await codeOf({ model })).toBe('rate_limit_exceeded')
  const place = await take()
  expect(toldBy(place)['x-ratelimit-remaining-requests']).toBe('8')
})

test('an estimate counts bytes, and believes a bound of the answer up to a point', () => {
  const of = (lengthBytes: number | null, outputTokensMax: number | null = null) =>
    estimateOf({ body: { lengthBytes }, outputTokensMax }, { input: 2, output: 1 })
  expect(of(4000)).toEqual({ inputTokens: 1000, outputTokens: 512, costMicroUsd: 2512 })
  expect(of(null, 7)).toEqual({ inputTokens: 1, outputTokens: 7, costMicroUsd: 9 })
  expect(of(0, 999_999_999).outputTokens).toBe(32_768)
  const nothing = { body: null, outputTokensMax: null }
  expect(estimateOf(nothing, null)).toMatchObject({ inputTokens: 1, costMicroUsd: null })
})
