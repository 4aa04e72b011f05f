/** The executable under test, built once in a test run, whichever files ask for it. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import packageFile from '../../package.json'
import { runDirectory } from './run-directory.ts'
import { eventually } from './signal.ts'

/** The root of the repository. */
export const rootDirectory = join(import.meta.dir, '..', '..')

const buildWithinMs = 120_000

/**
 * The path of the executable. The first who asks builds it with the very command of package.json,
 * apart from where the file goes; the others, in this process or another of the same run, wait.
 * @throws Error with the build's output where it fails.
 */
export async function binaryPath(): Promise<string> {
  const directory = runDirectory()
  const binary = join(directory, 'sluice')
  const failure = join(directory, 'build-failed.txt')
  if (existsSync(binary)) return binary
  if (takesLock(join(directory, 'building'))) await build(directory, binary, failure)
  await eventually(() => existsSync(binary) || existsSync(failure), 'building', buildWithinMs)
  if (existsSync(binary)) return binary
  throw new Error(`the build failed:\n${await Bun.file(failure).text()}`)
}

/** Making a directory is atomic: one of all processes succeeds. */
function takesLock(path: string): boolean {
  try {
    mkdirSync(path)
    return true
  } catch {
    return false
  }
}

async function build(directory: string, binary: string, failure: string): Promise<void> {
  const unfinished = join(directory, 'building', 'sluice')
  const [program, ...words] = packageFile.scripts.build.split(' ')
  if (program !== 'bun') throw new Error(`the build is not a command of bun: ${program}`)
  const command = words.map((word) => (word === 'dist/sluice' ? unfinished : word))
  if (!command.includes(unfinished)) throw new Error('the build does not make dist/sluice')
  const child = Bun.spawn([process.execPath, ...command], {
    cwd: rootDirectory,
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  const code = await child.exited
  const text = (await output).join('')
  if (code === 0 && existsSync(unfinished)) renameSync(unfinished, binary)
  else writeFileSync(failure, `exit ${code}\n${text}`)
}
