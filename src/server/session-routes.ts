/** Logging in to the dashboard and out of it. Open, because nobody has a session before. */
import { Elysia } from 'elysia'
import { GatewayError } from '../core/errors.ts'
import { isObject } from '../core/json.ts'
import { Admin } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import { arrivalOf } from './arrival.ts'
import { jsonBody } from './json-body.ts'
import { LoginLimit } from './login-limit.ts'
import type { RouterOptions } from './options.ts'
import { isOwnPage } from './origin.ts'
import { plainHeaders, type WriteProblem } from './problem.ts'

const path = '/dashboard/session'

/** A token is 4096 characters at most. */
const BODY_BYTES_MAX = 8192

/** How long the answer to a wrong token takes at least, so that guessing is slow. */
const WRONG_TOKEN_MS = 300

/** `GET`, `POST` and `DELETE /dashboard/session`. */
export function sessionRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const admin = options.adminToken === null ? null : new Admin(options.adminToken)
  const limit = new LoginLimit()
  const answered = async (answer: () => Promise<Response>): Promise<Response> => {
    try {
      return await answer()
    } catch (thrown) {
      return writeProblem(thrown)
    }
  }
  const secure = ({ headers }: Request): boolean =>
    options.tls !== null || (headers.get('origin')?.startsWith('https://') ?? false)

  const logIn = async (request: Request): Promise<Response> => {
    const address = arrivalOf(request).connection.clientAddress ?? ''
    const body = await jsonBody(request, BODY_BYTES_MAX)
    if (admin === null) return state(null, request)
    const retryAfterMs = limit.waitMs(address)
    if (retryAfterMs > 0) {
      const message = 'Too many wrong tokens; try again later.'
      throw new GatewayError('rate_limit_exceeded', { message, retryAfterMs })
    }
    const token = isObject(body) && typeof body.token === 'string' ? body.token : ''
    if (!admin.isToken(token)) {
      limit.failed(address)
      options.onWrongToken(address)
      await Bun.sleep(WRONG_TOKEN_MS)
      throw new GatewayError('invalid_api_key', { message: 'This is not the admin token.' })
    }
    const cookie = admin.sessions.cookie(admin.sessions.begin(Date.now()), secure(request))
    return told({ required: true, authenticated: true }, cookie)
  }

  const logOut = async (request: Request): Promise<Response> => {
    // Without this another page could end the session, which is no harm but a nuisance.
    if (!isOwnPage(request.headers)) throw new GatewayError('forbidden')
    if (admin === null) return state(null, request)
    const cookie = admin.sessions.cookie('', secure(request))
    return told({ required: true, authenticated: false }, cookie)
  }

  return new Elysia({ name: 'session', normalize: false })
    .get(path, ({ request }) => state(admin, request), hidden)
    .post(path, ({ request }) => answered(() => logIn(request)), hidden)
    .delete(path, ({ request }) => answered(() => logOut(request)), hidden)
    .all(path, refuseMethod(writeProblem, 'GET, HEAD, POST, DELETE'), hidden)
}

/** Whether a session is needed, and whether the request has one. */
function state(admin: Admin | null, { headers }: Request): Response {
  if (admin === null) return told({ required: false, authenticated: true })
  const hasSession = admin.sessions.expiryOf(headers.get('cookie'), Date.now()) !== null
  return told({ required: true, authenticated: hasSession || admin.hasToken(headers) })
}

function told(body: { required: boolean; authenticated: boolean }, cookie?: string): Response {
  const headers = { ...plainHeaders, ...(cookie !== undefined && { 'set-cookie': cookie }) }
  return Response.json(body, { headers })
}
