/** Within which bounds each of `StreamSettings` lies, wherever it is set. */
import type { StreamSettings } from './config.ts'
import { delayMsMax, kibibyte, mebibyte } from './kinds.ts'

/** Whole numbers from `min` to `max`. */
export interface Bounds {
  readonly unit: 'bytes' | 'ms'
  readonly min: number
  readonly max: number
}

const time: Bounds = { unit: 'ms', min: 0, max: delayMsMax }
const chunk: Bounds = { unit: 'bytes', min: kibibyte, max: mebibyte }
const held: Bounds = { unit: 'bytes', min: kibibyte, max: 64 * mebibyte }

/** The bounds by the name of the setting. */
export const streamBounds: Readonly<Record<keyof StreamSettings, Bounds>> = {
  requestChunkBytes: chunk,
  responseChunkBytes: chunk,
  heartbeatIntervalMs: time,
  headersTimeoutMs: time,
  firstTokenTimeoutMs: time,
  idleTimeoutMs: time,
  totalTimeoutMs: time,
  clientStallTimeoutMs: time,
  eventBytesMax: held,
  bufferedBytesMax: held,
  flushIntervalMs: time,
  holdMs: time,
  holdBytes: { unit: 'bytes', min: 0, max: mebibyte },
}
