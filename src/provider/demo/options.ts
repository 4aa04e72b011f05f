/**
 * What a request to the demo provider asks for. The wishes ride in the model name, as a query,
 * because that is the one field that every SDK lets a user set:
 * `demo/stream?tokens=200&tokensPerSecond=50&fail=reset@20`.
 */
import type { DemoSettings } from '../../config/config.ts'
import { GatewayError } from '../../core/errors.ts'

/**
 * A fault in the middle of an answer, after `at` tokens; 0 is before anything was sent.
 * - `error`: the provider's own error event, then the end
 * - `reset`: the connection breaks
 * - `truncate`: a clean end without a finish reason
 * - `stall`: silence, for ever
 * - `invalid`: one event that is not JSON, then on as if nothing had happened
 */
export interface DemoFault {
  readonly kind: 'error' | 'reset' | 'truncate' | 'stall' | 'invalid'
  readonly at: number
}

/**
 * A fault of the whole answer.
 * - `empty`: status 200 and no byte of a body
 * - `html`: a page where JSON or events belong
 * - `error-body`: status 200 and JSON that is an error
 * - `no-end`: a finish reason without the end marker after it
 */
export type DemoWholeFault = 'empty' | 'html' | 'error-body' | 'no-end'

/** How one answer of the demo provider is made. */
export interface DemoOptions {
  /** Tokens of the answer, unless the request's own limit is lower. */
  readonly tokens: number
  /** 0 is as fast as the client reads. */
  readonly tokensPerSecond: number
  /** How many tokens come together, in one piece of the body but each in its own event. */
  readonly tokensPerChunk: number
  /** How long the first token takes. */
  readonly firstTokenMs: number
  /** How long the status line takes. */
  readonly headersMs: number
  /** Chooses the text; null takes the request's own `seed`, or else one made from the prompt. */
  readonly seed: number | null
  /** The HTTP status; anything but 200 is an error in place of the answer. */
  readonly status: number
  /** `retry-after` of such an error, as it is sent. */
  readonly retryAfter: string | null
  readonly fault: DemoFault | null
  readonly wholeFault: DemoWholeFault | null
}

/** A model name taken apart. */
export interface DemoModel {
  /** What stands before the query. */
  readonly name: string
  readonly options: DemoOptions
}

/** `fail=slow-headers` without a time of its own. */
const SLOW_HEADERS_MS = 60_000

type Changes = { -readonly [Key in keyof DemoOptions]?: DemoOptions[Key] }

/** Every option: reads its text, or returns null where the text is not allowed. */
const readers: Readonly<Record<string, (text: string) => Changes | null>> = {
  tokens: (text) => numeric(text, 0, 10_000_000, true, (tokens) => ({ tokens })),
  tokensPerSecond: (text) =>
    numeric(text, 0, 1_000_000, false, (tokensPerSecond) => ({ tokensPerSecond })),
  tokensPerChunk: (text) =>
    numeric(text, 1, 10_000, true, (tokensPerChunk) => ({ tokensPerChunk })),
  firstTokenMs: (text) => numeric(text, 0, 3_600_000, false, (firstTokenMs) => ({ firstTokenMs })),
  headersMs: (text) => numeric(text, 0, 3_600_000, false, (headersMs) => ({ headersMs })),
  seed: (text) => numeric(text, 0, 0xffff_ffff, true, (seed) => ({ seed })),
  status: readStatus,
  retryAfter: (text) => (/^[\w ,:.+-]{1,64}$/.test(text) ? { retryAfter: text } : null),
  fail: readFault,
}

/**
 * Takes a model name apart. What it does not say is filled in from `settings`.
 * @throws GatewayError `invalid_request` naming the option at fault.
 */
export function readModel(model: string, settings: DemoSettings): DemoModel {
  const mark = model.indexOf('?')
  const name = mark < 0 ? model : model.slice(0, mark)
  const changes: Changes = {}
  for (const [key, text] of new URLSearchParams(mark < 0 ? '' : model.slice(mark + 1))) {
    const reader = Object.hasOwn(readers, key) ? readers[key] : undefined
    if (reader === undefined) throw refused(`Unknown option '${key}' of the demo provider.`)
    const change = reader(text)
    if (change === null) throw refused(`Invalid value '${text}' for the demo option '${key}'.`)
    Object.assign(changes, change)
  }
  return { name, options: { ...defaultOptions(settings), ...changes } }
}

function defaultOptions(settings: DemoSettings): DemoOptions {
  return {
    tokens: settings.tokens,
    tokensPerSecond: settings.tokensPerSecond,
    tokensPerChunk: 1,
    firstTokenMs: 0,
    headersMs: 0,
    seed: null,
    status: 200,
    retryAfter: null,
    fault: null,
    wholeFault: null,
  }
}

function refused(message: string): GatewayError {
  return new GatewayError('invalid_request', {
    message: `${message} Options: ${Object.keys(readers).join(', ')}.`,
    param: 'model',
    providerCode: 'invalid_demo_option',
  })
}

function numeric(
  text: string,
  min: number,
  max: number,
  whole: boolean,
  change: (value: number) => Changes,
): Changes | null {
  if (!/^\d+(?:\.\d+)?$/.test(text)) return null
  const value = Number(text)
  if (value < min || value > max || (whole && !Number.isInteger(value))) return null
  return change(value)
}

function readStatus(text: string): Changes | null {
  return /^(?:[45]\d\d|30[1278])$/.test(text) ? { status: Number(text) } : null
}

function readFault(text: string): Changes | null {
  const [kind = '', at, ...rest] = text.split('@')
  if (rest.length > 0) return null
  switch (kind) {
    case 'error':
    case 'reset':
    case 'truncate':
    case 'stall':
    case 'invalid':
      return numeric(at ?? '', 0, 10_000_000, true, (tokens) => ({ fault: { kind, at: tokens } }))
    case 'empty':
    case 'html':
    case 'error-body':
    case 'no-end':
      return at === undefined ? { wholeFault: kind } : null
    case 'slow-headers':
      return at === undefined ? { headersMs: SLOW_HEADERS_MS } : (readers.headersMs?.(at) ?? null)
    default:
      return kind.startsWith('status=') && at === undefined ? readStatus(kind.slice(7)) : null
  }
}
