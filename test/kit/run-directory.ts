/**
 * The directory of one test run: the executable, working directories, and a note of each program
 * that runs. `test/run.ts` makes and removes it; without that runner the first who needs it makes
 * it, and a later run removes it, because `bun test` calls no exit handler.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { descendants, isAlive } from './processes.ts'

/** Names the directory to the processes of the run. */
export const runDirectoryVariable = 'SLUICE_TEST_DIRECTORY'

const prefix = 'sluice-test-'
const notePrefix = 'running-'

/** Makes a directory of this process, and removes those of processes that are gone. */
export function makeRunDirectory(): string {
  for (const name of readdirSync(tmpdir())) {
    const owner = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]
    if (owner !== undefined && !isAlive(Number(owner))) {
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
    }
  }
  return mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
}

/** The directory of this run. */
export function runDirectory(): string {
  process.env[runDirectoryVariable] ??= makeRunDirectory()
  return process.env[runDirectoryVariable]
}

/** Notes that a program runs; gives the function that takes the note back. */
export function noteRunning(pid: number): () => void {
  const note = join(runDirectory(), `${notePrefix}${pid}`)
  writeFileSync(note, '')
  return () => rmSync(note, { force: true })
}

/** Ends the programs that the run left behind, with what they started, and says how many. */
export function endLeftPrograms(directory: string): number {
  const pids = readdirSync(directory)
    .filter((name) => name.startsWith(notePrefix))
    .map((name) => Number(name.slice(notePrefix.length)))
    .filter(isAlive)
  for (const pid of pids.flatMap((program) => [program, ...descendants(program)])) {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  }
  return pids.length
}
