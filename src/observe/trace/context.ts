/**
 * The place of a request in a trace, as W3C Trace Context says it (Recommendation, level 1, and
 * the random flag of level 2). Read strictly: a header that breaks the rules is no header.
 */

/** Which trace a request belongs to, and where in it. Ids are lower-case hexadecimal. */
export interface TraceContext {
  /** 32 digits. */
  readonly traceId: string
  /** 16 digits: the span of this request here. */
  readonly spanId: string
  /** The caller's span; null where the trace begins here. */
  readonly parentSpanId: string | null
  /** Whether the spans of the trace are kept. */
  readonly isSampled: boolean
  /** Whether the trace's id is known to be random; passed on as the caller said it. */
  readonly isRandom: boolean
  /** What other tracing systems said of the trace, as they wrote it; empty where nothing. */
  readonly state: string
  /** Whether providers are told of it. */
  readonly tellsProviders: boolean
}

/** What a caller says of its trace. */
export type CallerContext = Pick<TraceContext, 'traceId' | 'isSampled' | 'isRandom' | 'state'> & {
  readonly parentSpanId: string
}

const SAMPLED = 1
const RANDOM = 2

/** Version, trace, span, flags; what a later version has behind them begins with a dash. */
const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

const zeroTrace = '0'.repeat(32)
const zeroSpan = '0'.repeat(16)

/** What the caller says, or null where it says nothing or not by the rules. */
export function readTraceContext(headers: Headers): CallerContext | null {
  const header = headers.get('traceparent')
  if (header === null) return null
  const match = pattern.exec(header.trim())
  if (match === null) return null
  const [, version = '', traceId = '', parentSpanId = '', flagText = '', rest] = match
  const isOurVersion = version === '00'
  if (version === 'ff' || (isOurVersion && rest !== undefined)) return null
  if (traceId === zeroTrace || parentSpanId === zeroSpan) return null
  const flags = Number.parseInt(flagText, 16)
  return {
    traceId,
    parentSpanId,
    isSampled: (flags & SAMPLED) !== 0,
    isRandom: (flags & RANDOM) !== 0,
    state: readState(headers.get('tracestate')),
  }
}

/** `traceparent` for a request that `spanId` makes. */
export function traceparentOf(
  { traceId, isSampled, isRandom }: Pick<TraceContext, 'traceId' | 'isSampled' | 'isRandom'>,
  spanId: string,
): string {
  const flags = (isSampled ? SAMPLED : 0) | (isRandom ? RANDOM : 0)
  return `00-${traceId}-${spanId}-0${flags}`
}

/** Puts the attempt of `spanId` into the headers of a call to a provider. */
export function tellTrace(headers: Headers, trace: TraceContext | null, spanId: string): void {
  if (trace === null || !trace.tellsProviders) return
  headers.set('traceparent', traceparentOf(trace, spanId))
  if (trace.state !== '') headers.set('tracestate', trace.state)
}

/** So many members are allowed, and so long a list is passed on at most. */
const MEMBERS_MAX = 32
const STATE_LENGTH_MAX = 4096

/** A name, or a tenant's name at a system. */
const memberKey = /^(?:[a-z][\w\-*/]{0,255}|[a-z0-9][\w\-*/]{0,240}@[a-z][\w\-*/]{0,13})$/

/** Printable characters without comma and equals sign; the last one is no blank. */
const memberValue = /^[ -+\--<>-~]{0,255}[!-+\--<>-~]$/

function isMember(text: string): boolean {
  const cut = text.indexOf('=')
  if (cut < 1) return false
  const key = text.slice(0, cut)
  return key === key.toLowerCase() && memberKey.test(key) && memberValue.test(text.slice(cut + 1))
}

/** The list as it is passed on: whole, or empty where a member of it breaks the rules. */
function readState(header: string | null): string {
  if (header === null || header.length > STATE_LENGTH_MAX) return ''
  const members = header
    .split(',')
    .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((text) => text !== '')
  if (members.length > MEMBERS_MAX || !members.every(isMember)) return ''
  const keys = new Set(members.map((text) => text.slice(0, text.indexOf('='))))
  return keys.size === members.length ? members.join(',') : ''
}

/** A trace id of 32 digits. */
export const newTraceId = (): string => randomHex(16)

/** A span id of 16 digits. */
export const newSpanId = (): string => randomHex(8)

/** Never all zeros in practice: that is one chance in 2^64 and more. */
function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes)).buffer).toString('hex')
}
