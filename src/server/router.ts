/** All routes. Handlers return plain responses and set nothing on the context: a header set there
 * makes Elysia rewrite streamed bodies. */
import { Elysia } from 'elysia'
import { GatewayError } from '../core/errors.ts'
import { alertRoutes } from './alerts.ts'
import { breakerRoutes } from './breakers.ts'
import { dashboardPageRoutes } from './dashboard/page.ts'
import { anthropicRoutes, geminiRoutes } from './dialects.ts'
import { docsRoutes } from './docs.ts'
import { Feed } from './feed.ts'
import { feedRoute } from './feed-route.ts'
import { keyRoutes } from './keys.ts'
import { metricsRoutes } from './metrics.ts'
import { operationsRoutes } from './operations.ts'
import type { RouterOptions } from './options.ts'
import { performanceRoutes } from './performance.ts'
import type { WriteProblem } from './problem.ts'
import { proxyRoutes } from './proxy.ts'
import { resumeRoutes } from './resume.ts'
import { sessionRoutes } from './session-routes.ts'
import { usageRoutes } from './usage.ts'
import { viewRoutes } from './views.ts'

/**
 * Builds the router. It listens nowhere: `fetch` is called for what the guard let through.
 * @param feed takes the sockets of the dashboard.
 */
export function createRouter(
  options: RouterOptions,
  writeProblem: WriteProblem,
  feed: Feed = new Feed(options.frame, () => {}),
) {
  const app = new Elysia({ name: 'edge', normalize: false, handler: { standardHostname: false } })
    .onError({ as: 'global' }, ({ code, error }) =>
      writeProblem(code === 'NOT_FOUND' ? new GatewayError('unknown_url') : error),
    )
    .use(operationsRoutes(options, writeProblem))
    .use(breakerRoutes(options, writeProblem))
    .use(viewRoutes(options, writeProblem))
    .use(performanceRoutes(options, writeProblem))
    .use(metricsRoutes(options, writeProblem))
    .use(keyRoutes(options, writeProblem))
    .use(usageRoutes(options, writeProblem))
    .use(dashboardPageRoutes(options.version, writeProblem))
    .use(alertRoutes(options, writeProblem))
    .use(sessionRoutes(options, writeProblem))
    .use(feedRoute(options, feed, writeProblem))
    .use(resumeRoutes(options, writeProblem))
    .use(proxyRoutes(options, writeProblem))
    .use(anthropicRoutes(options, writeProblem))
    .use(geminiRoutes(options, writeProblem))
  return app.use(docsRoutes(app, options.version, writeProblem)).compile()
}
