/** `GET /dashboard/feed`: the one address that becomes a socket. */
import { Elysia } from 'elysia'
import { GatewayError } from '../core/errors.ts'
import { Admin, adminOnly } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import { arrivalOf } from './arrival.ts'
import type { Feed } from './feed.ts'
import { feedPath } from './guard.ts'
import type { RouterOptions } from './options.ts'
import { isOwnPage } from './origin.ts'
import type { WriteProblem } from './problem.ts'

/** Behind the operator's token or a session, as all that shows what the program does. */
export function feedRoute(options: RouterOptions, feed: Feed, writeProblem: WriteProblem) {
  const { adminToken, corsOrigins } = options
  const admin = adminToken === null ? null : new Admin(adminToken)

  const accept = (routed: Request): Response => {
    const { connection, request } = arrivalOf(routed)
    const { headers } = request
    if (headers.get('upgrade')?.toLowerCase() !== 'websocket') {
      const upgrade = { upgrade: 'websocket', connection: 'upgrade' }
      const message = 'This address speaks WebSocket only.'
      const error = new GatewayError('upgrade_not_supported', { message })
      return writeProblem(error, undefined, upgrade)
    }
    const isOperator = admin?.hasToken(headers) ?? false
    checkOrigin(headers, corsOrigins, admin !== null && !isOperator)
    if (feed.isClosed) throw new GatewayError('not_ready')
    if (feed.isFull) {
      const message = 'As many dashboards are open as may be.'
      throw new GatewayError('overloaded', { message, retryAfterMs: 10_000 })
    }
    const expiresAt =
      admin === null || isOperator
        ? null
        : admin.sessions.expiryOf(headers.get('cookie'), Date.now())
    if (!connection.upgrade({ expiresAt })) {
      throw new GatewayError('invalid_header', { message: 'This is no WebSocket handshake.' })
    }
    // Nobody gets it: the connection is a socket by now.
    return new Response(null)
  }

  return new Elysia({ name: 'feed', normalize: false })
    .use(adminOnly(adminToken, writeProblem))
    .guard({ admin: true }, (closed) =>
      closed
        .get(
          feedPath,
          ({ request }) => {
            try {
              return accept(request)
            } catch (thrown) {
              return writeProblem(thrown)
            }
          },
          hidden,
        )
        .all(feedPath, refuseMethod(writeProblem, 'GET, HEAD'), hidden),
    )
}

/**
 * Browsers let a page of any site open a socket anywhere, and send the cookies along; only the
 * origin tells who it was. Who is no browser sends none, and shows the token in place of a cookie.
 * @throws GatewayError `forbidden`
 */
function checkOrigin(headers: Headers, allowed: readonly string[], hasCookieOnly: boolean): void {
  const origin = headers.get('origin')
  if (origin === null ? !hasCookieOnly : isOwnPage(headers) || allowed.includes(origin)) return
  // Any origin may read what is open to all, where the operator said so; a session is not.
  if (origin !== null && allowed.includes('*') && !hasCookieOnly) return
  const message = 'Only pages of this server may watch it.'
  throw new GatewayError('forbidden', { message })
}
