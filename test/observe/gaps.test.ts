/** The gaps of one stream, against a plain list of them. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Gaps, STALL_MS } from '../../src/observe/gaps.ts'
import { Histogram, quantileOf } from '../../src/observe/histogram.ts'

/** A stream: how long after the last write each one came, and how many events were in it. */
const writes = fc.array(
  fc.record({
    afterMs: fc.oneof(
      fc.double({ min: 0.2, max: 130_000, noNaN: true }),
      fc.double({ min: 1, max: 60, noNaN: true }),
    ),
    events: fc.integer({ min: 0, max: 5 }),
  }),
  { minLength: 1, maxLength: 200 },
)

test('all gaps are counted, those of nothing between events of one write too', () => {
  fc.assert(
    fc.property(writes, (list) => {
      const gaps = new Gaps()
      const plain: number[] = []
      let nowMs = 1000
      let lastMs = 0
      for (const { afterMs, events } of list) {
        nowMs += afterMs
        for (let event = 0; event < events; event += 1) {
          gaps.seen()
          if (lastMs > 0) plain.push(nowMs - lastMs)
          lastMs = nowMs
        }
        gaps.sent(nowMs)
      }
      const histogram = new Histogram()
      // What a stream keeps of the scale ends at two minutes; longer gaps are in its last bucket.
      for (const gap of plain) histogram.record(Math.min(gap, 2 ** 17 - 1))
      const counted = { ...gaps.spread(), sum: 0, max: 0 }
      expect(counted).toEqual({ ...histogram.spread(), sum: 0, max: 0 })
      const sum = plain.reduce((before, gap) => before + gap, 0)
      expect(gaps.spread().sum).toBeCloseTo(sum, 3)
      expect(gaps.maxMs).toBe(Math.max(0, ...plain))
      expect(gaps.stalls).toBe(plain.filter((gap) => gap >= STALL_MS).length)
      expect(gaps.lastAtMs).toBe(lastMs)
    }),
  )
})

test('a stream with one event has no gap, and keeps no memory for any', () => {
  const gaps = new Gaps()
  gaps.sent(5)
  gaps.seen()
  expect(gaps.isWaiting).toBe(true)
  gaps.sent(10)
  gaps.sent(20)
  expect(gaps.isWaiting).toBe(false)
  expect(gaps.spread()).toEqual({ count: 0, sum: 0, max: 0, buckets: [] })
  expect(gaps.lastAtMs).toBe(10)
})

test('the time in which the client took nothing is no gap of the stream', () => {
  const gaps = new Gaps()
  gaps.resumed(50)
  gaps.seen()
  gaps.sent(100)
  gaps.resumed(5100)
  gaps.seen()
  gaps.sent(5140)
  expect(gaps).toMatchObject({ count: 1, maxMs: 40, stalls: 0 })
})

test('what is shorter or longer than the scale of a stream is counted all the same', () => {
  const gaps = new Gaps()
  for (const nowMs of [1, 1.0625, 200_001.0625, 600_001.0625]) {
    gaps.seen()
    gaps.sent(nowMs)
  }
  const spread = gaps.spread()
  expect(spread).toMatchObject({ count: 3, max: 400_000 })
  expect(quantileOf(spread, 0)).toBe(0)
  expect(quantileOf(spread, 1)).toBe(400_000)
})

test('a bucket counts more than two bytes hold', () => {
  const gaps = new Gaps()
  for (let event = 0; event <= 70_000; event += 1) gaps.seen()
  gaps.sent(1)
  for (let event = 1; event <= 140_000; event += 1) {
    gaps.seen()
    gaps.sent(1 + event * 2)
  }
  expect(gaps.spread().buckets.map(([, count]) => count)).toEqual([70_000, 140_000])
})
