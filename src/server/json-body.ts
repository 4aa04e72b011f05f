/** Small JSON bodies of the operator's routes. */
import { GatewayError } from '../core/errors.ts'
import { arrivalOf } from './arrival.ts'

/**
 * Reads a body. JSON only: a page of another origin cannot send that unasked.
 * @param routed as the router has it; over TLS that is a stand-in, and the body is elsewhere.
 * @param bytesMax the largest body; one without an announced length is not read at all.
 * @throws GatewayError `unsupported_media_type`, `body_too_large` or `invalid_json`.
 */
export async function jsonBody(routed: Request, bytesMax: number): Promise<unknown> {
  const { request } = arrivalOf(routed)
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? '')) {
    throw new GatewayError('unsupported_media_type')
  }
  if (Number(request.headers.get('content-length') ?? bytesMax + 1) > bytesMax) {
    throw new GatewayError('body_too_large')
  }
  return await request.json().catch(() => {
    throw new GatewayError('invalid_json')
  })
}
