/** The documentation: a page that loads nothing from elsewhere, and the document it shows. */
import type { AnyElysia } from 'elysia'
import licenseFile from 'swagger-ui-dist/LICENSE' with { type: 'file' }
import noticeFile from 'swagger-ui-dist/NOTICE' with { type: 'file' }
import styleFile from 'swagger-ui-dist/swagger-ui.css' with { type: 'file' }
import bundleFile from 'swagger-ui-dist/swagger-ui-bundle.js' with { type: 'file' }
import { hidden, refuseMethod } from './allow.ts'
import { Asset } from './asset.ts'
import { type Assets, assetRoutes } from './asset-routes.ts'
import type { WriteProblem } from './problem.ts'
import {
  contentSecurityPolicy,
  iconSvg,
  pageHtml,
  pagePaths,
  pageScript,
  pageStyle,
} from './swagger-page.ts'

const javascript = 'text/javascript; charset=utf-8'
const css = 'text/css; charset=utf-8'

/** A day; the page asks for the files under another query after an update. */
const cached = { 'cache-control': 'public, max-age=86400' }

/** @param app the routes to describe */
export function docsRoutes(app: AnyElysia, version: string, writeProblem: WriteProblem) {
  const wrongMethod = refuseMethod(writeProblem, 'GET, HEAD')
  return assetRoutes('docs', createAssets(app, version), writeProblem)
    .get('/', () => new Response(null, { status: 302, headers: { location: '/docs' } }), hidden)
    .all('/', wrongMethod, hidden)
    .get('/favicon.ico', () => new Response(null, { status: 204, headers: cached }), hidden)
    .all('/favicon.ico', wrongMethod, hidden)
}

function createAssets(app: AnyElysia, version: string): Assets {
  const page = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy,
    'referrer-policy': 'no-referrer',
  }
  return {
    [pagePaths.page]: new Asset(async () => encode(pageHtml(version)), page),
    [pagePaths.document]: new Asset(
      async () => {
        // Loaded late: the schemas and the generator would take a third of the start.
        const { openApiDocument } = await import('./openapi-document.ts')
        return encode(await openApiDocument(app, version))
      },
      { 'content-type': 'application/json' },
    ),
    [pagePaths.bundle]: new Asset(() => Bun.file(bundleFile).bytes(), {
      'content-type': javascript,
      ...cached,
    }),
    [pagePaths.bundleStyle]: new Asset(() => Bun.file(styleFile).bytes(), {
      'content-type': css,
      ...cached,
    }),
    [pagePaths.script]: new Asset(async () => encode(pageScript), {
      'content-type': javascript,
      ...cached,
    }),
    [pagePaths.style]: new Asset(async () => encode(pageStyle), { 'content-type': css, ...cached }),
    [pagePaths.icon]: new Asset(async () => encode(iconSvg), {
      'content-type': 'image/svg+xml',
      ...cached,
    }),
    [pagePaths.license]: new Asset(loadLicense, { 'content-type': 'text/plain; charset=utf-8' }),
  }
}

/** The license asks that its text goes along with the program that carries the script. */
async function loadLicense(): Promise<Uint8Array<ArrayBuffer>> {
  const [notice, license] = [Bun.file(noticeFile).text(), Bun.file(licenseFile).text()]
  return encode(`${await notice}\n${await license}`)
}

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
