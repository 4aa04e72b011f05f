/** Circuit breakers for the operator: what they do now, and opening or closing them by hand. */
import { Elysia } from 'elysia'
import { GatewayError } from '../core/errors.ts'
import { adminOnly } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import { jsonBody } from './json-body.ts'
import { errors, ok, requestBody } from './openapi.ts'
import type { RouterOptions } from './options.ts'
import { plainHeaders, type WriteProblem } from './problem.ts'

/** A change is two short words; a longer body is none. */
const BODY_BYTES_MAX = 4096

/** `GET` and `PUT /api/breakers`. */
export function breakerRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const { breakers, worker } = options
  const listed = (): Response =>
    Response.json({ breakers: breakers.list(), worker }, { headers: plainHeaders })
  return new Elysia({ name: 'breakers', normalize: false })
    .use(adminOnly(options.adminToken, writeProblem))
    .guard({ admin: true }, (closed) =>
      closed
        .get('/api/breakers', listed, {
          parse: 'none',
          detail: {
            operationId: 'listBreakers',
            tags: ['Operations'],
            summary: 'Circuit breakers of the targets that were used',
            description: 'Of the worker that happens to answer; `worker` says which of how many.',
            security: [{ adminToken: [] }, {}],
            responses: { 200: ok('Breakers'), ...errors(401) },
          },
        })
        .put(
          '/api/breakers',
          async ({ request }) => {
            try {
              const { target, override } = await changeOf(request)
              breakers.set(target, override)
              return listed()
            } catch (thrown) {
              return writeProblem(thrown)
            }
          },
          {
            parse: 'none',
            detail: {
              operationId: 'setBreaker',
              tags: ['Operations'],
              summary: 'Open or close a breaker by hand',
              description:
                '`open` takes the target out of use and `closed` keeps it in use, both until ' +
                '`auto` lets the program decide again. Holds for all workers.',
              security: [{ adminToken: [] }, {}],
              requestBody: requestBody('BreakerChange'),
              responses: { 200: ok('Breakers'), ...errors(400, 401, 415) },
            },
          },
        )
        .all('/api/breakers', refuseMethod(writeProblem, 'GET, HEAD, PUT'), hidden),
    )
}

/** Reads what is wanted. */
async function changeOf(request: Request) {
  const body = await jsonBody(request, BODY_BYTES_MAX)
  // Loaded when it is first needed: a start does not wait for what checks bodies.
  const { BreakerChange } = await import('./operation-schemas.ts')
  const change = BreakerChange.safeParse(body)
  if (change.success) return change.data
  const issue = change.error.issues[0]
  throw new GatewayError('invalid_request', {
    message: 'The body must be {"target": "provider/model", "override": "open|closed|auto"}.',
    param: String(issue?.path[0] ?? 'target'),
  })
}
