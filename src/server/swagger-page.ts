/** The page of the documentation. Script and style are files of their own: its policy forbids
 * inline ones, and everything that is not from this server. */

import { htmlOf } from './asset-routes.ts'

/** The addresses of the page's parts. */
export const pagePaths = {
  page: '/docs',
  document: '/docs/json',
  bundle: '/docs/swagger-ui.js',
  bundleStyle: '/docs/swagger-ui.css',
  script: '/docs/page.js',
  style: '/docs/page.css',
  icon: '/docs/icon.svg',
  license: '/docs/license.txt',
} as const

/** The style sheet holds pictures as `data:`; styles that a script sets need no exception. */
export const contentSecurityPolicy = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The HTML. `version` makes browsers load the other files anew after an update. */
export function pageHtml(version: string): string {
  const query = `?v=${encodeURIComponent(version)}`
  return htmlOf({
    title: 'sluice API',
    icon: pagePaths.icon,
    head: `<link rel="stylesheet" href="${pagePaths.bundleStyle}${query}">
<link rel="stylesheet" href="${pagePaths.style}${query}">
<script src="${pagePaths.bundle}${query}" defer></script>
<script src="${pagePaths.script}${query}" defer></script>`,
    body: `<noscript>This page needs JavaScript. The document itself is at
<a href="${pagePaths.document}">${pagePaths.document}</a>.</noscript>
<main id="docs"></main>
<footer><a href="${pagePaths.document}">OpenAPI document</a>
<a href="${pagePaths.license}">License of the page's script</a></footer>`,
  })
}

/**
 * Starts Swagger UI. `validatorUrl` is null because its default is another site, and the colours
 * follow the system while the page is open.
 */
export const pageScript = `const dark = matchMedia('(prefers-color-scheme: dark)')
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', paint)
paint()
SwaggerUIBundle({
  url: '${pagePaths.document}',
  dom_id: '#docs',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  validatorUrl: null,
})
`

/** What Swagger UI leaves open: the width of a line, and the ground in the dark. */
export const pageStyle = `html { color-scheme: light; }
html.dark-mode { color-scheme: dark; background: #1c2022; }
body { margin: 0; }
footer {
  display: flex; gap: 1.5rem; max-width: 1420px; margin: 0 auto; padding: 1rem 20px 3rem;
  font: 0.85rem sans-serif;
}
footer a, noscript a { color: inherit; }
footer, noscript { color: #3b4151; }
.dark-mode footer, .dark-mode noscript { color: #b0b8c0; }
.swagger-ui .info { margin: 2.5rem 0 1.5rem; }
.swagger-ui .scheme-container { padding: 0 0 1rem; background: none; box-shadow: none; }
.swagger-ui .parameters-col_name { min-width: 18rem; }
.dark-mode .swagger-ui .headers td { color: inherit; }
.swagger-ui .models .model-box { box-sizing: border-box; }
`

/** Water before and behind a gate. */
export const iconSvg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#0f5e9c"/>
<path d="M16 6v20" stroke="#fff" stroke-width="3" stroke-linecap="round"/>
<g fill="none" stroke="#8fd3ff" stroke-width="2.5" stroke-linecap="round">
<path d="M5 12h6M5 17h6M5 22h6M21 22h6"/></g></svg>
`
