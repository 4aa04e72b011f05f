/**
 * Calls from browsers. Credentials travel in `authorization`, never in cookies, so no answer ever
 * allows credentials, and `*` is harmless where the operator asked for it.
 */
import { GatewayError } from '../core/errors.ts'

/** What a page may read besides the body. */
const exposedHeaders = [
  'x-request-id',
  'x-sluice-provider',
  'x-sluice-model',
  'x-sluice-attempts',
  'x-sluice-cache',
  'x-sluice-stream-id',
  'x-sluice-stream-state',
  'x-sluice-replay-from',
  'x-sluice-overhead-ms',
  'x-sluice-cost',
  'x-ratelimit-limit-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-requests',
  'x-ratelimit-reset-tokens',
  'retry-after',
  'x-should-retry',
].join(', ')

const allowedMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE'

/** A day; browsers take less if they want to. */
const preflightSeconds = 86_400

/** A list of header names and nothing else. */
const headerNames = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]*$/

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The rules of one server. */
export interface Cors {
  /** Answers a preflight; null where the request is none. @throws GatewayError `forbidden` */
  preflight(request: Request): Response | null
  /**
   * Refuses what a page of a foreign site would change here without asking first: a form or a
   * plain-text POST needs no preflight, and would spend the operator's money unseen.
   * @throws GatewayError `forbidden`
   */
  check(request: Request): void
  /** Adds the headers that let the page read the response. Leaves its body alone. */
  expose(request: Request, response: Response): void
}

/** Names that always mean this machine, whatever a resolver says (RFC 6761 6.3). */
const ownName = /^(?:[^/]+\.)?localhost(?::\d+)?$/i

/** An address in place of a name; it cannot be made to point elsewhere. */
const addressHost = /^(?:\d+\.\d+\.\d+\.\d+|\[[^\]]*\])(?::\d+)?$/

/**
 * @param origins as in `CORS_ORIGINS`; `*` is any, an empty list is none.
 * @param isLoopback whether only this machine can connect. Then a browser that calls by a name was
 *   led here by a page that made its own name point to this machine (DNS rebinding), and its calls
 *   would pass for calls of the operator.
 */
export function createCors(origins: readonly string[], isLoopback = false): Cors {
  const any = origins.includes('*')
  const allowed = new Set(origins)
  /** The value of `access-control-allow-origin`, or null for an origin that is not allowed. */
  const allow = (origin: string): string | null => (any ? '*' : allowed.has(origin) ? origin : null)

  return {
    preflight(request) {
      const origin = request.headers.get('origin')
      if (request.method !== 'OPTIONS' || origin === null) return null
      if (!request.headers.has('access-control-request-method')) return null
      if (allow(origin) === null) throw foreignOrigin()
      const asked = request.headers.get('access-control-request-headers') ?? ''
      return new Response(null, {
        status: 204,
        headers: {
          'access-control-allow-methods': allowedMethods,
          'access-control-allow-headers': headerNames.test(asked) ? asked : '',
          'access-control-max-age': `${preflightSeconds}`,
          vary: 'Access-Control-Request-Headers',
        },
      })
    },
    check({ method, headers }) {
      if (isLoopback && isRebound(headers, allow)) throw foreignOrigin()
      if (safeMethods.has(method) || headers.get('sec-fetch-site') !== 'cross-site') return
      if (allow(headers.get('origin') ?? '') === null) throw foreignOrigin()
    },
    expose(request, response) {
      if (origins.length === 0) return
      const origin = request.headers.get('origin')
      const value = origin === null ? null : allow(origin)
      if (!any) response.headers.append('vary', 'Origin')
      if (value === null) return
      response.headers.set('access-control-allow-origin', value)
      response.headers.set('access-control-expose-headers', exposedHeaders)
    },
  }
}

/** A request of a browser to a name that is neither this machine's own nor allowed. */
function isRebound(headers: Headers, allow: (origin: string) => string | null): boolean {
  const isBrowser = headers.has('sec-fetch-site') || headers.has('origin')
  const host = headers.get('host') ?? ''
  if (!isBrowser || host === '' || ownName.test(host) || addressHost.test(host)) return false
  return allow(`http://${host}`) === null && allow(`https://${host}`) === null
}

const foreignOrigin = (): GatewayError =>
  new GatewayError('forbidden', {
    message: 'Pages of this origin may not call here. CORS_ORIGINS lists those that may.',
  })
