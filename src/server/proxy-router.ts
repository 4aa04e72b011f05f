/**
 * The routes that a start waits for: what is forwarded, and the probes. Handlers return plain
 * responses and set nothing on the context: a header set there makes Elysia rewrite streamed
 * bodies.
 */
import { Elysia } from 'elysia'
import { GatewayError } from '../core/errors.ts'
import { anthropicRoutes, geminiRoutes } from './dialects.ts'
import { probeRoutes } from './operations.ts'
import type { RouterOptions } from './options.ts'
import type { WriteProblem } from './problem.ts'
import { proxyRoutes } from './proxy.ts'
import { resumeRoutes } from './resume.ts'

/** Builds them. They listen nowhere: `fetch` is called for what the guard let through. */
export const proxyRouter = (options: RouterOptions, writeProblem: WriteProblem) =>
  new Elysia({ name: 'edge', normalize: false, handler: { standardHostname: false } })
    .onError({ as: 'global' }, ({ code, error }) =>
      writeProblem(code === 'NOT_FOUND' ? new GatewayError('unknown_url') : error),
    )
    .use(probeRoutes(options, writeProblem))
    .use(resumeRoutes(options, writeProblem))
    .use(proxyRoutes(options, writeProblem))
    .use(anthropicRoutes(options, writeProblem))
    .use(geminiRoutes(options, writeProblem))

/** Whether a path can be one of these; whatever else there is, all routes have to be asked. */
export const isProxyPath = (path: string): boolean =>
  /^\/(?:v1|v1beta|passthrough)\/|^\/(?:healthz|readyz)$/.test(path)
