/** Files that anybody may load, as routes, and the page that loads them. */
import { Elysia } from 'elysia'
import { hidden, refuseMethod } from './allow.ts'
import type { Asset } from './asset.ts'
import type { WriteProblem } from './problem.ts'

/** Path -> what is there. */
export type Assets = Readonly<Record<string, Asset>>

/** A `GET` for each of them. */
export function assetRoutes(name: string, assets: Assets, writeProblem: WriteProblem) {
  const routes = new Elysia({ name, normalize: false })
  const wrongMethod = refuseMethod(writeProblem, 'GET, HEAD')
  for (const [path, asset] of Object.entries(assets)) {
    routes.get(path, ({ request }) => asset.respond(request), hidden)
    routes.all(path, wrongMethod, hidden)
  }
  return routes
}

/** What is particular to a page; `head` and `body` are HTML. */
export interface Page {
  readonly title: string
  /** The address of its icon. */
  readonly icon: string
  readonly head: string
  readonly body: string
}

/** The HTML of a page. */
export const htmlOf = ({ title, icon, head, body }: Page): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" type="image/svg+xml" href="${icon}">
${head}
</head>
<body>
${body}
</body>
</html>
`
