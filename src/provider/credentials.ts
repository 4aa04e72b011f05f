/** The operator's credentials on a call to a provider. */
import { GatewayError } from '../core/errors.ts'

/**
 * A function that puts `Authorization: Bearer <apiKey>` on a call, or nothing where the key is
 * null. An `Authorization` that is already there never survives, whoever put it there.
 *
 * @throws GatewayError `internal_error` at once for a key that cannot be a header value, so that
 * no later exception can carry the key in its message.
 */
export function bearer(apiKey: string | null): (headers: Headers) => void {
  if (apiKey !== null && !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new GatewayError('internal_error', {
      message: 'The API key of a provider may hold visible ASCII characters only.',
    })
  }
  return (headers) => {
    headers.delete('authorization')
    if (apiKey !== null) headers.set('authorization', `Bearer ${apiKey}`)
  }
}
