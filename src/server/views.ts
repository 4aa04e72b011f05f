/** What an operator can look at in a worker: one address for each state, read only. */
import { Elysia } from 'elysia'
import type { OpenAPIV3 } from 'openapi-types'
import { adminOnly } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import { errors, ok } from './openapi.ts'
import type { RouterOptions } from './options.ts'
import { plainHeaders, type WriteProblem } from './problem.ts'

/** One state of a worker. Counts and names of the configuration only: nothing names a key. */
interface View {
  readonly path: string
  /** What it is called in the documentation: `Limits` is got by `getLimits`. */
  readonly schema: string
  readonly summary: string
  readonly description: string
  readonly state: (options: RouterOptions) => object
}

const views: readonly View[] = [
  {
    path: '/api/overload',
    schema: 'Overload',
    summary: 'How much a worker has to do, and what it refuses because of that',
    description:
      'The pressure is the worst of memory, event loop and descriptors, each against its ' +
      'limit. From 0.85 on nothing is retried or hedged, from 0.92 requests of low ' +
      'priority are refused, from 0.95 all new ones, and from 0.98 of the memory the ' +
      'streams that hold most of it are ended. Of the worker that happens to answer.',
    state: ({ overload }) => overload(),
  },
  {
    path: '/api/limits',
    schema: 'Limits',
    summary: 'What limits are counted in, and how well that goes',
    description:
      'While the store is `away`, rates and places are decided on a share of each limit ' +
      'and budgets are refused with 503; the counters say how often. Of the worker that ' +
      'happens to answer.',
    state: ({ limits }) => limits(),
  },
  {
    path: '/api/queue',
    schema: 'Queue',
    summary: 'Providers and targets, what they have to do, and who waits for them',
    description:
      'One entry for each provider that was asked, and for each target of a route with a ' +
      'limit of its own. A request that may go to several waits for all of them and ' +
      'counts at each. Of the worker that happens to answer.',
    state: ({ gates }) => ({ gates: gates() }),
  },
]

/** A `GET` for each view. They answer also while requests are refused. */
export function viewRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const { worker } = options
  const wrongMethod = refuseMethod(writeProblem, 'GET, HEAD')
  return new Elysia({ name: 'views', normalize: false })
    .use(adminOnly(options.adminToken, writeProblem))
    .guard({ admin: true }, (closed) => {
      for (const { path, schema, summary, description, state } of views) {
        const answer = (): Response =>
          Response.json({ ...state(options), worker }, { headers: plainHeaders })
        const detail: OpenAPIV3.OperationObject = {
          operationId: `get${schema}`,
          tags: ['Operations'],
          summary,
          description,
          security: [{ adminToken: [] }, {}],
          responses: { 200: ok(schema), ...errors(401) },
        }
        closed.get(path, answer, { parse: 'none', detail }).all(path, wrongMethod, hidden)
      }
      return closed
    })
}
