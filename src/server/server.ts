/** The edge: a listening socket, the checks before routing, and the routes. */
import { isLoopback } from '../config/address-kinds.ts'
import { toGatewayError } from '../core/errors.ts'
import { keepAliveSeconds, noteArrival, ServerConnection, type SocketData } from './arrival.ts'
import { createCors } from './cors.ts'
import { Feed } from './feed.ts'
import { guard, refusalHeaders } from './guard.ts'
import type { ServerOptions } from './options.ts'
import { problemWriter } from './problem.ts'
import { isProxyPath, proxyRouter } from './proxy-router.ts'

/** A listening server. */
export interface RunningServer {
  /** Where it listens, with the real port. */
  readonly url: URL
  /** Requests whose answer has not ended. */
  readonly pendingRequests: number
  /** Dashboards that are open. */
  readonly watchers: number
  /** Closes the connections that wait for a request. */
  closeIdle(): void
  /** Sends the dashboards away, to whichever worker serves next. */
  closeFeed(): void
  /**
   * Stops listening and closes idle connections. Resolves when what is under way has ended, or,
   * with `closeActive`, cuts it off.
   */
  stop(closeActive: boolean): Promise<void>
}

/** Starts listening. Throws where the port cannot be had or a TLS file cannot be read. */
export function startServer(options: ServerOptions): RunningServer {
  const feed = new Feed(options.frame, (error) => options.onError(error, 'dashboard'))
  const answer = createEdge(options, feed)
  const server = Bun.serve<SocketData>({
    hostname: options.hostname,
    port: options.port,
    reusePort: options.reusePort,
    ...(options.tls === null
      ? {}
      : { tls: { cert: Bun.file(options.tls.certFile), key: Bun.file(options.tls.keyFile) } }),
    idleTimeout: keepAliveSeconds,
    // Bun's own refusal has no body. The guard refuses by announced length and the intake by
    // what arrives; a body that nobody reads is thrown away as it comes, without being kept.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    development: false,
    fetch: answer,
    websocket: feed.handlers,
    error: () => new Response(null, { status: 500 }),
  })
  return {
    url: server.url,
    get pendingRequests() {
      return server.pendingRequests
    },
    get watchers() {
      return feed.size
    },
    closeIdle: () => void server.closeIdleConnections(),
    closeFeed: () => feed.close(),
    stop: (closeActive) => {
      feed.close()
      return server.stop(closeActive)
    },
  }
}

/** What of a router is used here. */
interface Router {
  fetch(request: Request): Response | Promise<Response>
}

type Server = Bun.Server<SocketData>
type Answer = (request: Request, server: Server) => Promise<Response | undefined>

/** Guard, CORS, routes, in this order. Never rejects. What became a socket has no answer. */
function createEdge(options: ServerOptions, feed: Feed): Answer {
  const cors = createCors(options.corsOrigins, isLoopback(options.hostname))
  const writeProblem = problemWriter(options)
  const proxy = proxyRouter(options, writeProblem).compile()
  let all: Promise<Router> | null = null
  /** A start does not wait for what operators look at; it is put together when the first comes. */
  const routerFor = (path: string): Router | Promise<Router> => {
    if (isProxyPath(path)) return proxy
    all ??= import('./router.ts').then(({ createRouter }) =>
      createRouter(options, writeProblem, feed),
    )
    return all
  }
  const isStrained = () => options.status().load !== 'normal'

  const route = async (request: Request, server: Server) => {
    const { path, search } = guard(request, options.requestBytesMax)
    const preflight = cors.preflight(request)
    if (preflight !== null) return preflight
    cors.check(request)
    const connection = new ServerConnection(server, request, isStrained)
    const router = routerFor(path)
    const arrival = noteArrival({ request, path, search, connection })
    const response = await (router instanceof Promise ? await router : router).fetch(arrival)
    return connection.isUpgraded ? undefined : response
  }

  return async (request, server) => {
    let response: Response | undefined
    try {
      response = await route(request, server)
    } catch (thrown) {
      response = writeProblem(thrown, undefined, refusalHeaders[toGatewayError(thrown).code])
    }
    if (response === undefined) return
    cors.expose(request, response)
    if (options.status().draining && endsCompletely(response)) {
      response.headers.set('connection', 'close')
    }
    return response
  }
}

/**
 * Whether a client would notice if the answer were cut off. Some take a broken chunked body for a
 * finished one when the connection was announced to close, so a stream never announces it.
 */
function endsCompletely(response: Response): boolean {
  if (response.body === null) return true
  return response.headers.get('content-type')?.startsWith('application/json') ?? false
}
