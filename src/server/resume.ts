/** The way back to a stream that a client lost. */
import { Elysia } from 'elysia'
import { refuseMethod } from './allow.ts'
import { arrivalOf } from './arrival.ts'
import type { RouterOptions } from './options.ts'
import type { WriteProblem } from './problem.ts'
import { resumeDetails } from './resume-details.ts'

const prefix = '/v1/streams/'

/** `/v1/streams/{id}`. Whose stream it is, is found out behind the route. */
export function resumeRoutes({ resumption }: RouterOptions, writeProblem: WriteProblem) {
  const wrongMethod = refuseMethod(writeProblem, 'GET, DELETE')
  return new Elysia({ name: 'resume', normalize: false })
    .get(
      `${prefix}:id`,
      async ({ request: routed }) => {
        const { request, path, search, connection } = arrivalOf(routed)
        // A response without its body would hold a reader that nobody reads.
        if (request.method !== 'GET') return wrongMethod()
        return await resumption.read(request, path.slice(prefix.length), search, connection)
      },
      resumeDetails.read,
    )
    .delete(
      `${prefix}:id`,
      async ({ request: routed }) => {
        const { request, path, search } = arrivalOf(routed)
        return await resumption.end(request, path.slice(prefix.length), search)
      },
      resumeDetails.end,
    )
}
