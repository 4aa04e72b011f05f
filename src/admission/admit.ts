/** The first stage: who may enter. Looks at headers only; the body is unread. */
import { GatewayError } from '../core/errors.ts'
import type { Overload } from './overload.ts'

/** A place in the house. Whoever holds it releases it, exactly once. */
export interface Ticket {
  /** A short digest of the key that was used, fit for logs; null where none is asked for. */
  readonly keyId: string | null
  release(): void
}

/** The door. */
export interface Admission {
  /**
   * @param search the query, where Gemini's clients may put their key
   * @throws GatewayError `invalid_api_key`, the same for a missing and for a wrong key;
   *   `overloaded` where there is too much to do already.
   */
  admit(headers: Headers, search: string): Ticket
  /** Puts other keys in the place of the present ones; who is inside already stays. */
  renew(apiKeys: readonly string[]): void
  /** Tickets that are out. */
  readonly inside: number
}

/** A key longer than this is not looked at. */
const KEY_CHARACTERS_MAX = 512

const digest = (key: string): string => new Bun.CryptoHasher('sha256').update(key).digest('hex')

/**
 * Makes the door for a list of keys; an empty list lets everybody in.
 *
 * Keys are looked up by their digest, so that the time of a look-up says nothing about how much of
 * a guess was right. Who has none is told so under any load; the load is for those who may enter.
 */
export function createAdmission(apiKeys: readonly string[], overload: Overload): Admission {
  let digests = new Set(apiKeys.map(digest))
  let inside = 0

  const enter = (keyId: string | null, headers: Headers): Ticket => {
    overload.check(headers, inside)
    let held = true
    inside += 1
    return {
      keyId,
      release() {
        if (held) inside -= 1
        held = false
      },
    }
  }

  return {
    get inside() {
      return inside
    },
    renew(keys) {
      digests = new Set(keys.map(digest))
    },
    admit(headers, search) {
      if (digests.size === 0) return enter(null, headers)
      const key = presentedKey(headers, search)
      const keyDigest = key === null ? null : digest(key)
      if (keyDigest === null || !digests.has(keyDigest)) throw new GatewayError('invalid_api_key')
      return enter(keyDigest.slice(0, 12), headers)
    },
  }
}

/** The key where one of the official SDKs would put it; the first place that has one counts. */
function presentedKey(headers: Headers, search: string): string | null {
  const key =
    /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1] ??
    headers.get('x-api-key') ??
    headers.get('x-goog-api-key') ??
    new URLSearchParams(search).get('key')
  return key !== null && key.length <= KEY_CHARACTERS_MAX ? key : null
}
