/** Small JSON bodies of the operator's routes. */
import { GatewayError } from '../core/errors.ts'

/**
 * Reads a body. JSON only: a page of another origin cannot send that unasked.
 * @param bytesMax the largest body; one without an announced length is not read at all.
 * @throws GatewayError `unsupported_media_type`, `body_too_large` or `invalid_json`.
 */
export async function jsonBody(request: Request, bytesMax: number): Promise<unknown> {
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
