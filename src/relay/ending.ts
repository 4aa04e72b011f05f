/** How a stream ended, in the words of the record. */
import { abortReason } from '../core/abort.ts'
import { type ErrorCode, GatewayError } from '../core/errors.ts'
import type { EndReason } from '../observe/exchange.ts'

const endReasons: Partial<Record<ErrorCode, EndReason>> = {
  client_gone: 'client_gone',
  client_stalled: 'client_stalled',
  server_shutdown: 'shutdown',
  evicted: 'evicted',
  ended_by_operator: 'evicted',
  upstream_reset: 'upstream_reset',
  upstream_closed: 'upstream_reset',
  upstream_truncated: 'upstream_truncated',
  upstream_incomplete: 'upstream_truncated',
  upstream_connect_timeout: 'headers_timeout',
  upstream_header_timeout: 'headers_timeout',
  upstream_first_token_timeout: 'first_token_timeout',
  upstream_idle_timeout: 'idle_timeout',
  upstream_total_timeout: 'total_timeout',
  upstream_protocol_error: 'protocol_error',
  upstream_bad_response: 'protocol_error',
}

/** The end reason that goes with an error's code; a provider's own error is `upstream_error`. */
export function endReasonOf(code: ErrorCode): EndReason {
  const reason = endReasons[code]
  if (reason !== undefined) return reason
  return code.startsWith('upstream_') ? 'upstream_error' : 'rejected'
}

/** Whether an error says that the provider did not do what it was asked, in the time it had. */
export function isProviderFailure({ code }: GatewayError): boolean {
  return code.startsWith('upstream_') && code !== 'upstream_total_timeout'
}

/** Why reading the provider's body failed: the request's own abort, else the connection. */
export function readFailure(thrown: unknown, signal: AbortSignal): GatewayError {
  if (signal.aborted) return abortReason(signal)
  if (thrown instanceof GatewayError) return thrown
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  // A bad chunk size reads as InvalidHTTPResponse; a reset and a missing last chunk are one code.
  return new GatewayError(
    /InvalidHTTP|Malformed|Zlib/i.test(code) ? 'upstream_protocol_error' : 'upstream_reset',
    { cause: thrown },
  )
}
