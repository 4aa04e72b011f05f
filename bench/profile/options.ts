/** What both profiles are told on the command line. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { dialectsOf, usualWorkload, type WorkloadOptions } from './workload.ts'

/** What is profiled, for how long, and where the files go. */
export interface ProfileOptions {
  readonly workload: WorkloadOptions
  readonly seconds: number
  readonly warmUp: number
  readonly directory: string
  /** Rows of the printed list. */
  readonly rows: number
}

/** No profile may run away with the machine. */
const bounds = {
  streams: [1, 1000],
  events: [1, 100_000],
  'event-bytes': [1, 100_000],
  seconds: [1, 600],
  'warm-up': [0, 1_000_000],
  rows: [1, 1000],
} as const

/** Reads them. @throws Error with one sentence for what is wrong. */
export function profileOptions(
  words: readonly string[],
  usual: { readonly seconds: number; readonly warmUp: number },
): ProfileOptions {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...words],
    options: {
      ...{ streams: text, events: text, 'event-bytes': text, translate: text },
      ...{ seconds: text, 'warm-up': text, rows: text, out: text },
    },
  })
  const numberOf = (name: keyof typeof bounds, fallback: number): number => {
    const [least, most] = bounds[name]
    const value = Number(values[name] ?? fallback)
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new Error(`--${name} must be a whole number from ${least} to ${most}`)
  }
  const translate = values.translate ?? usualWorkload.translate
  dialectsOf(translate)
  return {
    workload: {
      translate,
      streams: numberOf('streams', usualWorkload.streams),
      events: numberOf('events', usualWorkload.events),
      eventBytes: numberOf('event-bytes', usualWorkload.eventBytes),
    },
    seconds: numberOf('seconds', usual.seconds),
    warmUp: numberOf('warm-up', usual.warmUp),
    rows: numberOf('rows', 25),
    directory: values.out ?? join(import.meta.dir, '..', 'results'),
  }
}

/** Reads those of this process, or ends it with one line that says what is wrong with them. */
export function optionsOrExit(usual: Parameters<typeof profileOptions>[1]): ProfileOptions {
  try {
    return profileOptions(process.argv.slice(2), usual)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(64)
  }
}

/** One line that says what the workload was. */
export const workloadText = (workload: WorkloadOptions): string =>
  `${workload.translate}, ${workload.streams} streams at a time, ` +
  `${workload.events} events of ${workload.eventBytes} characters`

/** The moment, as a part of a file's name. */
export const momentText = (): string => new Date().toISOString().replace(/[-:]/g, '')
