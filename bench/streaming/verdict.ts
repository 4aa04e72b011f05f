/** What the numbers of the streaming benchmark amount to. */
import type { ChunkSizeRow } from './chunk-sizes.ts'

/** The share of buffer allocations that the pool must save for repeated streams. */
export const savedShareMin = 0.99

/**
 * How much slower the pool may come out before that is called a loss. Two runs of the very same
 * program on a machine that does something else as well differ by this much.
 */
export const noiseShare = 0.1

/** What pooling does, over all chunk sizes. */
export interface PoolVerdict {
  readonly allocationsWithPool: number
  readonly allocationsWithout: number
  /** Of the allocations without the pool, the share that it saves. */
  readonly savedShare: number
  /** Throughput with the pool over throughput without it; geometric mean of the chunk sizes. */
  readonly throughputRatio: number
  /** Processor time a byte, likewise. It does not depend on what else the machine does. */
  readonly cpuRatio: number
  readonly savesAllocations: boolean
  readonly keepsThroughput: boolean
}

/** Compares the rows with the pool on with those without it. */
export function judgePool(rows: readonly ChunkSizeRow[]): PoolVerdict {
  const on = rows.filter((row) => row.pool)
  const off = rows.filter((row) => !row.pool)
  const allocations = (of: readonly ChunkSizeRow[]): number =>
    of.reduce((total, row) => total + row.allocations, 0)
  const savedShare = 1 - allocations(on) / allocations(off)
  const throughputRatio =
    geometricMean(on.map((row) => row.throughputMbPerSecond)) /
    geometricMean(off.map((row) => row.throughputMbPerSecond))
  const cpuRatio =
    geometricMean(on.map((row) => row.cpuMsPerMb)) / geometricMean(off.map((row) => row.cpuMsPerMb))
  return {
    allocationsWithPool: allocations(on),
    allocationsWithout: allocations(off),
    savedShare,
    throughputRatio,
    cpuRatio,
    savesAllocations: savedShare >= savedShareMin,
    keepsThroughput: throughputRatio >= 1 - noiseShare || cpuRatio <= 1 + noiseShare,
  }
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((total, value) => total + Math.log(value), 0) / values.length)
}

/** A setting, and why. */
export interface Recommendation {
  readonly chunkBytes: number
  readonly reason: string
}

/**
 * The chunk size in effect by default, unless another one costs less processor time by more than
 * the noise; then the cheapest.
 * @param defaultBytes must be among the rows with the pool on; throws a RangeError otherwise.
 */
export function recommend(rows: readonly ChunkSizeRow[], defaultBytes: number): Recommendation {
  const candidates = rows.filter((row) => row.pool)
  const usual = candidates.find((row) => row.chunkBytes === defaultBytes)
  if (usual === undefined) throw new RangeError(`${defaultBytes} was not measured.`)
  const cheapest = candidates.reduce((least, row) =>
    row.cpuMsPerMb < least.cpuMsPerMb ? row : least,
  )
  const cost = (row: ChunkSizeRow): string =>
    `${row.chunkBytes} costs ${row.cpuMsPerMb.toFixed(2)} ms of CPU per MB ` +
    `at a first byte p99 of ${row.firstByteP99Ms.toFixed(1)} ms`
  const percent = `${(noiseShare * 100).toFixed(0)} %`
  if (usual.cpuMsPerMb <= cheapest.cpuMsPerMb * (1 + noiseShare)) {
    const rest = cheapest === usual ? 'none is cheaper' : `the cheapest, ${cost(cheapest)}`
    return {
      chunkBytes: defaultBytes,
      reason: `no size is more than ${percent} cheaper than the default: ${cost(usual)}; ${rest}`,
    }
  }
  return {
    chunkBytes: cheapest.chunkBytes,
    reason: `more than ${percent} cheaper than the default: ${cost(cheapest)}; ${cost(usual)}`,
  }
}
