/** Lines for people: what one reads first stands first, and what is not there takes no place. */
import { styleText } from 'node:util'
import type { ErrorLevel } from '../core/errors.ts'
import type { RequestFields } from './log-request.ts'

/** Gives a text a colour, or leaves it as it is. */
type Paint = (text: string, ...styles: Parameters<typeof styleText>[0][]) => string

const painted: Paint = (text, ...styles) =>
  styles.reduce<string>((all, style) => styleText(style, all, { validateStream: false }), text)
const plain: Paint = (text) => text

const levelStyles = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const

/** Writes lines; the texts in their fields must be clean. */
export interface PrettyWriter {
  line(at: Date, level: ErrorLevel, message: string, fields: Record<string, unknown>): string
  request(at: Date, level: ErrorLevel, endpoint: string, fields: RequestFields): string
}

/** Makes one. @param colours whether a terminal reads it */
export function prettyWriter(colours: boolean): PrettyWriter {
  const paint = colours ? painted : plain
  const head = (at: Date, level: ErrorLevel): string => {
    const time = at.toISOString().slice(11, 23)
    return `${paint(time, 'dim')} ${paint(level.padEnd(5), levelStyles[level])}`
  }
  return {
    line(at, level, message, fields) {
      const rest = Object.entries(fields)
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => `${paint(`${name}=`, 'dim')}${textOf(value)}`)
      return [head(at, level), message, ...rest].join(' ')
    },
    request(at, level, endpoint, fields) {
      return [head(at, level), statusOf(fields, paint), endpoint, ...partsOf(fields, paint)]
        .filter((part) => part !== null)
        .join('  ')
        .replace('  ', ' ')
    },
  }
}

const textOf = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value)

function statusOf({ status, error }: RequestFields, paint: Paint): string {
  const isFine = status < 400 && error === null
  return paint(String(status), isFine ? 'green' : status < 500 ? 'yellow' : 'red')
}

function partsOf(fields: RequestFields, paint: Paint): (string | null)[] {
  const { provider, model, route, end, error, cause, key, id } = fields
  const target = provider === null ? null : `${provider}/${model ?? '-'}`
  const label = (name: string, text: string | null): string | null =>
    text === null ? null : `${paint(name, 'dim')} ${text}`
  const fault = error === null ? null : `${error}${cause === null ? '' : ` (${cause})`}`
  return [
    target === null ? null : paint(target, 'cyan'),
    label('route', route),
    ...speedOf(fields, label),
    ...usageOf(fields, label),
    duration(fields.durationMs),
    fault === null ? end : paint(fault, 'bold'),
    fields.slow === true ? paint('slow', 'yellow', 'bold') : null,
    fields.recovery === null ? null : paint(`recovered by ${fields.recovery}`, 'yellow'),
    label('dropped', countOf(fields.dropped)),
    label('key', key),
    label('sample', fields.sampleRate === undefined ? null : `${fields.sampleRate}`),
    paint(id, 'dim'),
    label('tried', triedOf(fields, paint)),
  ]
}

type Label = (name: string, text: string | null) => string | null

function speedOf(fields: RequestFields, label: Label): (string | null)[] {
  const { gapP50Ms, gapP99Ms, gapMaxMs, tokensPerSecond } = fields
  const gaps =
    gapP50Ms === null || gapP99Ms === null
      ? null
      : `${rounded(gapP50Ms)}/${rounded(gapP99Ms)}/${duration(gapMaxMs)}`
  return [
    label('queued', fields.queueWaitMs === null ? null : duration(fields.queueWaitMs)),
    label('first', fields.firstContentMs === null ? null : duration(fields.firstContentMs)),
    label('gaps', gaps),
    label('stalls', countOf(fields.stalls)),
    label('blocked', fields.backpressureMs === null ? null : duration(fields.backpressureMs)),
    tokensPerSecond === null ? null : `${tokensPerSecond} tok/s`,
  ]
}

function usageOf(fields: RequestFields, label: Label): (string | null)[] {
  const { inputTokens, outputTokens, costUsd, attempts } = fields
  const hasTokens = inputTokens !== null || outputTokens !== null
  const tokens = hasTokens ? `${inputTokens ?? '?'}+${outputTokens ?? '?'}` : null
  const cost = costUsd === null || attempts === 0 ? null : money(costUsd)
  return [label('tokens', tokens), cost]
}

function triedOf({ tried }: RequestFields, paint: Paint): string | null {
  if (tried === undefined) return null
  return tried
    .map(({ target, kind, outcome, status, startedMs, answeredMs, endedMs }) => {
      const result = outcome === 'answered' ? paint(outcome, 'green') : paint(`${outcome}`, 'red')
      const code = status === null ? '' : ` ${status}`
      const end = answeredMs ?? endedMs
      const times = `${duration(startedMs)} to ${end === null ? '?' : duration(end)}`
      return `${kind} ${target} ${result}${code} ${times}`
    })
    .join(', ')
}

const countOf = (count: number | null): string | null => (count === null ? null : `${count}`)

const rounded = (ms: number): string => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0))

function duration(ms: number | null): string {
  if (ms === null) return '?'
  return ms < 1000 ? `${rounded(ms)}ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)}s`
}

const money = (usd: number): string => (usd === 0 ? '$0' : `$${usd.toFixed(usd < 0.01 ? 6 : 4)}`)
