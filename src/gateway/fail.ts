/** An error becomes bytes: the only place where that happens before a response is open. */
import { toGatewayError } from '../core/errors.ts'
import type { Protocol } from '../protocol/protocol.ts'

/** Statuses that the official SDKs retry by themselves unless they are told otherwise. */
const retriedByClients = (status: number): boolean =>
  status === 408 || status === 409 || status === 429 || status >= 500

/**
 * The answer for a request that failed before its response opened.
 * @param protocol the dialect of the route that was called.
 */
export function failureResponse(thrown: unknown, protocol: Protocol, requestId: string): Response {
  const error = toGatewayError(thrown)
  const { status, body } = protocol.writeError(error, requestId)
  const headers = new Headers({ 'content-type': 'application/json', 'x-request-id': requestId })
  const { retryAfterMs, headers: further = [] } = error.detail
  for (const [name, value] of further) headers.set(name, value)
  if (retryAfterMs !== undefined) {
    headers.set('retry-after', String(Math.ceil(retryAfterMs / 1000)))
    headers.set('retry-after-ms', String(Math.ceil(retryAfterMs)))
  }
  if (retriedByClients(status) && !error.retryable) headers.set('x-should-retry', 'false')
  else if (error.detail.shouldRetry && error.retryable) headers.set('x-should-retry', 'true')
  if (status === 401) headers.set('www-authenticate', 'Bearer')
  return new Response(JSON.stringify(body), { status, headers })
}
