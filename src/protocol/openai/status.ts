/** Which HTTP status a client sees for a provider's failure, and what OpenAI would call it. */
import { type ErrorDetail, GatewayError } from '../../core/errors.ts'
import type { Report } from './report.ts'

/** For an overloaded provider that names no time; row 30 of the fault matrix wants one. */
const overloadRetryAfterMs = 2_000

/** The error for a status that is none of HTTP's failures, whatever came with it; else null. */
export function errorOfOddStatus(status: number): GatewayError | null {
  if (status >= 300 && status < 400) return new GatewayError('upstream_redirect_blocked')
  if (status < 200 || status > 599) return new GatewayError('upstream_bad_response')
  return null
}

/**
 * The status for the client. What says "your request" stays; the rest becomes one that the policy
 * of `core/errors.ts` knows: 502 broken, 503 overloaded, 504 late.
 */
export function clientStatus(status: number): number {
  if (status >= 400 && status <= 451) return status
  if (status === 500 || status === 502 || status === 503 || status === 504) return status
  return isOverload(status) ? 503 : 502
}

/**
 * Statuses that no standard knows and that mean "not now": 498 is Groq without flex capacity,
 * 529 Anthropic overloaded, the others Cloudflare without an answer from behind it.
 */
export function isOverload(status: number): boolean {
  return status === 498 || (status >= 520 && status <= 530)
}

/** How long a client should wait: what the provider asks for, or a guess where it is overloaded. */
export function waitOf(askedMs: number | null, isOverloaded: boolean): ErrorDetail {
  if (askedMs !== null) return { retryAfterMs: askedMs }
  return isOverloaded ? { retryAfterMs: overloadRetryAfterMs, isWaitAssumed: true } : {}
}

/** The status behind a word, for an error that came without one: inside a stream or in a 200. */
const statusOfWord: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['invalid_prompt', 400],
  ['context_length_exceeded', 400],
  ['content_filter', 400],
  ['tool_use_failed', 400],
  ['BadRequestError', 400],
  ['authentication_error', 401],
  ['invalid_api_key', 401],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['model_not_found', 404],
  ['insufficient_quota', 429],
  ['rate_limit_error', 429],
  ['rate_limit_exceeded', 429],
  ['server_error', 500],
  ['api_error', 500],
  ['InternalServerError', 500],
  ['overloaded_error', 503],
  ['slow_down', 503],
  ['timeout', 504],
  ['timeout_error', 504],
])

/** The status that a report amounts to; 502 where it does not say. */
export function statusOfReport(report: Report | null): number {
  if (report === null) return 502
  return (
    report.status ??
    statusOfWord.get(report.code ?? '') ??
    statusOfWord.get(report.type ?? '') ??
    502
  )
}

/** OpenAI's `type` for a status, where the provider named none. */
export function typeOfStatus(status: number): string {
  if (status === 402) return 'insufficient_quota'
  if (status === 408 || status === 504) return 'timeout_error'
  if (status === 429) return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}

/** OpenAI's `code` for a status, where the provider named none; often it has none either. */
export function codeOfStatus(status: number): string | null {
  if (status === 402) return 'insufficient_quota'
  return status === 429 ? 'rate_limit_exceeded' : null
}

const aboutTheKey = /\b(incorrect|invalid) api key\b|\bapi key (is )?(not valid|invalid|expired)\b/i

/**
 * Whether the provider refused the operator's credentials: 401 and 403, 407 of a proxy on the way,
 * and the providers (xAI, Google) that answer 400 to a wrong key. Passing these on would tell the
 * client that its own key is wrong.
 */
export function refusesCredentials(status: number, report: Report | null): boolean {
  if (status === 401 || status === 403 || status === 407) return true
  if (status !== 400 || report === null) return false
  return report.code === 'invalid_api_key' || aboutTheKey.test(report.message ?? '')
}
