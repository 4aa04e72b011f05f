/** What the tests of the configuration file share: a file on disk, and what comes of it. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../../src/config/config.ts'
import { type Loaded, loadConfig } from '../../../src/config/env.ts'
import type { Environment } from '../../../src/config/variable.ts'
import { runDirectory } from '../../kit/run-directory.ts'

const directory = mkdtempSync(join(runDirectory(), 'config-file-'))
let files = 0

/** A path of a file with this content, which is a text or becomes JSON. */
export function fileOf(content: unknown): string {
  files++
  const path = join(directory, `${files}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** What a file and an environment give. */
export function loadedOf(content: unknown, environment: Environment = {}): Loaded {
  return loadConfig({ CONFIG_FILE: fileOf(content), ...environment })
}

/** The configuration of both. Throws what is wrong with them. */
export function configOf(content: unknown, environment: Environment = {}): Config {
  const loaded = loadedOf(content, environment)
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return loaded.config
}

/** The lines of what is wrong. */
export function problemsOf(content: unknown, environment: Environment = {}): readonly string[] {
  const loaded = loadedOf(content, environment)
  return loaded.ok ? [] : loaded.problems
}
