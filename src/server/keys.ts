/**
 * Managed keys for the operator. Unlike what only shows the state of a worker, these routes are
 * never open: without an `ADMIN_TOKEN` they refuse everybody.
 */
import { Elysia } from 'elysia'
import { GatewayError } from '../core/errors.ts'
import { adminOnly } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import { arrivalOf } from './arrival.ts'
import { jsonBody } from './json-body.ts'
import { keyDetails } from './key-details.ts'
import type { RouterOptions } from './options.ts'
import { plainHeaders, type WriteProblem } from './problem.ts'

/** A key has three scopes of 256 names at most; nobody needs all of them at full length. */
const BODY_BYTES_MAX = 128 * 1024

/** `/api/keys`, `/api/keys/{id}` and `/api/keys/{id}/rotate`. */
export function keyRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const { keys } = options
  const answered = async (answer: () => Promise<object>, status = 200): Promise<Response> => {
    try {
      return Response.json(await answer(), { status, headers: plainHeaders })
    } catch (thrown) {
      return writeProblem(thrown)
    }
  }
  const body = (request: Request) => jsonBody(request, BODY_BYTES_MAX)
  const withoutToken = () => {
    if (options.adminToken !== null) return
    const message = 'Keys can be managed here only where the server has an ADMIN_TOKEN.'
    return writeProblem(new GatewayError('forbidden', { message }))
  }
  return new Elysia({ name: 'keys', normalize: false })
    .use(adminOnly(options.adminToken, writeProblem))
    .guard({ admin: true, beforeHandle: withoutToken }, (closed) =>
      closed
        .get('/api/keys', ({ request }) => answered(() => keys.list(queryOf(request))), {
          parse: 'none',
          detail: keyDetails.list,
        })
        .post(
          '/api/keys',
          ({ request }) => answered(async () => keys.create(await body(request)), 201),
          { parse: 'none', detail: keyDetails.create },
        )
        .get('/api/keys/:id', ({ params }) => answered(() => keys.get(params.id)), {
          parse: 'none',
          detail: keyDetails.get,
        })
        .patch(
          '/api/keys/:id',
          ({ params, request }) =>
            answered(async () => keys.change(params.id, await body(request))),
          { parse: 'none', detail: keyDetails.change },
        )
        .delete('/api/keys/:id', ({ params }) => answered(() => keys.revoke(params.id)), {
          parse: 'none',
          detail: keyDetails.revoke,
        })
        .post(
          '/api/keys/:id/rotate',
          ({ params, request }) =>
            answered(async () => {
              // Without a body there is nothing to say: the old secret ends at once.
              const { body: sent } = arrivalOf(request).request
              const isEmpty = request.headers.get('content-length') === '0' || sent === null
              return keys.rotate(params.id, isEmpty ? {} : await body(request))
            }),
          { parse: 'none', detail: keyDetails.rotate },
        )
        .all('/api/keys', refuseMethod(writeProblem, 'GET, HEAD, POST'), hidden)
        .all('/api/keys/:id', refuseMethod(writeProblem, 'GET, HEAD, PATCH, DELETE'), hidden)
        .all('/api/keys/:id/rotate', refuseMethod(writeProblem, 'POST'), hidden),
    )
}

/** @throws GatewayError `invalid_request` for a name that occurs twice. */
function queryOf(request: Request): Readonly<Record<string, string>> {
  const { searchParams } = new URL(request.url)
  const names = [...searchParams.keys()]
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) {
    const message = 'A parameter of the address occurs twice.'
    throw new GatewayError('invalid_request', { message, param: twice.slice(0, 100) })
  }
  return Object.fromEntries(searchParams)
}
