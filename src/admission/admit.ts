/** The first stage: who may enter. Looks at headers only; the body is unread. */
import { GatewayError } from '../core/errors.ts'

/** A place in the house. Whoever holds it releases it, exactly once. */
export interface Ticket {
  /** A short digest of the key that was used, fit for logs; null where none is asked for. */
  readonly keyId: string | null
  release(): void
}

/** The door. */
export interface Admission {
  /** @throws GatewayError `invalid_api_key`, the same for a missing and for a wrong key. */
  admit(headers: Headers): Ticket
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
 * a guess was right.
 */
export function createAdmission(apiKeys: readonly string[]): Admission {
  const digests = new Set(apiKeys.map(digest))
  let inside = 0

  const enter = (keyId: string | null): Ticket => {
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
    admit(headers) {
      if (digests.size === 0) return enter(null)
      const key = bearerKey(headers)
      const keyDigest = key === null ? null : digest(key)
      if (keyDigest === null || !digests.has(keyDigest)) throw new GatewayError('invalid_api_key')
      return enter(keyDigest.slice(0, 12))
    },
  }
}

function bearerKey(headers: Headers): string | null {
  const match = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')
  const key = match?.[1] ?? null
  return key !== null && key.length <= KEY_CHARACTERS_MAX ? key : null
}
