/** Distributions: how exact they are, and that they add up. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  addSpreads,
  BUCKETS,
  bucketOf,
  emptySpread,
  Histogram,
  lowerBoundOf,
  meanOf,
  quantileOf,
} from '../../src/observe/histogram.ts'
import { exactQuantile } from './quantile.ts'

/** Values of the scale, of all orders alike. */
const value = fc.double({ min: -6.9, max: 21.9, noNaN: true }).map((power) => 2 ** power)
const values = fc.array(value, { minLength: 1, maxLength: 300 })

function histogramOf(list: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const each of list) histogram.record(each)
  return histogram
}

describe('the scale', () => {
  test('has each value in the bucket whose bounds are around it', () => {
    fc.assert(
      fc.property(value, (each) => {
        const index = bucketOf(each)
        expect(lowerBoundOf(index)).toBeLessThanOrEqual(each)
        expect(lowerBoundOf(index + 1)).toBeGreaterThan(each)
      }),
    )
  })

  test('has buckets one behind the other, each at most 3.2 % wide', () => {
    for (let index = 1; index < BUCKETS; index += 1) {
      const lower = lowerBoundOf(index)
      expect(bucketOf(lower)).toBe(index)
      expect(lowerBoundOf(index + 1) / lower).toBeLessThan(1.032)
    }
  })

  test.each([
    [0, 0],
    [-1, 0],
    [Number.NaN, 0],
    [2 ** -7.01, 0],
    [2 ** -7, 1],
    [2 ** 22, BUCKETS - 1],
    [Number.POSITIVE_INFINITY, BUCKETS - 1],
  ])('takes %p too', (each, index) => {
    expect(bucketOf(each)).toBe(index)
  })
})

describe('a quantile', () => {
  test('is the exact one but for 3.2 %', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, quantile) => {
        const exact = exactQuantile(list, quantile)
        const found = quantileOf(histogramOf(list).spread(), quantile) ?? Number.NaN
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.032)
      }),
    )
  })

  test('of one value is that value, and the highest is the largest', () => {
    fc.assert(
      fc.property(values, (list) => {
        expect(quantileOf(histogramOf(list.slice(0, 1)).spread(), 0.5)).toBe(list[0] ?? null)
        expect(quantileOf(histogramOf(list).spread(), 1)).toBe(Math.max(...list))
      }),
    )
  })

  test('of nothing is nothing, and so is the mean', () => {
    expect(quantileOf(emptySpread, 0.5)).toBeNull()
    expect(meanOf(emptySpread)).toBeNull()
  })

  test('of events that came together is zero', () => {
    expect(quantileOf(histogramOf([0, 0, 0, 50]).spread(), 0.5)).toBe(0)
  })
})

describe('adding', () => {
  test('is the same as counting all in one', () => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 6 }), (lists) => {
        const sum = addSpreads(lists.map((list) => histogramOf(list).spread()))
        const all = histogramOf(lists.flat()).spread()
        expect({ ...sum, sum: 0 }).toEqual({ ...all, sum: 0 })
        expect(sum.sum).toBeCloseTo(all.sum, 3)
      }),
    )
  })

  test('what was packed is the same as what was not', () => {
    fc.assert(
      fc.property(values, values, (first, second) => {
        const histogram = histogramOf(first)
        histogram.addPacked(histogramOf(second).pack())
        expect(histogram.spread()).toEqual(
          addSpreads([histogramOf(first).spread(), histogramOf(second).spread()]),
        )
      }),
    )
  })

  test('survives JSON', () => {
    const spread = histogramOf([0.2, 3, 3.01, 700]).spread()
    expect(JSON.parse(JSON.stringify(spread))).toEqual(spread)
  })

  test('begins anew when it was cleared', () => {
    const histogram = histogramOf([1, 2, 3])
    histogram.clear()
    expect(histogram.spread()).toEqual(emptySpread)
    histogram.record(4)
    expect(histogram.spread()).toEqual(histogramOf([4]).spread())
  })
})
