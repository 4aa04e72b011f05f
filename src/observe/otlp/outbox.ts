/** What watches over an exporter: how much waits for it, what was lost, and whether it works. */
import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import type { ErrorLevel } from '../../core/errors.ts'

/** Tells an operator. */
export type Tell = (level: ErrorLevel, message: string, fields: Record<string, unknown>) => void

/** What is sent. */
export type Signal = 'traces' | 'metrics'

/** What is wrong with a way to the collector, as an operator reads it. */
const troubles = {
  failing: 'telemetry cannot be sent',
  full: 'telemetry is lost, because there is more than can be sent',
  rejected: 'telemetry is lost, because the collector rejects a part of it',
} as const

/** The state of one exporter. It tells of changes and not of each failure. */
export class Outbox {
  readonly #signal: Signal
  readonly #tell: Tell
  #trouble: keyof typeof troubles | null = null
  /** Something was lost since the last export that went well. */
  #isLosing = false
  #lostInTrouble = 0
  #lost = 0
  #sent = 0

  constructor(signal: Signal, tell: Tell) {
    this.#signal = signal
    this.#tell = tell
  }

  /** Items that the collector took. */
  get sent(): number {
    return this.#sent
  }

  /** Items that it did not take, or that there was no room for. */
  get lost(): number {
    return this.#lost
  }

  /** Items found no room. */
  full(items: number): void {
    this.#lose(items)
    this.#isLosing = true
    this.#enter('full', null)
  }

  /** The collector took an export, but not all that was in it. */
  rejected(items: number): void {
    this.#sent -= items
    this.#lose(items)
    this.#isLosing = true
    this.#enter('rejected', null)
  }

  /** Wraps what is called at the end of an export of so many items. */
  watching(items: number, done: (result: ExportResult) => void): (result: ExportResult) => void {
    return (result) => {
      if (result.code === ExportResultCode.SUCCESS) this.#succeeded(items)
      else this.#failed(items, result.error)
      done(result)
    }
  }

  #succeeded(items: number): void {
    this.#sent += items
    const isOver = !this.#isLosing || this.#trouble === 'failing'
    this.#isLosing = false
    if (this.#trouble === null || !isOver) return
    this.#trouble = null
    this.#say('info', 'telemetry is sent again', {})
    this.#lostInTrouble = 0
  }

  #failed(items: number, error: Error | undefined): void {
    this.#lose(items)
    this.#enter('failing', causeOf(error))
  }

  #enter(trouble: keyof typeof troubles, cause: string | number | null): void {
    if (this.#trouble !== null) return
    this.#trouble = trouble
    this.#say('warn', troubles[trouble], { cause })
  }

  #lose(items: number): void {
    this.#lost += items
    this.#lostInTrouble += items
  }

  #say(level: ErrorLevel, message: string, fields: Record<string, unknown>): void {
    this.#tell(level, message, { signal: this.#signal, lost: this.#lostInTrouble, ...fields })
  }
}

/** The system's code or the status; a message could be the collector's own text. */
function causeOf(error: Error | undefined): string | number {
  if (error === undefined) return 'unknown'
  if ('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')) {
    return error.code
  }
  return causes.get(error.message) ?? error.name
}

/** What the exporter says where there is no code. */
const causes: ReadonlyMap<string, string> = new Map([
  ['Request timed out', 'timeout'],
  ['Export failed with retryable status', 'unavailable'],
  ['Concurrent export limit reached', 'too slow'],
])
