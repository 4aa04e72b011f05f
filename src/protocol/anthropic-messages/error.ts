/** Errors as the Messages API speaks them, read and written (tables 14.1 and 14.2). */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import { readError as readAnyError, readEventError as readAnyEventError } from '../openai/error.ts'
import type { ErrorBody } from '../protocol.ts'

/** Anthropic's status for "overloaded", which its clients know to try again. */
const OVERLOADED = 529

/** Types that only Anthropic has, and the status that each comes with. */
const statusOfType: ReadonlyMap<string, number> = new Map([
  ['billing_error', 402],
  ['timeout_error', 504],
  ['conflict_error', 409],
  ['request_too_large', 413],
])

/** How Anthropic says that a conversation does not fit; clients look for it to shorten theirs. */
const tooLong = /prompt is too long|exceed context limit/i
const tooLongPrefix = 'prompt is too long'

/** A provider's answer with an error status as our error. Never throws. */
export function readError(
  status: number,
  body: unknown,
  retryAfterMs: number | null,
): GatewayError {
  return withCode(readAnyError(status, body, retryAfterMs), body)
}

/** An error that came inside a stream, or in an answer with status 200. Never throws. */
export function readEventError(event: unknown): GatewayError {
  const status = statusOfType.get(typeIn(event) ?? '')
  const error = status === undefined ? readAnyEventError(event) : readAnyError(status, event, null)
  return withCode(error, event)
}

function typeIn(body: unknown): string | null {
  const inner = isObject(body) ? objectAt(body, 'error') : null
  return inner === null ? null : textAt(inner, 'type')
}

/** Anthropic has no codes; the two that decide what happens next are in other places. */
function withCode(error: GatewayError, body: unknown): GatewayError {
  const code = codeIn(error, body)
  if (code === null || error.code !== 'upstream_error') return error
  return new GatewayError(error.code, { ...error.detail, providerCode: code })
}

function codeIn(error: GatewayError, body: unknown): string | null {
  if (error.status === 400 && tooLong.test(error.message)) return 'context_length_exceeded'
  const inner = isObject(body) ? objectAt(body, 'error') : null
  const details = inner === null ? null : objectAt(inner, 'details')
  const named = details === null ? null : textAt(details, 'error_code')
  // A 429 of this kind comes back with every retry.
  return named === 'enforced_spend_limit_reached' ? 'insufficient_quota' : null
}

/** `error` as the envelope that Anthropic's clients read. */
function envelope(error: GatewayError, requestId: string): JsonObject {
  const [type] = typeAndStatus(error)
  return {
    type: 'error',
    error: { type, message: messageOf(error) },
    request_id: requestId,
  }
}

function messageOf(error: GatewayError): string {
  const isTooLong = error.detail.providerCode === 'context_length_exceeded'
  return isTooLong && !tooLong.test(error.message)
    ? `${tooLongPrefix}: ${error.message}`
    : error.message
}

/** The type and the status for a client. Decided by our status; providers' words disagree. */
function typeAndStatus(error: GatewayError): readonly [string, number] {
  const { status } = error
  const { providerCode, providerType } = error.detail
  // OpenAI says 429 to a spent quota; here that would be an invitation to try again.
  const isQuota = providerCode === 'insufficient_quota' && providerType !== 'rate_limit_error'
  if (status === 402 || (status === 429 && isQuota)) return ['billing_error', 402]
  if (status === 401 || status === 407) return ['authentication_error', 401]
  if (status === 403) return ['permission_error', 403]
  if (status === 404) return ['not_found_error', 404]
  if (status === 408 || status === 504) return ['timeout_error', status]
  if (status === 413) return ['request_too_large', 413]
  if (status === 429) return ['rate_limit_error', 429]
  if (status === 503 || status === OVERLOADED) return ['overloaded_error', OVERLOADED]
  // 424 is a model that failed, and 499 a client that will not read this.
  if (status >= 500 || status === 424 || status === 499) return ['api_error', status]
  return ['invalid_request_error', status]
}

/** `error` as the body of an HTTP answer. */
export function writeError(error: GatewayError, requestId: string): ErrorBody {
  const [, status] = typeAndStatus(error)
  return { status, body: envelope(error, requestId) }
}

/** `error` as the last event of a stream; SDKs raise on the name `error`. */
export function errorEvent(error: GatewayError, requestId: string): string {
  return `event: error\ndata: ${JSON.stringify(envelope(error, requestId))}\n\n`
}

/** Nothing happens: SDKs skip it wherever it stands. */
export const heartbeat = 'event: ping\ndata: {"type": "ping"}\n\n'
