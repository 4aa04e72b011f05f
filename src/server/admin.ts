/** The operator's token. Attached to groups of routes, never decided from a path. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { Elysia } from 'elysia'
import { GatewayError } from '../core/errors.ts'
import type { WriteProblem } from './problem.ts'

/**
 * A plugin whose macro `admin: true` closes a route, or a group by `guard`, to everybody who does
 * not send `authorization: Bearer <token>`. A null token leaves them open.
 */
export function adminOnly(token: string | null, writeProblem: WriteProblem) {
  const expected = token === null ? null : digest(token)
  return new Elysia({ name: 'admin-only' }).macro({
    admin: {
      beforeHandle({ request }: { request: Request }) {
        if (expected === null || isBearer(request.headers.get('authorization'), expected)) return
        const error = new GatewayError('invalid_api_key', {
          message: 'This address needs the admin token as `Authorization: Bearer <token>`.',
        })
        return writeProblem(error)
      },
    },
  })
}

function isBearer(authorization: string | null, expected: Buffer): boolean {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? ''
  // Digests have one length, so the comparison takes the same time whatever was sent.
  return timingSafeEqual(digest(token), expected)
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
