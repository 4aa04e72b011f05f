/** The verdict of the streaming benchmark fails where it should. */
import { describe, expect, test } from 'bun:test'
import { quantile, table } from '../../bench/load/statistics.ts'
import type { ChunkSizeRow } from '../../bench/streaming/chunk-sizes.ts'
import { judgePool, recommend } from '../../bench/streaming/verdict.ts'

const row = (changes: Partial<ChunkSizeRow>): ChunkSizeRow => ({
  chunkBytes: 32_768,
  pool: true,
  firstByteP50Ms: 1,
  firstByteP99Ms: 2,
  throughputMbPerSecond: 100,
  cpuMsPerMb: 3,
  streams: 1000,
  allocations: 10,
  collections: 0,
  collectionMs: 0,
  rssBytes: 0,
  heapBytes: 0,
  ...changes,
})

const pair = (on: Partial<ChunkSizeRow>, off: Partial<ChunkSizeRow> = {}): ChunkSizeRow[] => [
  row(on),
  row({ pool: false, allocations: 1000, ...off }),
]

describe('the verdict on the pool', () => {
  test('demands 99 % fewer allocations', () => {
    expect(judgePool(pair({ allocations: 10 }))).toMatchObject({
      allocationsWithPool: 10,
      allocationsWithout: 1000,
      savesAllocations: true,
    })
    expect(judgePool(pair({ allocations: 11 })).savesAllocations).toBe(false)
    expect(judgePool(pair({ allocations: 1000 })).savesAllocations).toBe(false)
  })

  test('sees a loss of throughput that costs processor time, and not one that is noise', () => {
    expect(judgePool(pair({ throughputMbPerSecond: 95 })).keepsThroughput).toBe(true)
    expect(judgePool(pair({ throughputMbPerSecond: 60 })).keepsThroughput).toBe(true)
    expect(judgePool(pair({ throughputMbPerSecond: 60, cpuMsPerMb: 5 })).keepsThroughput).toBe(
      false,
    )
  })

  test('weighs all chunk sizes alike', () => {
    const rows = [
      ...pair({ chunkBytes: 4096, throughputMbPerSecond: 50 }),
      ...pair({ chunkBytes: 8192, throughputMbPerSecond: 200 }),
    ]
    expect(judgePool(rows).throughputRatio).toBeCloseTo(1)
  })
})

describe('the recommended chunk size', () => {
  const rows = (costs: Readonly<Record<number, number>>): ChunkSizeRow[] =>
    Object.entries(costs).flatMap(([bytes, cpuMsPerMb]) =>
      pair({ chunkBytes: Number(bytes), cpuMsPerMb }, { chunkBytes: Number(bytes), cpuMsPerMb: 1 }),
    )

  test('is the default where no other is better by more than the noise', () => {
    const { chunkBytes, reason } = recommend(rows({ 4096: 2.8, 32768: 3, 65536: 2.9 }), 32_768)
    expect(chunkBytes).toBe(32_768)
    expect(reason).toContain('4096 costs 2.80 ms')
  })

  test('is the cheapest where that is better by more', () => {
    expect(recommend(rows({ 4096: 3.1, 32768: 3, 65536: 2 }), 32_768).chunkBytes).toBe(65_536)
  })

  test('needs the default among what was measured', () => {
    expect(() => recommend(rows({ 4096: 3 }), 32_768)).toThrow(RangeError)
  })
})

describe('statistics', () => {
  test('quantiles', () => {
    const sample = Array.from({ length: 100 }, (_, index) => 99 - index)
    expect([0, 0.5, 0.99, 1].map((q) => quantile(sample, q))).toEqual([0, 50, 99, 99])
    expect(quantile([], 0.5)).toBeNaN()
  })

  test('tables', () => {
    expect(
      table(
        ['a', 'bbb'],
        [
          ['long', '1'],
          ['x', '22'],
        ],
      ),
    ).toBe('a     bbb\nlong    1\nx      22')
  })
})
