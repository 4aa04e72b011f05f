/** Alerts for the operator: rules, states and messages, and a wish to hear nothing of a rule. */
import { Elysia } from 'elysia'
import { GatewayError } from '../core/errors.ts'
import { adminOnly } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import { jsonBody } from './json-body.ts'
import { errors, ok, requestBody } from './openapi.ts'
import type { RouterOptions } from './options.ts'
import { plainHeaders, type WriteProblem } from './problem.ts'

/** A silence is one number. */
const BODY_BYTES_MAX = 1024

/** `GET /api/alerts` and `PUT /api/alerts/{rule}`. */
export function alertRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const { alerts, worker } = options
  const answered = async (answer: () => Promise<object>): Promise<Response> => {
    try {
      return Response.json({ ...(await answer()), worker }, { headers: plainHeaders })
    } catch (thrown) {
      return writeProblem(thrown)
    }
  }
  return new Elysia({ name: 'alerts', normalize: false })
    .use(adminOnly(options.adminToken, writeProblem))
    .guard({ admin: true }, (closed) =>
      closed
        .get('/api/alerts', () => answered(() => alerts.view()), {
          parse: 'none',
          detail: {
            operationId: 'listAlerts',
            tags: ['Operations'],
            summary: 'Alert rules with their states, and the messages that were sent',
            description: 'The states are those of all workers together.',
            security: [{ adminToken: [] }, {}],
            responses: { 200: ok('Alerts'), ...errors(401) },
          },
        })
        .put(
          '/api/alerts/:id',
          ({ params, request }) =>
            answered(async () => alerts.silence(params.id, await secondsOf(request))),
          {
            parse: 'none',
            detail: {
              operationId: 'silenceAlert',
              tags: ['Operations'],
              summary: 'Hear nothing of one rule for a while',
              description:
                'It is looked at all the same, and who was told that it fires is told of its ' +
                'end. Holds for all workers until it is over or all have ended.',
              security: [{ adminToken: [] }, {}],
              parameters: [
                {
                  name: 'id',
                  in: 'path',
                  required: true,
                  description: 'The name of the rule.',
                  schema: { type: 'string' },
                },
              ],
              requestBody: requestBody('AlertSilence'),
              responses: { 200: ok('Alerts'), ...errors(400, 401, 404, 415) },
            },
          },
        )
        .all('/api/alerts', refuseMethod(writeProblem, 'GET, HEAD'), hidden)
        .all('/api/alerts/:id', refuseMethod(writeProblem, 'PUT'), hidden),
    )
}

/** Reads for how long. */
async function secondsOf(request: Request): Promise<number> {
  const body = await jsonBody(request, BODY_BYTES_MAX)
  // Loaded when it is first needed: a start does not wait for what checks bodies.
  const { AlertSilence } = await import('./alert-schemas.ts')
  const silence = AlertSilence.safeParse(body)
  if (silence.success) return silence.data.silenceSeconds
  const message = 'The body must be {"silenceSeconds": 0 to 2592000}.'
  throw new GatewayError('invalid_request', { message, param: 'silenceSeconds' })
}
