/** One line a request, to standard output. Never content, never a key. */
import type { ErrorLevel } from '../core/errors.ts'
import type { Exchange } from './exchange.ts'
import { finishedOf } from './finish.ts'
import type { FinishedRequest } from './finished.ts'
import { prettyWriter } from './log-pretty.ts'
import { type RequestLogSettings, requestFields, verdictOf } from './log-request.ts'
import { Redactor } from './redact.ts'

const levels = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const

/** How much is written, and in which form. */
export interface LogSettings extends Partial<RequestLogSettings> {
  readonly level: keyof typeof levels
  readonly format: 'json' | 'pretty'
  readonly worker: number
  /** Whether the pretty form may use colours. */
  readonly colours?: boolean
  /** Takes out what may not be written; without one, only shapes of keys are known. */
  readonly redactor?: Redactor
}

/** The log of a worker. */
export interface Log {
  /** The line of a finished request. @param finished what is kept of it, where that is there. */
  request(exchange: Exchange, finished?: FinishedRequest): void
  /** Any other line; `fields` are numbers and short strings. */
  line(level: ErrorLevel, message: string, fields?: Record<string, unknown>): void
  /** Resolves when nothing waits to be written; not there where nothing ever waits. */
  flush?(): Promise<void>
  /** Lines that were lost since the start; not there where none can be. */
  lostLines?(): number
}

/**
 * Lines are below what a pipe takes as a whole, so that those of several workers cannot be mixed.
 * The system's least is 512, and what Linux has is 4096.
 */
const LINE_BYTES_MAX = 4000

/** Of a name in a request's line; that of a system's message and of a stack in any other. */
const NAME_CHARACTERS_MAX = 200
const TEXT_CHARACTERS_MAX = 1000

/** How many attempts are told one by one, and how long names are, where a line is too long. */
const requestBounds = [
  { triedMax: 12, nameMax: NAME_CHARACTERS_MAX },
  { triedMax: 4, nameMax: 40 },
] as const

/** Makes the log; `write` gets whole lines with their line feed. */
export function createLog(settings: LogSettings, write: (line: string) => void): Log {
  const { redactor = new Redactor(), format, worker } = settings
  const judged = { sampleRate: 1, slowMs: 0, slowFirstTokenMs: 0, ...settings }
  const pretty = format === 'pretty' ? prettyWriter(settings.colours === true) : null
  const enabled = (level: ErrorLevel): boolean => levels[level] >= levels[settings.level]
  const json = (at: Date, level: ErrorLevel, message: string, fields: object): string =>
    JSON.stringify({ time: at.toISOString(), level, message, worker, ...fields })

  return {
    line(level, message, fields = {}) {
      if (!enabled(level)) return
      const at = new Date()
      const text = firstThatFits([TEXT_CHARACTERS_MAX, NAME_CHARACTERS_MAX, 40], (max) => {
        const clean = redactor.cleanAll(fields, max) as Record<string, unknown>
        const said = redactor.clean(message, max)
        return pretty?.line(at, level, said, clean) ?? json(at, level, said, clean)
      })
      write(`${text}\n`)
    },
    request(exchange, finished) {
      const verdict = verdictOf(exchange, judged)
      if (verdict === null || !enabled(verdict.level)) return
      const { level } = verdict
      const kept = finished ?? finishedOf(exchange)
      const at = new Date()
      const text = firstThatFits(requestBounds, ({ triedMax, nameMax }) => {
        const clean = (name: string): string => redactor.clean(name, nameMax)
        const fields = requestFields(exchange, kept, verdict, clean, triedMax)
        const { method, endpoint } = exchange
        return (
          pretty?.request(at, level, endpoint, fields) ??
          json(at, level, `${method} ${endpoint}`, fields)
        )
      })
      write(`${text}\n`)
    },
  }
}

/** The first text that is not too long for a line, of more and more narrow ones; else the last. */
function firstThatFits<Bound>(bounds: readonly Bound[], make: (bound: Bound) => string): string {
  let text = ''
  for (const bound of bounds) {
    text = make(bound)
    // A character has three bytes at most, so that short lines need no counting.
    if (text.length * 3 <= LINE_BYTES_MAX || Buffer.byteLength(text) <= LINE_BYTES_MAX) break
  }
  return text
}
