/** Whether a browser's request comes from a page of this very server. */

/**
 * Whether `Origin` names the host that the request was sent to. Behind a proxy that ends TLS the
 * schemes differ, so they are not compared: a page of the same host without TLS is whoever is
 * between us and the browser, and sees all as it is.
 */
export function isOwnOrigin(headers: Headers): boolean {
  const origin = headers.get('origin')
  const host = headers.get('host')
  if (origin === null || host === null) return false
  try {
    const { protocol, host: named } = new URL(origin)
    return /^https?:$/.test(protocol) && named === new URL(`${protocol}//${host}`).host
  } catch {
    return false
  }
}

/**
 * Whether a page of this server made the request, by what the browser itself says of it. Browsers
 * that do not say it send at least their origin with whatever changes something.
 */
export function isOwnPage(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site')
  return site === null ? isOwnOrigin(headers) : site === 'same-origin'
}
