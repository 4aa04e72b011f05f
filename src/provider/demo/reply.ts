/** What the demo provider answers with besides a good answer. */
import type { GatewayError } from '../../core/errors.ts'
import type { DemoOptions } from './options.ts'

/** A JSON answer. */
export function jsonReply(status: number, body: object, headers: HeadersInit = {}): Response {
  return Response.json(body, { status, headers })
}

/** A mistake of the caller, in OpenAI's envelope. */
export function errorReply(error: GatewayError): Response {
  return jsonReply(error.status, {
    error: {
      message: error.message,
      type: error.row.type,
      param: error.detail.param ?? null,
      code: error.detail.providerCode ?? error.code,
    },
  })
}

/** The answer that `status=` asks for. */
export function statusReply(options: DemoOptions): Response {
  const { status } = options
  const headers = new Headers()
  const retryAfter = options.retryAfter ?? (status === 429 || status === 503 ? '1' : null)
  if (retryAfter !== null) headers.set('retry-after', retryAfter)
  if (options.wholeFault === 'html') return htmlReply(status, headers)
  if (status < 400) {
    headers.set('location', 'https://elsewhere.invalid/v1')
    return new Response(null, { status, headers })
  }
  const [type, code] = statusErrors[status] ?? [
    status < 500 ? 'invalid_request_error' : 'server_error',
    null,
  ]
  const message = `The demo provider was asked to answer with status ${status}.`
  return jsonReply(status, { error: { message, type, param: null, code } }, headers)
}

/** A page where JSON belongs, as from a load balancer or a login wall. */
export function htmlReply(status: number, headers = new Headers()): Response {
  headers.set('content-type', 'text/html; charset=utf-8')
  const page = '<!doctype html><title>Demo</title><h1>This is a page, not an answer.</h1>\n'
  return new Response(page, { status, headers })
}

const statusErrors: Readonly<Record<number, readonly [type: string, code: string | null]>> = {
  401: ['invalid_request_error', 'invalid_api_key'],
  403: ['permission_error', null],
  404: ['invalid_request_error', 'model_not_found'],
  429: ['rate_limit_error', 'rate_limit_exceeded'],
}
