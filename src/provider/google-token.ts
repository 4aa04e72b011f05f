/** Google's credentials: an API key, or an OAuth token that a service account signs for. */
import { importPKCS8, SignJWT } from 'jose'
import { GatewayError } from '../core/errors.ts'
import { isObject, textAt } from '../core/json.ts'
import { CachedToken } from './cached-token.ts'
import { exchangeForToken } from './token-exchange.ts'

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

/** The current token of one service account: asked for once, kept until shortly before its end. */
export class AccessToken {
  readonly #account: ServiceAccount
  readonly #token: CachedToken

  /** @param proxy for the exchange; null uses none, whatever the environment says. */
  constructor(account: ServiceAccount, proxy: string | null = null) {
    this.#account = account
    this.#token = new CachedToken(async () => {
      const form = { grant_type: GRANT, assertion: await this.#sign() }
      return exchangeForToken({ address: account.tokenUri, form, reasonField: 'error', proxy })
    })
  }

  /**
   * A token that is good for another minute. Whoever asks while one is fetched waits for that one.
   * @throws GatewayError `upstream_auth_failed` where the account is refused,
   *   `upstream_connect_failed` where the endpoint cannot be asked.
   */
  get(): Promise<string> {
    return this.#token.get()
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
}
