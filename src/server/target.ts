/** The request target, taken apart by hand and only once, so that nobody reads it differently. */
import { GatewayError } from '../core/errors.ts'

/** Where a request goes, as the client wrote it (percent signs and all). */
export interface RequestTarget {
  /** With a leading slash. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly search: string
}

/**
 * What no path may hold, because two readers would disagree about it: an empty segment, a dot
 * segment, a backslash, and, percent-encoded, a null, a backslash, or a letter or digit (nobody
 * encodes those but to look different from the route they mean). The last row is a percent sign
 * that encodes nothing.
 */
const ambiguousPath = new RegExp(
  [
    String.raw`//|\\`,
    String.raw`/(?:\.|%2e){1,2}(?:/|$)`,
    '%00|%5c',
    '%3[0-9]|%[46][1-9a-f]|%[57][0-9a]',
    '%(?![0-9a-f]{2})',
  ].join('|'),
  'i',
)

/**
 * Where an encoded slash is a segment's own, because we decode the name of a model ourselves:
 * where one is looked up, and in Gemini's paths, whose method follows a colon.
 */
const namesModel =
  /^(?:(?:GET|HEAD) \/v1\/models\/|\w+ \/v1beta\/models\/|POST \/v1\/models\/[^/]+:)/

/**
 * Reads the target of a request whose Host was found valid.
 *
 * Bun has already resolved dot segments and turned backslashes where it could build an address,
 * so `/a/../b` arrives as `/b`: everybody here sees the same path, and what is left of them is
 * refused. An address that does not start with its scheme is one that Bun could not build; routing
 * on it would go by the wrong path.
 *
 * @throws GatewayError `invalid_url`
 */
export function readTarget(request: Request): RequestTarget {
  const { url } = request
  const start = pathStart(url, request.headers.has('host'))
  if (start === -1 || url.includes('#', start)) throw new GatewayError('invalid_url')
  const query = url.indexOf('?', start)
  const path = query === -1 ? url.slice(start) : url.slice(start, query)
  if (ambiguousPath.test(path)) throw new GatewayError('invalid_url')
  if (/%2f/i.test(path) && !namesModel.test(`${request.method} ${path}`)) {
    throw new GatewayError('invalid_url')
  }
  return { path, search: query === -1 ? '' : url.slice(query) }
}

/** Where the path starts, or -1. Without a Host (HTTP/1.0) the address is nothing but the path. */
function pathStart(url: string, hasHost: boolean): number {
  if (!hasHost) return url.startsWith('/') ? 0 : -1
  if (url.startsWith('http://')) return url.indexOf('/', 7)
  if (url.startsWith('https://')) return url.indexOf('/', 8)
  return -1
}
