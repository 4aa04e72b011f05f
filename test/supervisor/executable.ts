/** The executable as `npm run build` makes it, built once for the files that ask for it. */
import { join } from 'node:path'
import packageFile from '../../package.json'
import { rootDirectory } from '../kit/binary.ts'
import { runDirectory } from '../kit/run-directory.ts'

let built: Promise<string> | null = null

/** Builds with the very command of package.json, apart from where the file goes. */
export function builtExecutable(): Promise<string> {
  built ??= build(join(runDirectory(), 'built-sluice'))
  return built
}

async function build(path: string): Promise<string> {
  const [program, ...words] = packageFile.scripts.build.split(' ')
  if (program !== 'bun') throw new Error(`the build is not a command of bun: ${program}`)
  const command = words.map((word) => (word === 'dist/sluice' ? path : word))
  if (!command.includes(path)) throw new Error('the build does not make dist/sluice')
  const child = Bun.spawn([process.execPath, ...command], {
    cwd: rootDirectory,
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const errors = await new Response(child.stderr).text()
  if ((await child.exited) !== 0) throw new Error(`the build failed:\n${errors}`)
  return path
}
