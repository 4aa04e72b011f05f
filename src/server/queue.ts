/** Who waits for what, for the operator: providers and targets that take so many at once. */
import { Elysia } from 'elysia'
import { adminOnly } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import { errors, ok } from './openapi.ts'
import type { RouterOptions } from './options.ts'
import { plainHeaders, type WriteProblem } from './problem.ts'

/** `GET /api/queue`. Counts only: nothing in it names a key. */
export function queueRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const { gates, worker } = options
  const state = (): Response => Response.json({ gates: gates(), worker }, { headers: plainHeaders })
  return new Elysia({ name: 'queue', normalize: false })
    .use(adminOnly(options.adminToken, writeProblem))
    .guard({ admin: true }, (closed) =>
      closed
        .get('/api/queue', state, {
          parse: 'none',
          detail: {
            operationId: 'getQueue',
            tags: ['Operations'],
            summary: 'Providers and targets, what they have to do, and who waits for them',
            description:
              'One entry for each provider that was asked, and for each target of a route with a ' +
              'limit of its own. A request that may go to several waits for all of them and ' +
              'counts at each. Of the worker that happens to answer.',
            security: [{ adminToken: [] }, {}],
            responses: { 200: ok('Queue'), ...errors(401) },
          },
        })
        .all('/api/queue', refuseMethod(writeProblem, 'GET, HEAD'), hidden),
    )
}
