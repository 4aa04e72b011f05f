/** The one error of the reader: why an answer did not come, or did not come to its end. */
import { isObject, type JsonObject, textAt } from '../core/json.ts'

/** What the reader itself finds wrong. Any other code is a server's own. */
export type ReaderErrorCode =
  /** The caller ended it. */
  | 'aborted'
  /** The server could not be reached, or the connection broke. */
  | 'network_error'
  /** The connection ended before the answer did. */
  | 'stream_incomplete'
  /** Nothing came for `idleTimeoutMs`, not even a heartbeat. */
  | 'stream_idle'
  /** Events are missing between two that came. */
  | 'stream_gap'
  /** An event that cannot be read. */
  | 'invalid_event'
  /** An event, or an answer, that is larger than allowed. */
  | 'too_large'
  /** The answer is no stream of events. */
  | 'unexpected_content_type'

/** What is known of a failure besides its code. */
export interface StreamErrorDetail {
  /** HTTP status, or what the code of an error inside a stream amounts to. */
  readonly status?: number | null
  /** The kind of error, in the server's words. */
  readonly type?: string | null
  readonly retryable?: boolean
  readonly requestId?: string | null
  readonly retryAfterMs?: number | null
  readonly cause?: unknown
}

/** Thrown by everything that reads. What was read before it stays in the `answer`. */
export class StreamError extends Error {
  override readonly name = 'StreamError'
  /** A `ReaderErrorCode`, or the server's code, such as `rate_limit_exceeded`. */
  readonly code: string
  readonly status: number | null
  readonly type: string | null
  /** Whether the same request may succeed if it is sent again. */
  readonly retryable: boolean
  readonly requestId: string | null
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number | null

  constructor(code: string, message: string, detail: StreamErrorDetail = {}) {
    super(message, { cause: detail.cause })
    this.code = code
    this.status = detail.status ?? null
    this.type = detail.type ?? null
    this.retryable = detail.retryable ?? false
    this.requestId = detail.requestId ?? null
    this.retryAfterMs = detail.retryAfterMs ?? null
  }
}

/** The same error with the request that it belongs to, where it does not name one itself. */
export function withRequest(error: StreamError, requestId: string | null): StreamError {
  if (error.requestId !== null || requestId === null) return error
  const { code, message, status, type, retryable, retryAfterMs, cause } = error
  const detail = { status, type, retryable, retryAfterMs, cause, requestId }
  return new StreamError(code, message, detail)
}

/** The connection ended, and the answer did not. */
export function incomplete(cause?: unknown): StreamError {
  const message = 'The connection ended before the answer did.'
  return new StreamError('stream_incomplete', message, { retryable: true, cause })
}

/** An event makes no sense in its dialect. */
export function invalidEvent(message: string, cause?: unknown): StreamError {
  return new StreamError('invalid_event', message, { cause })
}

/** Statuses that the kinds of error of all dialects stand for, inside a stream. */
const statusOfType: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['INVALID_ARGUMENT', 400],
  ['FAILED_PRECONDITION', 400],
  ['authentication_error', 401],
  ['UNAUTHENTICATED', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['PERMISSION_DENIED', 403],
  ['not_found_error', 404],
  ['NOT_FOUND', 404],
  ['request_too_large', 413],
  ['insufficient_quota', 429],
  ['rate_limit_error', 429],
  ['RESOURCE_EXHAUSTED', 429],
  ['client_error', 499],
  ['api_error', 500],
  ['server_error', 500],
  ['INTERNAL', 500],
  ['upstream_error', 502],
  ['overloaded', 503],
  ['UNAVAILABLE', 503],
  ['timeout_error', 504],
  ['DEADLINE_EXCEEDED', 504],
  ['overloaded_error', 529],
])

/** Another try ends as this one did, whatever the status says. */
const neverRetried: ReadonlySet<string> = new Set([
  'insufficient_quota',
  'budget_exceeded',
  'internal_error',
  'ended_by_operator',
  'stream_lost',
  'upstream_auth_failed',
])

const retriedStatuses: ReadonlySet<number> = new Set([408, 409, 425, 429])

const isRetried = (status: number): boolean => retriedStatuses.has(status) || status >= 500

/**
 * The failure that a server reports, in an HTTP answer or inside a stream.
 * @param body what it said, in the shape of any dialect; or anything else.
 * @param known what is known without it; `status` is null inside a stream.
 */
export function serverError(
  body: unknown,
  known: {
    readonly status: number | null
    readonly requestId: string | null
    readonly retryAfterMs?: number | null
    readonly shouldRetry?: boolean | null
  },
): StreamError {
  const said = reportOf(body)
  const type = textOf(said.type) ?? textOf(said.status)
  const named = textOf(said.code) ?? reasonIn(said.details)
  const number = typeof said.code === 'number' ? said.code : said.status
  const status =
    known.status ??
    (isStatus(number) ? number : null) ??
    (/^[45]\d\d$/.test(named ?? '') ? Number(named) : null) ??
    statusOfType.get(named ?? '') ??
    statusOfType.get(type ?? '') ??
    null
  const code = named ?? type ?? (status === null ? 'server_error' : `http_${status}`)
  const isFinal = neverRetried.has(code) || neverRetried.has(type ?? '')
  return new StreamError(code, textOf(said.message) ?? sentenceFor(status), {
    status,
    type,
    retryable: known.shouldRetry ?? (!isFinal && (status === null || isRetried(status))),
    requestId: known.requestId ?? (isObject(body) ? textAt(body, 'request_id') : null),
    retryAfterMs: known.retryAfterMs ?? null,
  })
}

/** The object that tells, wherever the dialect puts it. */
function reportOf(body: unknown): JsonObject {
  const said: unknown = Array.isArray(body) ? body[0] : body
  if (typeof said === 'string') return { message: said.slice(0, messageCharsMax) }
  if (!isObject(said)) return {}
  const inner = said.error ?? said.detail
  if (typeof inner === 'string' && inner !== '') return { ...said, message: inner }
  return isObject(inner) ? inner : said
}

/** Google's code of an error is a number; what happened is among the details. */
function reasonIn(details: unknown): string | null {
  if (!Array.isArray(details)) return null
  const reasons = details.map((detail) => (isObject(detail) ? textOf(detail.reason) : null))
  return reasons.find((reason) => reason !== null) ?? null
}

const messageCharsMax = 4_096

const isStatus = (value: unknown): value is number =>
  typeof value === 'number' && value >= 400 && value < 600

const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value.slice(0, messageCharsMax) : null

function sentenceFor(status: number | null): string {
  return status === null ? 'The server reported an error.' : `The server answered ${status}.`
}

/** What was thrown, as our error. What is not ours comes from `fetch`, or from its body. */
export function toStreamError(thrown: unknown, signal: AbortSignal): StreamError {
  if (signal.aborted) return aborted(signal)
  if (thrown instanceof StreamError) return thrown
  const message = 'The connection to the server broke.'
  return new StreamError('network_error', message, { retryable: true, cause: thrown })
}

/** The caller ended it; its reason is the `cause`. */
export function aborted(signal: AbortSignal): StreamError {
  return new StreamError('aborted', 'The stream was stopped.', { cause: signal.reason })
}
