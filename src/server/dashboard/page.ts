/**
 * What of the dashboard anybody may load: an empty page, its script and its style. They hold no
 * secret; what they show comes over the socket, and that is behind the session.
 */
import { Elysia } from 'elysia'
import { hidden, refuseMethod } from '../allow.ts'
import { Asset } from '../asset.ts'
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

/** `GET` for each of them. */
export function dashboardPageRoutes(version: string, writeProblem: WriteProblem) {
  const routes = new Elysia({ name: 'dashboard-page', normalize: false })
  const wrongMethod = refuseMethod(writeProblem, 'GET, HEAD')
  for (const [path, asset] of Object.entries(assetsOf(version))) {
    routes.get(path, ({ request }) => asset.respond(request), hidden)
    routes.all(path, wrongMethod, hidden)
  }
  return routes
}

/** Path -> what is there. Script and style are loaded when they are asked for: half a megabyte. */
function assetsOf(version: string): Readonly<Record<string, Asset>> {
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
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>sluice dashboard</title>
<link rel="icon" type="image/svg+xml" href="${dashboardPaths.icon}">
<link rel="stylesheet" href="${dashboardPaths.style}${query}">
<script type="module" src="${dashboardPaths.script}${query}"></script>
</head>
<body>
<noscript>The dashboard needs JavaScript. The same figures are at
<a href="/api/ai/performance">/api/ai/performance</a> and
<a href="/metrics">/metrics</a>.</noscript>
<div id="app"></div>
</body>
</html>
`
}

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
