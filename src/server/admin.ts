/** The operator's token. Attached to groups of routes, never decided from a path. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { Elysia } from 'elysia'
import { GatewayError } from '../core/errors.ts'
import { isOwnPage } from './origin.ts'
import type { WriteProblem } from './problem.ts'
import { Sessions } from './session.ts'

/** These change nothing, and no other page gets to read their answers. */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * A plugin whose macro `admin: true` closes a route, or a group by `guard`, to everybody who does
 * not send `authorization: Bearer <token>` or comes with a session of the dashboard. A null token
 * leaves them open.
 */
export function adminOnly(token: string | null, writeProblem: WriteProblem) {
  const admin = token === null ? null : new Admin(token)
  return new Elysia({ name: 'admin-only' }).macro({
    admin: {
      beforeHandle({ request }: { request: Request }) {
        const refusal = admin?.refusal(request) ?? null
        return refusal === null ? undefined : writeProblem(refusal)
      },
    },
  })
}

/** Who is the operator, where there is a token. */
export class Admin {
  readonly sessions: Sessions
  readonly #expected: Buffer

  constructor(token: string) {
    this.#expected = digest(token)
    this.sessions = new Sessions(token)
  }

  /** Whether a text is the token. Digests have one length, so every comparison takes as long. */
  isToken(text: string): boolean {
    return timingSafeEqual(digest(text), this.#expected)
  }

  /** Whether a request says the token itself. */
  hasToken(headers: Headers): boolean {
    return this.isToken(/^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? '')
  }

  /** Why a request may not be answered, or null. A cookie comes along with whatever a page asks. */
  refusal({ method, headers }: Request): GatewayError | null {
    if (this.hasToken(headers)) return null
    if (this.sessions.expiryOf(headers.get('cookie'), Date.now()) === null) {
      const message = 'This address needs the admin token as `Authorization: Bearer <token>`.'
      return new GatewayError('invalid_api_key', { message })
    }
    if (safeMethods.has(method) || isOwnPage(headers)) return null
    const message = 'With a session only the pages of this server may change anything.'
    return new GatewayError('forbidden', { message })
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
