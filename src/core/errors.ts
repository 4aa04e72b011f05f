/**
 * The one error of the program and its closed set of codes.
 *
 * Everything that can go wrong for a request has a row in `errorTable`; the row decides the HTTP
 * status, the OpenAI error type, whether a retry can help, and the level it is logged at. Nothing
 * else in the program picks a status. Status policy: 502 the provider is broken, 503 we refuse,
 * 504 time ran out, 499 the client left (logged only, nobody is there to read it).
 */

/** How loud a failure is in the log: a caller's mistake is not an operator's alarm. */
export type ErrorLevel = 'debug' | 'info' | 'warn' | 'error'

/** One row of the table: what a code means to the client, to a retry, and to the log. */
export interface ErrorRow {
  /** HTTP status before the commit point. */
  readonly status: number
  /** OpenAI's `error.type`; other dialects derive theirs from the status. */
  readonly type: string
  /** Whether the same request may succeed if it is sent again. */
  readonly retryable: boolean
  readonly level: ErrorLevel
  /** The sentence a client reads when the thrower gives none. */
  readonly message: string
}

const row = (
  status: number,
  type: string,
  retryable: boolean,
  level: ErrorLevel,
  message: string,
): ErrorRow => ({ status, type, retryable, level, message })

const badRequest = (message: string): ErrorRow =>
  row(400, 'invalid_request_error', false, 'info', message)

const broken = (message: string): ErrorRow => row(502, 'upstream_error', true, 'warn', message)

const late = (message: string): ErrorRow => row(504, 'timeout_error', true, 'warn', message)

/** Every code of the program, and what it means. */
export const errorTable = {
  // The caller's mistakes: nothing is sent upstream.
  invalid_host: badRequest('The Host header is missing or not a host name.'),
  invalid_url: badRequest('The request target is not a valid path.'),
  duplicate_header: badRequest('A header that may occur once was sent more than once.'),
  invalid_header: badRequest('A header value is not allowed.'),
  invalid_json: badRequest('The request body is not valid JSON.'),
  invalid_encoding: badRequest('The request body is not valid UTF-8.'),
  json_too_deep: badRequest('The request body is nested too deeply.'),
  duplicate_key: badRequest('A key that selects the target occurs twice in the request body.'),
  invalid_request: badRequest('The request is not valid.'),
  missing_model: badRequest("You must provide a 'model' parameter."),
  invalid_api_key: row(
    401,
    'authentication_error',
    false,
    'info',
    'No valid API key was provided. Send it as `Authorization: Bearer <key>`.',
  ),
  forbidden: row(403, 'permission_error', false, 'info', 'This key may not do that.'),
  model_not_found: row(404, 'invalid_request_error', false, 'info', 'The model does not exist.'),
  key_not_found: row(404, 'invalid_request_error', false, 'info', 'There is no such key.'),
  stream_not_found: row(404, 'invalid_request_error', false, 'info', 'There is no such stream.'),
  stream_cursor_ahead: row(
    409,
    'invalid_request_error',
    false,
    'info',
    'The stream has not come as far as the event that is named.',
  ),
  stream_trimmed: row(
    410,
    'invalid_request_error',
    false,
    'info',
    'What followed that event of the stream is not kept any more.',
  ),
  provider_not_found: row(404, 'invalid_request_error', false, 'info', 'No such provider.'),
  unknown_url: row(404, 'invalid_request_error', false, 'info', 'Unknown request URL.'),
  method_not_allowed: row(405, 'invalid_request_error', false, 'info', 'Method not allowed.'),
  request_timeout: row(408, 'timeout_error', true, 'info', 'The request body came too slowly.'),
  body_too_large: row(413, 'invalid_request_error', false, 'info', 'The request is too large.'),
  unsupported_media_type: row(
    415,
    'invalid_request_error',
    false,
    'info',
    'Unsupported content type.',
  ),
  upgrade_not_supported: row(
    426,
    'invalid_request_error',
    false,
    'info',
    'Protocol upgrades are not supported.',
  ),

  rate_limit_exceeded: row(429, 'rate_limit_error', true, 'info', 'Rate limit reached.'),
  too_many_streams: row(
    429,
    'rate_limit_error',
    true,
    'info',
    'Too many requests are under way with this key.',
  ),
  budget_exceeded: row(
    429,
    'insufficient_quota',
    false,
    'info',
    'The budget of this key is spent.',
  ),

  // The client left or does not read.
  client_gone: row(499, 'client_error', false, 'info', 'The client closed the connection.'),
  client_stalled: row(499, 'client_error', false, 'warn', 'The client stopped reading.'),

  // We refuse or fail.
  internal_error: row(500, 'server_error', false, 'error', 'Internal server error.'),
  spool_failed: row(
    503,
    'server_error',
    true,
    'error',
    'The request body could not be stored for forwarding.',
  ),
  overloaded: row(503, 'server_error', true, 'warn', 'The server has too much to do; try again.'),
  evicted: row(
    503,
    'server_error',
    true,
    'warn',
    'The server ran short of memory and ended this request.',
  ),
  ended_by_operator: row(503, 'server_error', false, 'warn', 'An operator ended this request.'),
  store_unavailable: row(503, 'server_error', true, 'error', 'A shared store cannot be reached.'),
  not_ready: row(503, 'server_error', true, 'info', 'The server is draining.'),
  stream_lost: row(410, 'server_error', false, 'warn', 'The process that had the stream is gone.'),
  server_shutdown: row(503, 'server_error', true, 'info', 'The server is shutting down.'),

  // The provider is broken.
  upstream_connect_failed: broken('The provider could not be reached.'),
  upstream_dns_failed: broken("The provider's address could not be resolved."),
  upstream_tls_failed: broken('A secure connection to the provider could not be made.'),
  upstream_closed: broken('The provider closed the connection without an answer.'),
  upstream_reset: broken('The connection to the provider broke.'),
  upstream_truncated: broken('The answer of the provider was cut off.'),
  upstream_incomplete: broken('The stream of the provider ended before it was complete.'),
  upstream_empty: broken('The provider sent an empty answer.'),
  upstream_bad_response: broken('The provider sent an answer that is not valid HTTP.'),
  upstream_bad_content_type: broken('The provider answered with an unexpected content type.'),
  upstream_redirect_blocked: broken('The provider answered with a redirect, which is refused.'),
  upstream_protocol_error: broken('The provider broke its own protocol.'),
  upstream_auth_failed: row(
    502,
    'upstream_error',
    false,
    'error',
    "The provider refused the operator's credentials.",
  ),
  upstream_error: broken('The provider reported an error.'),

  // Time ran out: each clock has a name.
  upstream_connect_timeout: late('The provider could not be reached in time.'),
  upstream_header_timeout: late('The provider did not answer in time.'),
  upstream_first_token_timeout: late('The provider did not send a first token in time.'),
  upstream_idle_timeout: late('The provider stopped sending.'),
  upstream_total_timeout: late('The request took longer than allowed.'),
} as const satisfies Record<string, ErrorRow>

