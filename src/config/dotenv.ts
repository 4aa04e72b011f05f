/**
 * The `.env` file of the working directory. The program reads it itself: the runtime's own loading
 * is turned off, because it would take every name from it, proxies and runtime switches included.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Environment } from './variable.ts'

/** What a `.env` file says, or why it could not be read. A file that is missing says nothing. */
export interface DotenvFile {
  readonly values: Environment
  readonly problem: string | null
}

/** Reads `.env` in `directory`. */
export function readDotenv(directory: string): DotenvFile {
  try {
    return { values: parseEnv(readFileSync(join(directory, '.env'), 'utf8')), problem: null }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    if (code === 'ENOENT') return { values: {}, problem: null }
    return { values: {}, problem: `.env: must be a readable file, got ${code}` }
  }
}

/** The environment with the file beneath it: where both have a name, the environment wins. */
export function withDotenv(environment: Environment, file: DotenvFile): Environment {
  return { ...file.values, ...environment }
}
