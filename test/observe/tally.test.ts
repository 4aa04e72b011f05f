/** Sums of requests: what is counted as what, and that they add up. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { errorTable } from '../../src/core/errors.ts'
import { isFailed } from '../../src/observe/failure.ts'
import { finishedOf } from '../../src/observe/finish.ts'
import { emptySpread } from '../../src/observe/histogram.ts'
import { addTotals, emptyTotals, Tally, unpacked } from '../../src/observe/tally.ts'
import type { Totals } from '../../src/observe/totals.ts'
import { exchangeOf, finishedWith, withAttempts } from './records.ts'

function tallyOf(...requests: Parameters<Tally['record']>[0][]): Tally {
  const tally = new Tally()
  for (const finished of requests) tally.record(finished, emptySpread)
  return tally
}

describe('a request', () => {
  test('is counted once in every sum', () => {
    const exchange = withAttempts(exchangeOf(), 'retry', 'socket', 'hedge', 'failover', 'recovery')
    const tally = new Tally()
    tally.record(finishedOf(exchange), exchange.gaps.spread())
    expect(tally.totals()).toMatchObject({
      requests: 1,
      streams: 1,
      errors: 0,
      ends: { completed: 1 },
      attempts: 6,
      retries: 2,
      hedges: 1,
      failovers: 1,
      events: 11,
      bytesIn: 2000,
      bytesOut: 2010,
      inputTokens: 7,
      outputTokens: 10,
      costMicroUsd: 12,
      requestsOfUnknownCost: 0,
      durationMs: { count: 1, max: 241 },
      firstContentMs: { count: 1, max: 41 },
      gapMs: { count: 9 },
    })
  })

  test('that was refused says nothing of our overhead, and has no cost that is known', () => {
    const totals = tallyOf(finishedWith({ attempts: [], costMicroUsd: null })).totals()
    expect(totals).toMatchObject({ requestsOfUnknownCost: 1, overheadMs: { count: 0 } })
  })
})

describe('an error', () => {
  test.each([
    ['invalid_json', 400, false],
    ['invalid_api_key', 401, false],
    ['rate_limit_exceeded', 429, false],
    ['client_gone', 499, false],
    ['client_stalled', 200, false],
    ['internal_error', 500, true],
    ['overloaded', 503, true],
    ['upstream_idle_timeout', 200, true],
    ['upstream_error', 200, true],
    ['upstream_error', 500, true],
    ['upstream_error', 429, true],
    ['upstream_error', 400, false],
    ['upstream_error', 404, false],
    ['upstream_auth_failed', 502, true],
  ] as const)('%s with status %i: a failure is %p', (errorCode, status, failed) => {
    expect(isFailed({ errorCode, status })).toBe(failed)
    expect(tallyOf(finishedWith({ errorCode, status })).totals().errors).toBe(failed ? 1 : 0)
  })

  test('of ours or the provider has a status above 499 in the table', () => {
    for (const [code, { status }] of Object.entries(errorTable)) {
      if (code.startsWith('upstream_')) expect(status).toBeGreaterThan(499)
    }
  })
})

/** Sums whose floating parts are whole, so that the order of adding is not seen in them. */
const totals = fc
  .array(
    fc.record({
      durationMs: fc.integer({ min: 0, max: 100_000 }),
      firstContentMs: fc.option(fc.integer({ min: 1, max: 5000 })),
      tokensPerSecond: fc.option(fc.integer({ min: 1, max: 500 })),
      bytesOut: fc.nat(1_000_000),
      endReason: fc.constantFrom('completed', 'client_gone', 'idle_timeout', null),
    }),
    { maxLength: 8 },
  )
  .map((list) =>
    tallyOf(...list.map((fields) => finishedWith({ ...fields, attempts: [], overheadMs: 1 }))),
  )

const added = (...list: Totals[]): Totals => addTotals(list)

describe('adding', () => {
  test('is associative and commutative, and nothing changes nothing', () => {
    fc.assert(
      fc.property(totals, totals, totals, (first, second, third) => {
        const [a, b, c] = [first.totals(), second.totals(), third.totals()]
        expect(added(added(a, b), c)).toEqual(added(a, added(b, c)))
        expect(added(a, b)).toEqual(added(b, a))
        expect(added(a, emptyTotals())).toEqual(a)
        expect(added(a, b, c)).toEqual(added(added(a, b), c))
      }),
    )
  })

  test('survives JSON and packing', () => {
    fc.assert(
      fc.property(totals, (tally) => {
        const plain = tally.totals()
        expect(JSON.parse(JSON.stringify(plain))).toEqual(plain)
        expect(unpacked(tally.pack())).toEqual(plain)
      }),
    )
  })

  test('of none is nothing', () => {
    expect(addTotals([])).toEqual(emptyTotals())
    expect(emptyTotals()).toMatchObject({ requests: 0, ends: {}, gapMs: emptySpread })
  })
})
