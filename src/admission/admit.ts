/** The first stage: who may enter. Looks at headers only; the body is unread. */
import type { KeyPriority } from '../config/client-key.ts'
import { GatewayError } from '../core/errors.ts'
import type { KeyRecord, KeyRing } from './keys.ts'
import type { Overload } from './overload.ts'
import { priorityOf } from './priority.ts'

/** A place in the house. Whoever holds it releases it, exactly once. */
export interface Ticket {
  /** Whose it is; null where no key is asked for. */
  readonly key: KeyRecord | null
  readonly priority: KeyPriority
  release(): void
}

/** The door. */
export interface Admission {
  /**
   * A promise only where the database must be asked for the key.
   * @param search the query, where Gemini's clients may put their key
   * @throws GatewayError `invalid_api_key`, the same for a missing and for a wrong key;
   *   `overloaded` where there is too much to do already; `store_unavailable` where it cannot be
   *   found out whose key it is.
   */
  admit(headers: Headers, search: string): Ticket | Promise<Ticket>
  /** Tickets that are out. */
  readonly inside: number
}

/** A key longer than this is not looked at. */
const KEY_CHARACTERS_MAX = 512

/**
 * Makes the door. Who has no key is told so under any load; the load is for those who may enter.
 * @param ring knows the keys, and whether one is needed.
 */
export function createAdmission(
  ring: Pick<KeyRing, 'isRequired' | 'find'>,
  overload: Overload,
): Admission {
  let inside = 0

  const enter = (key: KeyRecord | null, headers: Headers): Ticket => {
    const priority = priorityOf(headers, key?.priority)
    overload.check(priority, inside)
    let held = true
    inside += 1
    return {
      key,
      priority,
      release() {
        if (held) inside -= 1
        held = false
      },
    }
  }

  const withKey = (key: KeyRecord | null, headers: Headers): Ticket => {
    if (key === null) throw new GatewayError('invalid_api_key')
    return enter(key, headers)
  }

  const whereRequired = (headers: Headers, search: string): Ticket | Promise<Ticket> => {
    const secret = presentedKey(headers, search)
    const found = secret === null ? null : ring.find(secret)
    return found instanceof Promise
      ? found.then((key) => withKey(key, headers))
      : withKey(found, headers)
  }

  return {
    get inside() {
      return inside
    },
    admit(headers, search) {
      const required = ring.isRequired()
      if (required === false) return enter(null, headers)
      if (required === true) return whereRequired(headers, search)
      return required.then((isNeeded) =>
        isNeeded ? whereRequired(headers, search) : enter(null, headers),
      )
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
