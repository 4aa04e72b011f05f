/** The variables of the limits of a worker: `OverloadSettings` as variables. */
import type { OverloadSettings } from './config.ts'
import { duration, gibibyte, integer, type Kind, kind, mebibyte, size, sizeText } from './kinds.ts'
import { inGroup, type Variable } from './variable.ts'

const overload = inGroup('Overload')

/** A worker that has just started needs about half of it. */
const memoryBytesMin = 128 * mebibyte
const memoryBytesMax = 1024 * gibibyte

const memory = size(memoryBytesMin, memoryBytesMax)

/** Null is `auto`: each worker finds out what the machine has. */
const memoryLimit: Kind<number | null> = kind(
  `must be auto, 0, or a size from ${sizeText(memoryBytesMin)} to ${sizeText(memoryBytesMax)}`,
  (text) => {
    if (text === 'auto') return null
    return text === '0' ? 0 : memory.safeParse(text).data
  },
)

/** One row for each of `OverloadSettings`, under the same key. */
export const overloadVariables = {
  memoryBytesMax: overload(
    'MEMORY_LIMIT_BYTES',
    memoryLimit,
    'auto',
    "Resident memory of a worker; auto is its share of 75 % of the machine's or the cgroup's. " +
      '0 is no limit.',
  ),
  eventLoopLagMaxMs: overload(
    'EVENT_LOOP_LAG_MAX_MS',
    duration(),
    '1000',
    'A worker that keeps being so late has too much to do. 0 is no limit.',
  ),
  concurrentRequestsMax: overload(
    'MAX_CONCURRENT_REQUESTS',
    integer(1, 1_000_000),
    '20000',
    'Requests under way in one worker, at most; fewer where descriptors do not suffice.',
  ),
} as const satisfies {
  readonly [Key in keyof OverloadSettings]: Variable<OverloadSettings[Key]>
}

/** Builds the settings, each value from `read`. */
export function overloadSettings(
  read: <Value>(variable: Variable<Value>) => Value,
): OverloadSettings {
  return {
    memoryBytesMax: read(overloadVariables.memoryBytesMax),
    eventLoopLagMaxMs: read(overloadVariables.eventLoopLagMaxMs),
    concurrentRequestsMax: read(overloadVariables.concurrentRequestsMax),
  }
}
