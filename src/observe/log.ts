/** One line a request, to standard output. Never content, never a key. */
import { type ErrorLevel, errorTable } from '../core/errors.ts'
import type { Exchange } from './exchange.ts'

const levels = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const

/** How much is written, and in which form. */
export interface LogSettings {
  readonly level: keyof typeof levels
  readonly format: 'json' | 'pretty'
  readonly worker: number
}

/** The log of a worker. */
export interface Log {
  /** The line of a finished request. */
  request(exchange: Exchange): void
  /** Any other line; `fields` are numbers and short strings. */
  line(level: ErrorLevel, message: string, fields?: Record<string, unknown>): void
  /** Resolves when nothing waits to be written; not there where nothing ever waits. */
  flush?(): Promise<void>
}

/** Makes the log; `write` gets whole lines with their line feed. */
export function createLog(settings: LogSettings, write: (line: string) => void): Log {
  const enabled = (level: ErrorLevel): boolean => levels[level] >= levels[settings.level]

  const line = (level: ErrorLevel, message: string, fields: Record<string, unknown> = {}): void => {
    if (!enabled(level)) return
    const time = new Date().toISOString()
    if (settings.format === 'json') {
      const text = JSON.stringify({ time, level, message, worker: settings.worker, ...fields })
      write(`${text.replace(unescaped, escaped)}\n`)
      return
    }
    const rest = Object.entries(fields)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => `${name}=${typeof value === 'string' ? value : String(value)}`)
      .join(' ')
    write(`${time.slice(11, 23)} ${level.padEnd(5)} ${printable(message)} ${printable(rest)}\n`)
  }

  return {
    line,
    request(exchange) {
      const level = exchange.errorCode === null ? 'info' : errorTable[exchange.errorCode].level
      if (!enabled(level)) return
      line(level, `${exchange.method} ${exchange.endpoint}`, requestFields(exchange))
    },
  }
}

function requestFields(exchange: Exchange): Record<string, unknown> {
  const since = (atMs: number): number | null =>
    atMs === 0 ? null : Math.round((atMs - exchange.startedAtMs) * 10) / 10
  return {
    id: exchange.id,
    status: exchange.status,
    end: exchange.endReason,
    error: exchange.errorCode,
    cause: exchange.errorCause,
    provider: exchange.provider,
    model: exchange.upstreamModel,
    stream: exchange.streaming,
    attempts: exchange.attempts,
    recovery: exchange.recovery,
    divergedAt: exchange.divergedAt,
    queueWaitMs: Math.round(exchange.queueWaitMs * 10) / 10 || null,
    headersMs: since(exchange.headersAtMs),
    firstContentMs: since(exchange.firstContentAtMs),
    durationMs: since(exchange.endedAtMs),
    gapMaxMs: Math.round(exchange.gapMaxMs),
    bytesIn: exchange.bytesIn,
    bytesOut: exchange.bytesOut,
    events: exchange.events,
    dropped: exchange.droppedEvents || null,
    heartbeats: exchange.heartbeats || null,
    backpressureMs: Math.round(exchange.backpressureMs) || null,
    inputTokens: exchange.inputTokens,
    outputTokens: exchange.outputTokens,
    finish: exchange.finishReason,
    costUsd: inUsd(exchange.costMicroUsd),
    ...(exchange.otherCostMicroUsd !== null && {
      otherCostUsd: inUsd(exchange.otherCostMicroUsd),
    }),
  }
}

const inUsd = (microUsd: number | null): number | null =>
  microUsd === null ? null : microUsd / 1_000_000

/**
 * What JSON lets stand as it is, though terminals obey it (the second set of control characters) or
 * readers take it for a line end.
 */
const unescaped = /[\u007f-\u009f\u2028\u2029]/g

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Without control characters: a name in a log line must not be able to start another line. */
const printable = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?')
