/** Prices and costs: the table, who overrides it, and sums that are exact. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { knownProviders } from '../../src/config/known-providers.ts'
import {
  costOf,
  createPriceOf,
  knownPrices,
  type Price,
  type PricedUsage,
  priceOf,
  usdText,
} from '../../src/config/prices.ts'

const usage = (given: Partial<PricedUsage>): PricedUsage => ({
  inputTokens: null,
  outputTokens: null,
  ...given,
})

describe('the table', () => {
  test('has prices for well-known models of several providers', () => {
    expect(priceOf('openai', 'gpt-5')).toEqual({ input: 1.25, output: 10, cachedInput: 0.125 })
    expect(priceOf('anthropic', 'claude-haiku-4-5-20251001')).toEqual({
      input: 1,
      output: 5,
      cachedInput: 0.1,
      cacheWrite: 1.25,
      cacheWriteLong: 2,
    })
    expect(priceOf('gemini', 'gemini-2.5-pro')?.long?.input).toBe(2.5)
  })
  test('knows dated versions, and takes no model for a version of another', () => {
    expect(priceOf('openai', 'gpt-5-2025-08-07')).toEqual(priceOf('openai', 'gpt-5'))
    expect(priceOf('openai', 'gpt-5-mini')?.input).toBe(0.25)
    expect(priceOf('openai', 'gpt-5-something-new')).toBeNull()
    expect(priceOf('openai', 'gpt-4o-2024-05-13')?.input).toBe(5)
    expect(priceOf('anthropic', 'claude-opus-4-5-20251101')?.input).toBe(5)
    expect(priceOf('anthropic', 'claude-opus-4-20250514')?.input).toBe(15)
  })
  test('does not know what it was not told', () => {
    expect(priceOf('openai', null)).toBeNull()
    expect(priceOf('ollama', 'llama3')).toBeNull()
    expect(priceOf('openai', '__proto__')).toBeNull()
    expect(priceOf('constructor', 'name')).toBeNull()
  })
  test('names providers that exist, and prices that can be', () => {
    const providers = new Set(['demo', ...knownProviders.map(({ name }) => name)])
    for (const [name, { input, output, ...rest }] of Object.entries(knownPrices)) {
      expect(providers).toContain(name.slice(0, name.indexOf('/')))
      expect(input).toBeGreaterThanOrEqual(0)
      expect(output).toBeGreaterThanOrEqual(0)
      if (rest.cachedInput !== undefined) expect(rest.cachedInput).toBeLessThanOrEqual(input)
      if (rest.cacheWrite !== undefined) expect(rest.cacheWrite).toBeGreaterThanOrEqual(input)
      if (rest.long !== undefined) expect(rest.long.input).toBeGreaterThan(input)
      // A price finer than a millionth of a micro-dollar a token would not be exact.
      expect(Number.isInteger(Math.round(input * 1e8) / 100)).toBe(true)
    }
    expect(Object.keys(knownPrices).length).toBeGreaterThan(100)
  })
})

describe('the operator', () => {
  const own = { 'openai/gpt-5': { input: 1, output: 2 }, 'mine/*': { input: 3, output: 4 } }
  const lookup = createPriceOf(own, new Map([['mine', 'openai']]))
  test('comes before the table, by name or by wildcard', () => {
    expect(lookup('openai', 'gpt-5')).toEqual({ input: 1, output: 2 })
    expect(lookup('mine', 'gpt-5')).toEqual({ input: 3, output: 4 })
    expect(lookup('openai', 'gpt-5-mini')?.input).toBe(0.25)
  })
  test('names a provider freely, and its prices are those of its kind', () => {
    const renamed = createPriceOf({}, new Map([['my-openai', 'openai']]))
    expect(renamed('my-openai', 'gpt-5')?.output).toBe(10)
    expect(renamed('other', 'gpt-5')).toBeNull()
  })
  test('is taken at the longest name', () => {
    const { input } = createPriceOf(
      { 'a/*': { input: 1, output: 1 }, 'a/b-*': { input: 2, output: 2 } },
      new Map(),
    )('a', 'b-c') ?? { input: 0 }
    expect(input).toBe(2)
  })
})

describe('a cost', () => {
  test('is that of the tokens, each kind by its price', () => {
    const price: Price = { input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75 }
    const counts = {
      inputTokens: 1000,
      outputTokens: 100,
      cachedInputTokens: 400,
      cacheWriteInputTokens: 200,
    }
    // 400 x 3 + 400 x 0.3 + 200 x 3.75 + 100 x 15
    expect(costOf(counts, price)).toBe(1200 + 120 + 750 + 1500)
    expect(costOf(counts, { input: 3, output: 15 })).toBe(3000 + 1500)
    // Of the 200 that were written 50 are to stay for long.
    const longer = { ...counts, cacheWriteLongInputTokens: 50 }
    expect(costOf(longer, { ...price, cacheWriteLong: 6 })).toBe(3570 + 50 * 2.25 + 0.5)
    expect(costOf(longer, price)).toBe(3570)
  })
  test('of a long request is that of long requests, for all of its tokens', () => {
    const long = { aboveInputTokens: 200_000, input: 2.5, output: 15, cachedInput: 0.25 }
    const price = { input: 1.25, output: 10, cachedInput: 0.125, long }
    expect(costOf(usage({ inputTokens: 200_000, outputTokens: 1 }), price)).toBe(250_010)
    expect(costOf(usage({ inputTokens: 200_001, outputTokens: 1 }), price)).toBe(500_018)
  })
  test('is unknown without a price, and without the counts that have one', () => {
    expect(costOf(usage({ inputTokens: 1, outputTokens: 1 }), null)).toBeNull()
    expect(costOf(usage({ inputTokens: 1 }), { input: 1, output: 1 })).toBeNull()
    expect(costOf(usage({ outputTokens: 1 }), { input: 1, output: 1 })).toBeNull()
    expect(costOf(usage({ inputTokens: 7 }), { input: 1, output: 0 })).toBe(7)
    expect(costOf(usage({}), { input: 0, output: 0 })).toBe(0)
  })
  test('is unknown where a count is none', () => {
    for (const inputTokens of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
      expect(costOf(usage({ inputTokens, outputTokens: 0 }), { input: 1, output: 1 })).toBeNull()
    }
  })
  test('is exact for every count and every price, rounded up once', () => {
    const tokens = fc.integer({ min: 0, max: 1_000_000_000 })
    const rate = fc.integer({ min: 0, max: 1_000_000_000_000 })
    const property = fc.property(
      fc.tuple(tokens, tokens, tokens, tokens),
      fc.tuple(rate, rate, rate, rate),
      ([input, cached, written, output], rates) => {
        const [inputRate, cachedRate, writtenRate, outputRate] = rates
        const price = {
          input: inputRate / 1e6,
          cachedInput: cachedRate / 1e6,
          cacheWrite: writtenRate / 1e6,
          output: outputRate / 1e6,
        }
        const hit = Math.min(cached, input)
        const wrote = Math.min(written, input - hit)
        const parts = [
          [input - hit - wrote, inputRate],
          [hit, cachedRate],
          [wrote, writtenRate],
          [output, outputRate],
        ] as const
        const exact = parts.reduce((sum, [n, each]) => sum + BigInt(n) * BigInt(each), 0n)
        const counts = {
          inputTokens: input,
          outputTokens: output,
          cachedInputTokens: cached,
          cacheWriteInputTokens: written,
        }
        expect(BigInt(costOf(counts, price) ?? -1)).toBe((exact + 999_999n) / 1_000_000n)
      },
    )
    fc.assert(property, { numRuns: 2000 })
  })
  test('never is less for more tokens', () => {
    const count = fc.integer({ min: 0, max: 1_000_000 })
    fc.assert(
      fc.property(count, count, count, (inputTokens, outputTokens, more) => {
        const price = priceOf('openai', 'gpt-5')
        const before = costOf({ inputTokens, outputTokens }, price) ?? -1
        const after = costOf({ inputTokens: inputTokens + more, outputTokens }, price) ?? -1
        expect(after).toBeGreaterThanOrEqual(before)
      }),
    )
  })
})

test('dollars are written as decimals, whatever their size', () => {
  expect([0, 1, 123, 1_000_000, 12_345_670].map(usdText)).toEqual([
    '0',
    '0.000001',
    '0.000123',
    '1',
    '12.34567',
  ])
  expect(usdText(-1)).toBe('-0.000001')
  expect(usdText(null)).toBe('unknown')
  fc.assert(
    fc.property(fc.maxSafeInteger(), (micro) => {
      const [whole = '', fraction = ''] = usdText(Math.abs(micro)).split('.')
      expect(Number(whole + fraction.padEnd(6, '0'))).toBe(Math.abs(micro))
    }),
  )
})
