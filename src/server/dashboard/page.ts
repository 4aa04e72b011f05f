/**
 * What of the dashboard anybody may load: an empty page, its script and its style. They hold no
 * secret; what they show comes over the socket, and that is behind the session.
 */
import { Asset } from '../asset.ts'
import { type Assets, assetRoutes, htmlOf } from '../asset-routes.ts'
import type { WriteProblem } from '../problem.ts'
import { iconSvg } from '../swagger-page.ts'

/** The addresses of the page's parts. */
export const dashboardPaths = {
  page: '/dashboard',
  script: '/dashboard/page.js',
  style: '/dashboard/page.css',
  icon: '/dashboard/icon.svg',
} as const

/**
 * Nothing from elsewhere, nothing inline: a name that were markup would still do nothing. Styles
 * that a script sets on an element need no exception.
 */
export const dashboardPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** A `GET` for each of them. */
export const dashboardPageRoutes = (version: string, writeProblem: WriteProblem) =>
  assetRoutes('dashboard-page', assetsOf(version), writeProblem)

/** Script and style are loaded when they are asked for: half a megabyte. */
function assetsOf(version: string): Assets {
  return {
    [dashboardPaths.page]: new Asset(async () => encode(pageHtml(version)), {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': dashboardPolicy,
      'referrer-policy': 'no-referrer',
    }),
    [dashboardPaths.script]: new Asset(async () => encode((await import('./embedded.ts')).script), {
      'content-type': 'text/javascript; charset=utf-8',
    }),
    [dashboardPaths.style]: new Asset(async () => encode((await import('./embedded.ts')).style), {
      'content-type': 'text/css; charset=utf-8',
    }),
    [dashboardPaths.icon]: new Asset(async () => encode(iconSvg), {
      'content-type': 'image/svg+xml',
    }),
  }
}

/** The HTML. `version` makes browsers load the other files anew after an update. */
function pageHtml(version: string): string {
  const query = `?v=${encodeURIComponent(version)}`
  return htmlOf({
    title: 'sluice dashboard',
    icon: dashboardPaths.icon,
    head: `<link rel="stylesheet" href="${dashboardPaths.style}${query}">
<script type="module" src="${dashboardPaths.script}${query}"></script>`,
    body: `<noscript>The dashboard needs JavaScript. The same figures are at
<a href="/api/ai/performance">/api/ai/performance</a> and
<a href="/metrics">/metrics</a>.</noscript>
<div id="app"></div>`,
  })
}

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
