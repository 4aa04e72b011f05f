/** Whether a heap grows with the work that is done, or only breathes. */
import { median } from '../load/statistics.ts'

/** What the readings of a heap say, each after the same work and a full collection. */
export interface GrowthVerdict {
  readonly grows: boolean
  /** Of one round: the median of the slopes between all pairs of rounds, which no outlier bends. */
  readonly bytesPerRound: number
  /** From the middle of the first third of the rounds to that of the last. */
  readonly grownBytes: number
  /** Of all pairs of rounds, those in which the later one held more. */
  readonly risingShare: number
}

/**
 * What is less is the runtime's own, such as code that was compiled meanwhile and is given up
 * again, and the sums over time that the program keeps, which are full after a day.
 */
const NOISE_BYTES = 1024 * 1024
const NOISE_SHARE = 0.05

/** A heap that only breathes goes up as often as down. */
const RISING_SHARE = 0.75

/** Judges the readings, in bytes, in their order; at least three. */
export function growthOf(readings: readonly number[]): GrowthVerdict {
  const slopes = readings.flatMap((one, first) =>
    readings.slice(first + 1).map((other, distance) => (other - one) / (distance + 1)),
  )
  const third = Math.max(1, Math.floor(readings.length / 3))
  const start = median(readings.slice(0, third))
  const grownBytes = median(readings.slice(-third)) - start
  const risingShare = slopes.filter((slope) => slope > 0).length / Math.max(1, slopes.length)
  const isMuch = grownBytes > Math.max(NOISE_BYTES, start * NOISE_SHARE)
  const grows = isMuch && risingShare >= RISING_SHARE
  return { grows, bytesPerRound: median(slopes), grownBytes, risingShare }
}
