/** `GET /metrics` for Prometheus, of all workers of the machine. */
import { Elysia } from 'elysia'
import type { OpenAPIV3 } from 'openapi-types'
import { GatewayError } from '../core/errors.ts'
import { adminOnly } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import { errors } from './openapi.ts'
import type { RouterOptions } from './options.ts'
import { plainHeaders, type WriteProblem } from './problem.ts'

const text = { schema: { type: 'string' } } as const

const detail: OpenAPIV3.OperationObject = {
  operationId: 'getMetrics',
  tags: ['Operations'],
  summary: 'Metrics for Prometheus',
  description:
    'In the text format of Prometheus, or as OpenMetrics where `accept` prefers that. Sums of ' +
    'all workers of the machine; gauges of which a sum would say nothing are those of the ' +
    'worst one. Answers 404 with `METRICS=off`.',
  security: [{ adminToken: [] }, {}],
  responses: {
    200: {
      description: 'All metrics',
      content: {
        'text/plain': {
          ...text,
          example:
            '# HELP sluice_streams_live Those of them that asked for a stream.\n' +
            '# TYPE sluice_streams_live gauge\nsluice_streams_live 42\n',
        },
        'application/openmetrics-text': text,
      },
    },
    ...errors(401, 404),
  },
}

/** The route. It answers also while requests are refused. */
export function metricsRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const { metrics } = options
  const answer = async (request: Request): Promise<Response> => {
    try {
      if (metrics === null) {
        const message = 'Nothing is counted here: METRICS is off.'
        throw new GatewayError('unknown_url', { message })
      }
      const { text, contentType } = await metrics(request.headers.get('accept'))
      const headers = { ...plainHeaders, 'content-type': contentType, vary: 'Accept' }
      return new Response(text, { headers })
    } catch (thrown) {
      return writeProblem(thrown)
    }
  }
  return new Elysia({ name: 'metrics', normalize: false })
    .use(adminOnly(options.adminToken, writeProblem))
    .guard({ admin: true }, (closed) =>
      closed
        .get('/metrics', ({ request }) => answer(request), { parse: 'none', detail })
        .all('/metrics', refuseMethod(writeProblem, 'GET, HEAD'), hidden),
    )
}
