/** Asking an identity service for a token: one form, one JSON answer (RFC 6749, section 5). */
import { GatewayError } from '../core/errors.ts'
import { isObject, numberAt, textAt } from '../core/json.ts'
import type { FreshToken } from './cached-token.ts'

const EXCHANGE_TIMEOUT_MS = 10_000

/** How long a token lives where the answer does not say. */
const LIFE_S = 3_600

/** What is asked, and whom. */
export interface TokenRequest {
  readonly address: string
  readonly form: Readonly<Record<string, string>>
  /** The field in which the service says why it refuses; its words stay in the log. */
  readonly reasonField: string
  /** Null uses none, whatever the environment says. */
  readonly proxy: string | null
}

/**
 * Asks for a token.
 * @throws GatewayError `upstream_auth_failed` where the credentials are refused,
 *   `upstream_connect_failed` where nobody could be asked. Neither repeats the credentials.
 */
export async function exchangeForToken(request: TokenRequest): Promise<FreshToken> {
  const response = await ask(request)
  const body: unknown = await response.json().catch(() => null)
  const answer = isObject(body) ? body : {}
  const value = textAt(answer, 'access_token')
  if (!response.ok || value === null || !/^[\x21-\x7e]+$/.test(value)) {
    const said = textAt(answer, request.reasonField) ?? 'no reason given'
    const cause = new Error(`HTTP ${response.status}, ${said}`)
    const code = response.status >= 500 ? 'upstream_connect_failed' : 'upstream_auth_failed'
    throw new GatewayError(code, { cause })
  }
  return { value, lifeMs: (numberAt(answer, 'expires_in') ?? LIFE_S) * 1000 }
}

async function ask({ address, form, proxy }: TokenRequest): Promise<Response> {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(form).toString(),
    redirect: 'error' as const,
    signal: AbortSignal.timeout(EXCHANGE_TIMEOUT_MS),
    proxy: proxy ?? false,
  }
  try {
    return await fetch(address, init as RequestInit)
  } catch (cause) {
    throw new GatewayError('upstream_connect_failed', { cause })
  }
}
