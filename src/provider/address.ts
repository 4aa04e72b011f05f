/**
 * Where a call goes. The host, the port and the base path come from the operator; what a client
 * sends is appended below them and can never climb out.
 */
import { GatewayError } from '../core/errors.ts'

/** How often a path may be percent-encoded over itself before it is refused. */
const ENCODINGS_MAX = 3

/**
 * A function that appends a path and a query to `baseUrl`.
 *
 * The path begins with a slash. What could leave the origin or the base path is refused and not
 * repaired: dot segments (also percent-encoded, which URL parsers resolve too), empty segments,
 * backslashes, `@`, and whatever is not visible ASCII. The result is compared with the base once
 * more after parsing, so that a gap in this list is not a hole.
 *
 * @throws GatewayError `invalid_url`, from the returned function, for such a path or query.
 * @throws GatewayError `internal_error` at once where `baseUrl` is not an http(s) address.
 */
export function addressBelow(baseUrl: string): (path: string, search: string) => string {
  const base = URL.parse(baseUrl)
  if (base === null || !/^https?:$/.test(base.protocol) || `${base.search}${base.hash}` !== '') {
    throw new GatewayError('internal_error', {
      message: 'The base URL of a provider must be an http or https address without a query.',
    })
  }
  const prefix = base.href.replace(/\/+$/, '')
  const root = base.pathname.replace(/\/+$/, '')
  return (path, search) => {
    if (!isSafePath(path) || !isSafeSearch(search)) throw new GatewayError('invalid_url')
    const url = URL.parse(`${prefix}${path}${search}`)
    if (url === null || url.origin !== base.origin || !url.pathname.startsWith(`${root}/`)) {
      throw new GatewayError('invalid_url')
    }
    if (url.username !== base.username || url.password !== base.password) {
      throw new GatewayError('invalid_url')
    }
    return url.href
  }
}

function isSafePath(path: string): boolean {
  if (!/^\/[\x21-\x7e]*$/.test(path) || /[\\@?#]|\/\//.test(path)) return false
  let decoded = path
  for (let round = 0; round < ENCODINGS_MAX; round++) {
    if (hasDotSegment(decoded)) return false
    const next = decodeOnce(decoded)
    if (next === null) return round > 0
    if (next === decoded) return true
    decoded = next
  }
  return false
}

/** Some servers drop what follows a `;` before they resolve a segment, so `..;` counts too. */
function hasDotSegment(path: string): boolean {
  return path.split(/[/\\]/).some((segment) => /^\.\.?(?:;|$)/.test(segment))
}

/** Null where a percent sign is not followed by valid UTF-8 in hexadecimal. */
function decodeOnce(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

function isSafeSearch(search: string): boolean {
  return search === '' || /^\?[\x21\x22\x24-\x7e]*$/.test(search)
}
