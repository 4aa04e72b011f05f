/**
 * Makes one file for browsers of the dashboard's sources. It runs while the program is built, and
 * where that runs from its sources, when the page is first asked for: nothing is built beforehand,
 * and no made file lies in the tree.
 */
import { fileURLToPath } from 'node:url'

/**
 * Bundles `src/dashboard/<name>` and all that it imports, minified.
 *
 * The bundler is a process of its own: called from within a macro it would wait for itself.
 * @throws Error with what the bundler says, where the sources are wrong.
 */
export function bundle(name: string): string {
  const entry = fileURLToPath(new URL(`../../dashboard/${name}`, import.meta.url))
  const options = ['--minify', '--production', '--target=browser', '--format=esm']
  // Nothing of the environment: `NODE_ENV=test` would bring React's build for developers.
  const env = { NODE_ENV: 'production' }
  const built = Bun.spawnSync([process.execPath, 'build', entry, ...options], { env })
  if (!built.success) throw new Error(built.stderr.toString())
  return built.stdout.toString()
}
