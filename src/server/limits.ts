/** What limits are counted in, for the operator: which store, how it is, and who is remembered. */
import { Elysia } from 'elysia'
import { adminOnly } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import { errors, ok } from './openapi.ts'
import type { RouterOptions } from './options.ts'
import { plainHeaders, type WriteProblem } from './problem.ts'

/** `GET /api/limits`. Counts only: nothing in it names a key. */
export function limitRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const { limits, worker } = options
  const state = (): Response => Response.json({ ...limits(), worker }, { headers: plainHeaders })
  return new Elysia({ name: 'limits', normalize: false })
    .use(adminOnly(options.adminToken, writeProblem))
    .guard({ admin: true }, (closed) =>
      closed
        .get('/api/limits', state, {
          parse: 'none',
          detail: {
            operationId: 'getLimits',
            tags: ['Operations'],
            summary: 'What limits are counted in, and how well that goes',
            description:
              'While the store is `away`, rates and places are decided on a share of each limit ' +
              'and budgets are refused with 503; the counters say how often. Of the worker that ' +
              'happens to answer.',
            security: [{ adminToken: [] }, {}],
            responses: { 200: ok('Limits'), ...errors(401) },
          },
        })
        .all('/api/limits', refuseMethod(writeProblem, 'GET, HEAD'), hidden),
    )
}
