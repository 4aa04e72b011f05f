/** What a failed attempt means: whether it is made again, where, and what it says of the target. */
import type { ErrorCode, GatewayError } from '../core/errors.ts'

/** The consequences of one failure. */
export interface Verdict {
  /**
   * `again` the same target may do better in a moment; `next` another target may;
   * `longer` only one with a longer context may; `stop` nobody can, it is the caller's own error.
   */
  readonly action: 'again' | 'next' | 'longer' | 'stop'
  /** Whether the breaker of the target counts it. */
  readonly counts: boolean
  /** How long the provider's key is left alone: it is refused, or its quota is spent. */
  readonly parkMs: number
}

/** A key that was refused or has no quota left is tried again after this time. */
const PARK_MS = 60_000

const again: Verdict = { action: 'again', counts: true, parkMs: 0 }
const next: Verdict = { action: 'next', counts: true, parkMs: 0 }
const stop: Verdict = { action: 'stop', counts: false, parkMs: 0 }
const park: Verdict = { action: 'next', counts: false, parkMs: PARK_MS }

/**
 * By our own codes. A time limit is never retried on the same target, for it would take as long
 * again; a provider that spoke nonsense speaks it again; what broke may hold the next time.
 */
const byCode: Partial<Record<ErrorCode, Verdict>> = {
  upstream_connect_failed: again,
  upstream_dns_failed: again,
  upstream_tls_failed: again,
  upstream_reset: again,
  upstream_truncated: again,
  // A closed connection was already tried once more, on a fresh socket (matrix, row 5).
  upstream_closed: next,
  upstream_redirect_blocked: next,
  upstream_bad_response: next,
  upstream_bad_content_type: next,
  upstream_empty: next,
  upstream_incomplete: next,
  upstream_protocol_error: next,
  upstream_connect_timeout: next,
  upstream_header_timeout: next,
  upstream_first_token_timeout: next,
  upstream_idle_timeout: next,
  upstream_auth_failed: park,
  // Our own limits of a provider: nothing was asked of it, so nothing is known of it.
  rate_limit_exceeded: { ...next, counts: false },
  too_many_streams: { ...next, counts: false },
}

/** Codes of a spent quota or an unpaid bill: waiting a moment changes nothing. */
const spent = /insufficient_quota|quota_exceeded|billing|insufficient_balance|credit/i

/** How providers without a code of their own say that a prompt is too long. */
const tooLong = [
  /context[ _-](?:length|window|size)/i,
  /(?:prompt|input) (?:is )?too long/i,
  /too many (?:input )?tokens|token count.*exceeds/i,
]

/** Judges a failure of an attempt that nothing of has reached the client. */
export function verdictOn(error: GatewayError): Verdict {
  const known = byCode[error.code]
  if (known !== undefined) return known
  return error.code === 'upstream_error' ? onProviderError(error) : stop
}

function onProviderError(error: GatewayError): Verdict {
  const { status = 502, providerCode, providerType } = error.detail
  if (status === 402 || (status === 429 && spent.test(`${providerCode} ${providerType}`))) {
    return park
  }
  if (status === 401 || status === 403) return park
  if ([400, 413, 422].includes(status) && isTooLong(error)) return { ...stop, action: 'longer' }
  const { shouldRetry } = error.detail
  if (shouldRetry !== undefined && status >= 400) return shouldRetry ? again : unwilling(status)
  // 409 is a lock that is held, 425 too early; both pass, and neither is the caller's fault.
  if (status === 429 || status === 408 || status === 409 || status === 425) return again
  return status >= 500 ? again : stop
}

/** The provider said that it will not do better: then only another one may. */
function unwilling(status: number): Verdict {
  return status >= 500 || status === 429 ? next : stop
}

function isTooLong({ message, detail }: GatewayError): boolean {
  return (
    detail.providerCode === 'context_length_exceeded' ||
    tooLong.some((words) => words.test(message))
  )
}

/** Whether a target was not asked at all, because our own limits of its provider are reached. */
export const isOwnRefusal = ({ code }: GatewayError): boolean =>
  code === 'rate_limit_exceeded' || code === 'too_many_streams'

/** Failures of which it is certain that the provider did nothing yet. */
const nothingDone: ReadonlySet<ErrorCode> = new Set([
  'upstream_connect_failed',
  'upstream_dns_failed',
  'upstream_tls_failed',
  'upstream_connect_timeout',
])

/**
 * Whether a request may be sent again that does more than to ask for an answer, such as an upload:
 * only where it was refused or never arrived (RFC 9110 9.2.2, and nginx's rule for POST).
 */
export function leftNoTrace(error: GatewayError): boolean {
  return nothingDone.has(error.code) || error.status === 429 || error.status === 503
}
