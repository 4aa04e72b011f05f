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

/** The name of the cookie; browsers hold the second, which needs TLS, to this very host. */
export const cookieNames = { plain: 'sluice-session', secure: '__Host-sluice-session' } as const

/** A longer value is none of ours. */
const VALUE_CHARACTERS_MAX = 100

/** Makes and checks the sessions of one operator's token. */
export class Sessions {
  readonly #token: string

  constructor(token: string) {
    this.#token = token
  }

  /** The value of a session that begins now. @param now wall time in milliseconds. */
  begin(now: number): string {
    const expiry = (now + sessionMs).toString(36)
    return `${expiry}.${this.#signature(expiry).toString('base64url')}`
  }

  /** When the session of the cookies ends, in wall milliseconds; null where none is good. */
  expiryOf(cookieHeader: string | null, now: number): number | null {
    for (const value of sessionValues(cookieHeader)) {
      const expiresAt = this.#expiry(value)
      if (expiresAt !== null && expiresAt > now && expiresAt <= now + sessionMs) return expiresAt
    }
    return null
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

/** Two programs on one machine share their cookies, so there may be several of one name. */
function sessionValues(cookieHeader: string | null): string[] {
  if (cookieHeader === null) return []
  return cookieHeader.split(';').flatMap((pair) => {
    const [name = '', value = ''] = pair.trim().split('=', 2)
    const isOurs = name === cookieNames.plain || name === cookieNames.secure
    return isOurs && value.length <= VALUE_CHARACTERS_MAX ? [value] : []
  })
}

/**
 * `set-cookie` of a session, or of its end where `value` is empty.
 * @param isSecure whether the page was loaded over TLS, by us or by a proxy before us.
 */
export function sessionCookie(value: string, isSecure: boolean): string {
  const name = isSecure ? cookieNames.secure : cookieNames.plain
  const seconds = value === '' ? 0 : sessionMs / 1000
  const flags = `Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
  return `${name}=${value}; ${flags}`
}
