/**
 * What the pool is made from. The configuration has a section of the same shape; `buffer` and
 * `config` are siblings, so neither imports the other and the composition root joins them.
 */

/** The tiers of the pool and its ceiling. */
export interface BufferPoolSettings {
  /** False gives plain allocation behind the same interface. */
  readonly enabled: boolean
  /** Sizes in bytes, strictly ascending. */
  readonly tiersBytes: readonly number[]
  /** What the pool may hold in total, in use and idle. */
  readonly bytesMax: number
  /** How long a free buffer may lie unused before it is given back; 0 is for ever. */
  readonly idleTrimMs: number
}

const KIB = 1024
const MIB = 1024 * KIB

/**
 * The documented defaults, for a pool that nobody configured: what the configuration gives when
 * no variable is set. A test holds the two equal.
 */
export const bufferPoolDefaults: BufferPoolSettings = {
  enabled: true,
  tiersBytes: [4 * KIB, 8 * KIB, 16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB],
  // 8,192 streams with the default chunk of 32 KiB each; more streams overflow to plain memory.
  bytesMax: 256 * MIB,
  idleTrimMs: 30_000,
}
