/** The overload of a worker for the operator: what presses, what is done about it. */
import { Elysia } from 'elysia'
import { adminOnly } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import { errors, ok } from './openapi.ts'
import type { RouterOptions } from './options.ts'
import { plainHeaders, type WriteProblem } from './problem.ts'

/** `GET /api/overload`. Like all routes of the operator it answers while requests are refused. */
export function overloadRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const { overload, worker } = options
  const state = (): Response => Response.json({ ...overload(), worker }, { headers: plainHeaders })
  return new Elysia({ name: 'overload', normalize: false })
    .use(adminOnly(options.adminToken, writeProblem))
    .guard({ admin: true }, (closed) =>
      closed
        .get('/api/overload', state, {
          parse: 'none',
          detail: {
            operationId: 'getOverload',
            tags: ['Operations'],
            summary: 'How much a worker has to do, and what it refuses because of that',
            description:
              'The pressure is the worst of memory, event loop and descriptors, each against its ' +
              'limit. From 0.85 on nothing is retried or hedged, from 0.92 requests of low ' +
              'priority are refused, from 0.95 all new ones, and from 0.98 of the memory the ' +
              'streams that hold most of it are ended. Of the worker that happens to answer.',
            security: [{ adminToken: [] }, {}],
            responses: { 200: ok('Overload'), ...errors(401) },
          },
        })
        .all('/api/overload', refuseMethod(writeProblem, 'GET, HEAD'), hidden),
    )
}
