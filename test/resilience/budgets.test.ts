import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { backoffMs } from '../../src/resilience/backoff.ts'
import { HedgeBudget, RetryBudget } from '../../src/resilience/budgets.ts'
import { Standings } from '../../src/resilience/standings.ts'

const settings = { retryBudgetPercent: 20, retryBudgetMin: 3 }

test('three retries are always allowed, and twenty percent of what is under way', () => {
  const budget = new RetryBudget(settings)
  const few = [budget.take('a'), budget.take('a'), budget.take('a')]
  expect(few).not.toContain(null)
  expect(budget.take('a')).toBeNull()
  expect(budget.take('b')).not.toBeNull()
  for (const give of few) give?.()

  const requests = Array.from({ length: 100 }, () => budget.enter('a'))
  const taken = Array.from({ length: 30 }, () => budget.take('a')).filter((each) => each !== null)
  expect(taken).toHaveLength(20)
  for (const give of [...requests, ...taken]) give()
})

test('giving back twice gives back once', () => {
  const budget = new RetryBudget({ retryBudgetPercent: 0, retryBudgetMin: 1 })
  const first = budget.take('a')
  first?.()
  first?.()
  expect(budget.take('a')).not.toBeNull()
  expect(budget.take('a')).toBeNull()
})

test('a hedge is in hand, then one for every twenty requests, and ten can be saved', () => {
  const budget = new HedgeBudget(5)
  expect([budget.take(), budget.take()]).toEqual([true, false])
  for (let index = 0; index < 19; index += 1) budget.earn()
  expect(budget.take()).toBe(false)
  budget.earn()
  expect([budget.take(), budget.take()]).toEqual([true, false])
  for (let index = 0; index < 100_000; index += 1) budget.earn()
  const saved = Array.from({ length: 20 }, () => budget.take()).filter(Boolean)
  expect(saved).toHaveLength(10)
})

test('a backoff is a part of a bound that doubles and has an end', () => {
  const limits = { retryBaseMs: 250, retryMaxMs: 4000 }
  expect([1, 2, 3, 4, 5, 6, 60].map((retry) => backoffMs(retry, limits, 1))).toEqual([
    250, 500, 1000, 2000, 4000, 4000, 4000,
  ])
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 99 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (retry, dice) => {
        const waitMs = backoffMs(retry, limits, dice)
        expect(waitMs).toBeGreaterThanOrEqual(0)
        expect(waitMs).toBeLessThanOrEqual(4000)
      },
    ),
  )
})

test('a percentile is told only when twenty first tokens are known', () => {
  const standing = new Standings().of('a')
  for (let ms = 1; ms <= 19; ms += 1) standing.sample(ms)
  expect([standing.firstTokenP95Ms, standing.firstTokenMs]).toEqual([null, expect.any(Number)])
  for (let ms = 20; ms <= 100; ms += 1) standing.sample(ms)
  expect(standing.firstTokenP95Ms).toBe(95)
  for (let index = 0; index < 500; index += 1) standing.sample(7)
  expect(standing.firstTokenP95Ms).toBe(7)
  expect(standing.firstTokenMs).toBeCloseTo(7)
})

test('targets that are in use are not forgotten', () => {
  const standings = new Standings()
  standings.of('kept').inFlight = 1
  for (let index = 0; index < 5000; index += 1) standings.of(`a/${index}`)
  expect(standings.of('kept').inFlight).toBe(1)
  expect(standings.inFlight).toBe(1)
})
