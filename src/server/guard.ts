/**
 * What is refused before the router sees it. The router finds the path by searching the address
 * for a slash, so a request whose Host or target is unusual could be routed by another path than
 * the one everybody else reads. Such requests end here.
 */
import { GatewayError } from '../core/errors.ts'
import { type RequestTarget, readTarget } from './target.ts'

/** The methods that mean something here; TRACE, CONNECT and the rest do not. */
const knownMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
])

/** A name (the underscore is common between containers) or an address in brackets, and a port. */
const hostPattern = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/

const portMax = 65_535

/**
 * Headers that select, authenticate or frame, and may occur once. Bun joins repeated ones with a
 * comma, which none of these may hold outside of quotes.
 */
const singletonHeaders = [
  'host',
  'authorization',
  'content-type',
  'content-length',
  'origin',
  'x-api-key',
  'x-sluice-provider',
  'x-sluice-resume',
  'last-event-id',
  'x-sluice-priority',
  'x-sluice-timeout-ms',
  'x-sluice-first-token-timeout-ms',
] as const

/**
 * Headers that a refusal must carry, by its code. Behind a CONNECT follows what was to be tunnelled
 * and not another request, and who uses such methods is no client of ours: the connection ends. It
 * stays after a body that is too large, because clients that are still sending it would meet the
 * reset before they read the status, and send it all again.
 */
export const refusalHeaders: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  method_not_allowed: { allow: [...knownMethods].join(', '), connection: 'close' },
  upgrade_not_supported: { upgrade: 'HTTP/1.1' },
}

/**
 * Checks the head of a request and takes its target apart.
 * @param requestBytesMax the largest announced length that is let in
 * @throws GatewayError saying what is wrong
 */
export function guard(request: Request, requestBytesMax: number): RequestTarget {
  if (!knownMethods.has(request.method)) throw new GatewayError('method_not_allowed')
  const { headers } = request
  for (const name of singletonHeaders) checkOnce(name, headers.get(name))
  checkHost(headers.get('host'))
  const target = readTarget(request)
  checkUpgrade(headers.get('upgrade'), request.method, target.path)
  if (Number(headers.get('content-length') ?? 0) > requestBytesMax) {
    throw new GatewayError('body_too_large', {
      message: `The request body is larger than ${requestBytesMax} bytes.`,
    })
  }
  return target
}

/** A quoted comma is part of the value: the boundary of a multipart body may hold one. */
function checkOnce(name: string, value: string | null): void {
  if (value === null || !value.includes(',')) return
  if (!value.replaceAll(/"[^"]*"/g, '').includes(',')) return
  throw new GatewayError('duplicate_header', {
    message: `The header '${name}' was sent more than once.`,
    param: name,
  })
}

/** Without a Host the client speaks HTTP/1.0, where there is none; Bun refuses it elsewhere. */
function checkHost(host: string | null): void {
  if (host === null) return
  const match = hostPattern.exec(host)
  if (match === null || Number(match[1] ?? 0) > portMax) throw new GatewayError('invalid_host')
}

/** The one address that speaks WebSocket; who may is decided by its route. */
export const feedPath = '/dashboard/feed'

/**
 * Nothing is ever tunnelled. An offer to switch to cleartext HTTP/2 is ignored, as RFC 9110 7.8
 * allows, because the HTTP client of the JDK makes it with every first request.
 */
function checkUpgrade(upgrade: string | null, method: string, path: string): void {
  if (upgrade === null || upgrade.toLowerCase() === 'h2c') return
  if (path === feedPath && method === 'GET' && upgrade.toLowerCase() === 'websocket') return
  throw new GatewayError('upgrade_not_supported')
}
