/**
 * The operator's session in a browser, which can send no `authorization` when it opens a page or a
 * socket. What stands in the cookie is when the session ends, signed with a key that comes from the
 * operator's token: so every worker and every successor takes it, nothing is kept, and another
 * token ends all sessions.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

/** How long a session lasts: a working day. */
export const sessionMs = 12 * 3_600_000

/** What is signed begins so, so that the signature of one thing is never that of another. */
const PURPOSE = 'sluice dashboard session 1 '
const NAMING = 'sluice dashboard session name'

/** The first part of the cookie's name, behind which a few letters stand that the token gives. */
const NAME = 'sluice-session-'

/** Browsers hold a cookie whose name begins so to this very host, and to TLS. */
const SECURE = '__Host-'

/** A longer value is none of ours. */
const VALUE_CHARACTERS_MAX = 100

/** Makes and checks the sessions of one operator's token. */
export class Sessions {
  readonly #token: string
  /** Browsers do not tell ports apart: by one name two programs would end each other's. */
  readonly #name: string

  constructor(token: string) {
    this.#token = token
    this.#name = NAME + createHmac('sha256', token).update(NAMING).digest('hex').slice(0, 8)
  }

  /** The value of a session that begins now. @param now wall time in milliseconds. */
  begin(now: number): string {
    const expiry = (now + sessionMs).toString(36)
    return `${expiry}.${this.#signature(expiry).toString('base64url')}`
  }

  /** When the session of the cookies ends, in wall milliseconds; null where none is good. */
  expiryOf(cookieHeader: string | null, now: number): number | null {
    for (const value of this.#valuesIn(cookieHeader)) {
      const expiresAt = this.#expiry(value)
      if (expiresAt !== null && expiresAt > now && expiresAt <= now + sessionMs) return expiresAt
    }
    return null
  }

  /**
   * `set-cookie` of a session, or of its end where `value` is empty.
   * @param isSecure whether the page was loaded over TLS, by us or by a proxy before us.
   */
  cookie(value: string, isSecure: boolean): string {
    const name = `${isSecure ? SECURE : ''}${this.#name}`
    const seconds = value === '' ? 0 : sessionMs / 1000
    const flags = `Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict`
    return `${name}=${value}; ${flags}${isSecure ? '; Secure' : ''}`
  }

  /** A page that was loaded with and without TLS has two of them. */
  #valuesIn(cookieHeader: string | null): string[] {
    if (cookieHeader === null) return []
    return cookieHeader.split(';').flatMap((pair) => {
      const [name = '', value = ''] = pair.trim().split('=', 2)
      const isOurs = name === this.#name || name === `${SECURE}${this.#name}`
      return isOurs && value.length <= VALUE_CHARACTERS_MAX ? [value] : []
    })
  }

  #expiry(value: string): number | null {
    const match = /^([0-9a-z]{1,12})\.([A-Za-z0-9_-]{43})$/.exec(value)
    const [, expiry = '', signature = ''] = match ?? []
    // Both have the length of a digest, so the comparison takes the same time whatever was sent.
    const isGood =
      match !== null &&
      timingSafeEqual(this.#signature(expiry), Buffer.from(signature, 'base64url'))
    return isGood ? Number.parseInt(expiry, 36) : null
  }

  #signature(expiry: string): Buffer {
    return createHmac('sha256', this.#token).update(`${PURPOSE}${expiry}`).digest()
  }
}
