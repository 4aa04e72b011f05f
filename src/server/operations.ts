/** Routes for whoever runs the program. */
import { Elysia } from 'elysia'
import { GatewayError } from '../core/errors.ts'
import { adminOnly } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import { errors, ok } from './openapi.ts'
import type { RouterOptions, ServerStatus } from './options.ts'
import { plainHeaders, type WriteProblem } from './problem.ts'

/** Probes answer everybody, because orchestrators send no token. */
export function probeRoutes({ status }: RouterOptions, writeProblem: WriteProblem) {
  const wrongMethod = refuseMethod(writeProblem, 'GET, HEAD')
  return new Elysia({ name: 'probes', normalize: false })
    .get('/healthz', () => json({ status: 'ok' }), {
      parse: 'none',
      detail: {
        operationId: 'getHealth',
        tags: ['Operations'],
        summary: 'Whether the process lives',
        security: [],
        responses: { 200: ok('Health') },
      },
    })
    .get('/readyz', () => readiness(status(), writeProblem), {
      parse: 'none',
      detail: {
        operationId: 'getReadiness',
        tags: ['Operations'],
        summary: 'Whether new requests are wanted',
        description:
          'Answers 503 while the server drains, or has so much to do that it refuses new ' +
          'requests, so that a load balancer looks elsewhere.',
        security: [],
        responses: { 200: ok('Readiness'), ...errors(503) },
      },
    })
    .all('/healthz', wrongMethod, hidden)
    .all('/readyz', wrongMethod, hidden)
}

/** All that belongs into a group that is closed as a whole. */
export function operationsRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const { pool, worker } = options
  const wrongMethod = refuseMethod(writeProblem, 'GET, HEAD')
  return new Elysia({ name: 'operations', normalize: false })
    .use(adminOnly(options.adminToken, writeProblem))
    .guard({ admin: true }, (closed) =>
      closed
        .get('/buffer-pool-metrics', () => json({ ...pool.getMetrics(), worker }), {
          parse: 'none',
          detail: {
            operationId: 'getBufferPoolMetrics',
            tags: ['Operations'],
            summary: 'State of the buffer pool',
            description: 'Of the worker that happens to answer; `worker` says which of how many.',
            security: [{ adminToken: [] }, {}],
            responses: { 200: ok('BufferPoolMetrics'), ...errors(401) },
          },
        })
        .all('/buffer-pool-metrics', wrongMethod, hidden),
    )
}

function readiness(status: ServerStatus, writeProblem: WriteProblem) {
  const { configuration } = status
  if (status.draining) return writeProblem(new GatewayError('not_ready'))
  if (!status.ready) {
    return writeProblem(new GatewayError('not_ready', { message: 'The server is starting.' }))
  }
  if (status.load === 'shedding') {
    const message = 'The server has too much to do and refuses new requests.'
    return writeProblem(new GatewayError('not_ready', { message }))
  }
  return json({ status: 'ready', configuration })
}

const json = (body: object): Response => Response.json(body, { headers: plainHeaders })