/** A code of the table. */
export type ErrorCode = keyof typeof errorTable

/** What a thrower may add to a code. */
export interface ErrorDetail {
  /** A sentence for the client. Never an internal exception's message, a key, or a prompt. */
  readonly message?: string
  /** The request parameter at fault, as OpenAI's `error.param`. */
  readonly param?: string
  /** How long the client should wait, for `retry-after`. */
  readonly retryAfterMs?: number
  /** Set where nobody asked for that wait: a hint for the client, which holds up nothing here. */
  readonly isWaitAssumed?: boolean
  /** A provider's own HTTP status, which then takes the place of the row's. */
  readonly status?: number
  /** A provider's own error code, which then takes the place of ours on the wire. */
  readonly providerCode?: string | null
  /** A provider's own error type. */
  readonly providerType?: string
  /** What the provider itself said of trying again, by `x-should-retry`. */
  readonly shouldRetry?: boolean
  /** Set where all that could be repeated was repeated, so that the client need not do it too. */
  readonly isExhausted?: boolean
  /** Headers that say more, such as what is left of a limit. Nothing of a provider's. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** The exception behind it, for the log. */
  readonly cause?: unknown
}

/** Statuses of a provider that may be different the next time. */
const retryableStatuses: ReadonlySet<number> = new Set([408, 409, 425, 429, 500, 502, 503, 504])

/** Statuses of a provider that has too much to do; 529 is Anthropic's. */
const shortOfCapacity: ReadonlySet<number> = new Set([429, 503, 529])

/** The one error class. Thrown by every stage, written to the client only by `gateway/fail.ts`. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly detail: ErrorDetail

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    super(detail.message ?? errorTable[code].message, { cause: detail.cause })
    this.code = code
    this.detail = detail
  }

  /** The table's row of this error. */
  get row(): ErrorRow {
    return errorTable[this.code]
  }

  /** Whether the same request may succeed if it is sent again. */
  get retryable(): boolean {
    const { status, providerCode, isExhausted, shouldRetry } = this.detail
    // Where capacity is short a later try is worth it, however often it was tried just now.
    if (isExhausted === true && !shortOfCapacity.has(this.status)) return false
    if (shouldRetry !== undefined) return shouldRetry
    // A provider's own answer decides for itself; a spent quota comes back with every retry.
    if (this.code !== 'upstream_error' || status === undefined) return this.row.retryable
    return providerCode !== 'insufficient_quota' && retryableStatuses.has(status)
  }

  /** The HTTP status to answer with: the provider's own where it has one, else the row's. */
  get status(): number {
    return this.detail.status ?? this.row.status
  }
}

/** Any thrown value as a `GatewayError`; what is not ours becomes `internal_error`. */
export function toGatewayError(thrown: unknown): GatewayError {
  return thrown instanceof GatewayError
    ? thrown
    : new GatewayError('internal_error', { cause: thrown })
}
