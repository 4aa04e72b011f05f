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
  checkKey(apiKey)
  return (headers) => {
    headers.delete('authorization')
    if (apiKey !== null) headers.set('authorization', `Bearer ${apiKey}`)
  }
}

/** The same for a provider that wants its key in a header of its own, called `name`. */
export function keyHeader(name: string, apiKey: string | null): (headers: Headers) => void {
  checkKey(apiKey)
  return (headers) => {
    headers.delete('authorization')
    headers.delete(name)
    if (apiKey !== null) headers.set(name, apiKey)
  }
}

/** Whether a key is a signed token (JWT) and not a key: those go as `Bearer` everywhere. */
export function isToken(apiKey: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(apiKey)
}

function checkKey(apiKey: string | null): void {
  if (apiKey === null || /^[\x21-\x7e]+$/.test(apiKey)) return
  throw new GatewayError('internal_error', {
    message: 'The API key of a provider may hold visible ASCII characters only.',
  })
}
