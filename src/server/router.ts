/** All routes, for operators and for the documentation. */
import { alertRoutes } from './alerts.ts'
import { breakerRoutes } from './breakers.ts'
import { dashboardPageRoutes } from './dashboard/page.ts'
import { docsRoutes } from './docs.ts'
import { Feed } from './feed.ts'
import { feedRoute } from './feed-route.ts'
import { keyRoutes } from './keys.ts'
import { metricsRoutes } from './metrics.ts'
import { operationsRoutes } from './operations.ts'
import type { RouterOptions } from './options.ts'
import { performanceRoutes } from './performance.ts'
import type { WriteProblem } from './problem.ts'
import { proxyRouter } from './proxy-router.ts'
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
  const app = proxyRouter(options, writeProblem)
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
  return app.use(docsRoutes(app, options.version, writeProblem)).compile()
}
