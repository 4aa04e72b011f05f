/** The variables of the log and of profiles. */
import { tmpdir } from 'node:os'
import type { Config, LogConfig, ProfileConfig } from './config.ts'
import { duration, flag, integer, type Kind, kind, oneOf, text } from './kinds.ts'
import { inGroup, type Variable } from './variable.ts'

const log = inGroup('Logs and profiles')

const share: Kind<number> = kind('must be a number from 0 to 1, such as 0.05', (value) => {
  const number = /^(\d{1,9}(\.\d{1,9})?|\.\d{1,9})$/.test(value) ? Number(value) : Number.NaN
  return number <= 1 ? number : undefined
})

/** One row each. */
export const logVariables = {
  logLevel: log(
    'LOG_LEVEL',
    oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    'info',
    'The least serious message that is logged: debug, info, warn, error or silent.',
  ),
  logFormat: log(
    'LOG_FORMAT',
    oneOf(['auto', 'json', 'pretty']),
    'auto',
    'json, pretty, or auto: pretty on a terminal and json elsewhere.',
  ),
  noColor: log('NO_COLOR', text, '', 'Any value keeps colours out of a log on a terminal.'),
  sampleRate: log(
    'LOG_SAMPLE_RATE',
    share,
    '1',
    'Share of the successful requests that is logged; failed and slow ones always are.',
  ),
  slowMs: log(
    'LOG_SLOW_MS',
    duration(),
    '0',
    'A request that takes longer is logged as a warning, with its attempts. 0 is never.',
  ),
  slowFirstTokenMs: log(
    'LOG_SLOW_FIRST_TOKEN_MS',
    duration(),
    '0',
    'So is a stream whose first content takes longer. 0 is never.',
  ),
  profileDirectory: log(
    'PROFILE_DIR',
    text,
    '',
    "Where SIGUSR2 writes profiles; the system's temporary directory when not set.",
  ),
  profileSeconds: log(
    'PROFILE_SECONDS',
    integer(1, 600),
    '10',
    'For how long SIGUSR2 records what the processor does.',
  ),
  heapSnapshot: log(
    'PROFILE_HEAP_SNAPSHOT',
    flag,
    '1',
    'Whether SIGUSR2 writes a heap snapshot too, for which a worker stands still.',
  ),
} as const

type Read = <Value>(variable: Variable<Value>) => Value

/** What is logged of requests. @param terminal whether the log goes to one. */
export function logSettings(read: Read, terminal: boolean): LogConfig {
  const isPlain = read(logVariables.noColor) !== null
  return {
    colours: terminal && !isPlain,
    sampleRate: read(logVariables.sampleRate),
    slowMs: read(logVariables.slowMs),
    slowFirstTokenMs: read(logVariables.slowFirstTokenMs),
  }
}

/** In which form the log is written. @param terminal whether it goes to one. */
export function logFormat(read: Read, terminal: boolean): Config['logFormat'] {
  const wanted = read(logVariables.logFormat)
  if (wanted !== 'auto') return wanted
  return terminal ? 'pretty' : 'json'
}

/** Where profiles go. */
export function profileSettings(read: Read): ProfileConfig {
  return {
    directory: read(logVariables.profileDirectory) ?? tmpdir(),
    seconds: read(logVariables.profileSeconds),
    heapSnapshot: read(logVariables.heapSnapshot),
  }
}
