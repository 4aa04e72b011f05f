/** How requests did lately, and those that are under way, for the operator. */
import { Elysia } from 'elysia'
import { adminOnly } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import type { RouterOptions } from './options.ts'
import { performanceDetails } from './performance-details.ts'
import { performanceQueryOf, streamsQueryOf } from './performance-query.ts'
import { plainHeaders, type WriteProblem } from './problem.ts'

/** `/api/ai/performance`, `/api/streams` and `/api/streams/{id}`. */
export function performanceRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const { observation, worker } = options
  const answered = async (answer: () => Promise<object>): Promise<Response> => {
    try {
      return Response.json({ ...(await answer()), worker }, { headers: plainHeaders })
    } catch (thrown) {
      return writeProblem(thrown)
    }
  }
  const { performance, streams, stream, endStream } = performanceDetails
  return new Elysia({ name: 'performance', normalize: false })
    .use(adminOnly(options.adminToken, writeProblem))
    .guard({ admin: true }, (closed) =>
      closed
        .get(
          '/api/ai/performance',
          ({ request }) =>
            answered(async () => observation.performance(performanceQueryOf(request))),
          { parse: 'none', detail: performance },
        )
        .get(
          '/api/streams',
          ({ request }) => answered(async () => observation.streams(streamsQueryOf(request))),
          { parse: 'none', detail: streams },
        )
        .get('/api/streams/:id', ({ params }) => answered(() => observation.stream(params.id)), {
          parse: 'none',
          detail: stream,
        })
        .delete(
          '/api/streams/:id',
          ({ params: { id } }) =>
            answered(async () => {
              await observation.endStream(id)
              return { id, ended: true }
            }),
          { parse: 'none', detail: endStream },
        )
        .all('/api/ai/performance', refuseMethod(writeProblem, 'GET, HEAD'), hidden)
        .all('/api/streams', refuseMethod(writeProblem, 'GET, HEAD'), hidden)
        .all('/api/streams/:id', refuseMethod(writeProblem, 'GET, HEAD, DELETE'), hidden),
    )
}
