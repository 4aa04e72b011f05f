/** IBM Cloud's credentials: an API key is exchanged for a token, which is what calls carry. */
import { GatewayError } from '../core/errors.ts'
import { isObject, numberAt, textAt } from '../core/json.ts'
import type { FreshToken } from './cached-token.ts'

/** Where keys are exchanged, unless the operator says otherwise. */
export const iamAddress = 'https://iam.cloud.ibm.com/identity/token'

const GRANT = 'urn:ibm:params:oauth:grant-type:apikey'
const EXCHANGE_TIMEOUT_MS = 10_000

/** How long a token lives where the answer does not say. */
const LIFE_S = 3_600

/**
 * Exchanges a key at `address`.
 * @throws GatewayError `upstream_auth_failed` where the key is refused, `upstream_connect_failed`
 *   where nobody could be asked. Neither repeats the key.
 */
export async function exchangeIbmKey(
  address: string,
  apiKey: string,
  proxy: string | null,
): Promise<FreshToken> {
  const response = await ask(address, apiKey, proxy)
  const body: unknown = await response.json().catch(() => null)
  const value = isObject(body) ? textAt(body, 'access_token') : null
  if (!response.ok || value === null || !/^[\x21-\x7e]+$/.test(value)) {
    // IBM's words are about the operator's account; they stay in the log.
    const said = isObject(body) ? textAt(body, 'errorCode') : null
    const cause = new Error(`HTTP ${response.status}, ${said ?? 'no reason given'}`)
    const code = response.status >= 500 ? 'upstream_connect_failed' : 'upstream_auth_failed'
    throw new GatewayError(code, { cause })
  }
  const lifeS = (isObject(body) ? numberAt(body, 'expires_in') : null) ?? LIFE_S
  return { value, lifeMs: lifeS * 1000 }
}

async function ask(address: string, apiKey: string, proxy: string | null): Promise<Response> {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({ grant_type: GRANT, apikey: apiKey }).toString(),
    redirect: 'error' as const,
    signal: AbortSignal.timeout(EXCHANGE_TIMEOUT_MS),
    // Without this the usual *_PROXY variables would be obeyed.
    proxy: proxy ?? false,
  }
  try {
    return await fetch(address, init as RequestInit)
  } catch (cause) {
    throw new GatewayError('upstream_connect_failed', { cause })
  }
}
