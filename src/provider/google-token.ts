/** Google's credentials: an API key, or an OAuth token that a service account signs for. */
import { importPKCS8, SignJWT } from 'jose'
import { nowMs } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import { isObject, numberAt, textAt } from '../core/json.ts'

/** The key of a service account, as its JSON file holds it. */
export interface ServiceAccount {
  readonly clientEmail: string
  /** PKCS #8 in PEM. */
  readonly privateKey: string
  readonly privateKeyId: string | null
  /** Where a signed claim is exchanged for a token. */
  readonly tokenUri: string
  readonly projectId: string | null
}

const misconfigured = (message: string): GatewayError =>
  new GatewayError('internal_error', { message })

/**
 * A function that puts the key on a call, or nothing where it is null. Credentials that are already
 * there never survive, whoever put them there.
 * @throws GatewayError `internal_error` at once for a key that cannot be a header value.
 */
export function googleKey(apiKey: string | null): (headers: Headers) => void {
  if (apiKey !== null && !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw misconfigured('The API key of a provider may hold visible ASCII characters only.')
  }
  return (headers) => {
    headers.delete('authorization')
    headers.delete('x-goog-api-key')
    if (apiKey !== null) headers.set('x-goog-api-key', apiKey)
  }
}

/**
 * Reads the text of a service account's JSON file.
 * @throws GatewayError `internal_error` naming what is missing, never what is there.
 */
export function parseServiceAccount(text: string): ServiceAccount {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw misconfigured('The file of the service account is not JSON.')
  }
  const file = isObject(parsed) ? parsed : {}
  const required = (key: string): string => {
    const value = textAt(file, key)
    if (value === null || value === '') {
      throw misconfigured(`The file of the service account has no \`${key}\`.`)
    }
    return value
  }
  const tokenUri = textAt(file, 'token_uri') ?? 'https://oauth2.googleapis.com/token'
  if (!/^https?:$/.test(URL.parse(tokenUri)?.protocol ?? '')) {
    throw misconfigured('The `token_uri` of the service account is not an address.')
  }
  return {
    clientEmail: required('client_email'),
    privateKey: required('private_key'),
    privateKeyId: textAt(file, 'private_key_id'),
    tokenUri,
    projectId: textAt(file, 'project_id'),
  }
}

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** The longest that Google allows. */
const CLAIM_LIFE_S = 3_600

/** A token is replaced this long before it expires, so that none expires on its way. */
const MARGIN_MS = 60_000
const EXCHANGE_TIMEOUT_MS = 10_000

/** The current token of one service account: asked for once, kept until shortly before its end. */
export class AccessToken {
  readonly #account: ServiceAccount
  readonly #proxy: string | null
  #token: { readonly value: string; readonly goodUntilMs: number } | null = null
  #underway: Promise<string> | null = null

  /** @param proxy for the exchange; null uses none, whatever the environment says. */
  constructor(account: ServiceAccount, proxy: string | null = null) {
    this.#account = account
    this.#proxy = proxy
  }

  /**
   * A token that is good for another minute. Whoever asks while one is fetched waits for that one.
   * @throws GatewayError `upstream_auth_failed` where the account is refused,
   *   `upstream_connect_failed` where the endpoint cannot be asked.
   */
  get(): Promise<string> {
    const token = this.#token
    if (token !== null && nowMs() < token.goodUntilMs) return Promise.resolve(token.value)
    this.#underway ??= this.#exchange().finally(() => {
      this.#underway = null
    })
    return this.#underway
  }

  async #exchange(): Promise<string> {
    const askedAtMs = nowMs()
    const assertion = await this.#sign()
    const response = await this.#ask(assertion)
    const body: unknown = await response.json().catch(() => null)
    const value = isObject(body) ? textAt(body, 'access_token') : null
    if (!response.ok || value === null || !/^[\x21-\x7e]+$/.test(value)) {
      // Google's words are about the operator's account; they stay in the log.
      const said = isObject(body) ? textAt(body, 'error') : null
      const cause = new Error(`HTTP ${response.status}, ${said ?? 'no reason given'}`)
      const code = response.status >= 500 ? 'upstream_connect_failed' : 'upstream_auth_failed'
      throw new GatewayError(code, { cause })
    }
    const lifeS = (isObject(body) ? numberAt(body, 'expires_in') : null) ?? CLAIM_LIFE_S
    this.#token = { value, goodUntilMs: askedAtMs + lifeS * 1000 - MARGIN_MS }
    return value
  }

  async #sign(): Promise<string> {
    const { clientEmail, privateKey, privateKeyId, tokenUri } = this.#account
    const nowS = Math.floor(Date.now() / 1000)
    try {
      const key = await importPKCS8(privateKey, 'RS256')
      return await new SignJWT({ scope: SCOPE })
        .setProtectedHeader({
          alg: 'RS256',
          typ: 'JWT',
          ...(privateKeyId !== null && { kid: privateKeyId }),
        })
        .setIssuer(clientEmail)
        .setAudience(tokenUri)
        .setIssuedAt(nowS)
        .setExpirationTime(nowS + CLAIM_LIFE_S)
        .sign(key)
    } catch {
      // The exception may quote the key.
      throw new GatewayError('upstream_auth_failed', {
        cause: new Error('The private key of the service account cannot be used.'),
      })
    }
  }

  async #ask(assertion: string): Promise<Response> {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: GRANT, assertion }).toString(),
      redirect: 'error' as const,
      signal: AbortSignal.timeout(EXCHANGE_TIMEOUT_MS),
      proxy: this.#proxy ?? false,
    }
    try {
      return await fetch(this.#account.tokenUri, init as RequestInit)
    } catch (cause) {
      throw new GatewayError('upstream_connect_failed', { cause })
    }
  }
}
