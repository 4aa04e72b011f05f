/**
 * The recorded streams, which live beside the repository and not in it. Where they are not there,
 * the tests that need them are skipped, and the run says so by name.
 */
import { describe, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootDirectory } from './binary.ts'

const directory = join(rootDirectory, '..', 'shared', 'fixtures')
const index = join(directory, 'INDEX.tsv')

/** How a recording is stored. */
export type FixtureFormat =
  | 'raw-sse'
  | 'ndjson'
  | 'eventstream-binary'
  | 'json-array'
  | 'json-lines'
  | 'json-error'

/** One recording. */
export interface Fixture {
  readonly provider: string
  readonly format: FixtureFormat
  /** Relative to the folder of the fixtures; good as a test's name. */
  readonly file: string
  /** What it exercises, in the words of the index. */
  readonly exercises: string
}

/** Whether the recordings are there. */
export const fixturesPresent = existsSync(index)

/** The recordings of a provider, of a format, or both; all of them without a filter. */
export function listFixtures(filter: {
  readonly provider?: string | readonly string[]
  readonly format?: FixtureFormat
}): readonly Fixture[] {
  const providers = filter.provider === undefined ? null : [filter.provider].flat()
  return readIndex().filter(
    (fixture) =>
      (providers === null || providers.includes(fixture.provider)) &&
      (filter.format === undefined || filter.format === fixture.format),
  )
}

/** The bytes of a recording, as they were on the wire for the formats that keep them. */
export function readFixture(fixture: Fixture): Uint8Array {
  return new Uint8Array(readFileSync(join(directory, fixture.file)))
}

/** The request and the response's status and headers of a recording; null where none are kept. */
export function readFixtureMeta(fixture: Fixture): unknown {
  const file = join(directory, `${fixture.file}.meta.json`)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
}

/** `describe` for tests that need the recordings; one skipped test in its name without them. */
export function describeWithFixtures(name: string, define: () => void): void {
  if (fixturesPresent) describe(name, define)
  else test.skip(`${name} (../shared/fixtures is not there)`, () => {})
}

function readIndex(): readonly Fixture[] {
  if (!fixturesPresent) return []
  const [head = '', ...lines] = readFileSync(index, 'utf8').trimEnd().split('\n')
  const column = (name: string): number => {
    const at = head.split('\t').indexOf(name)
    if (at < 0) throw new Error(`the index of the fixtures has no column ${name}`)
    return at
  }
  const [provider, file, format] = [column('provider'), column('local file'), column('format')]
  const exercises = column('what it exercises')
  return lines.map((line) => {
    const cells = line.split('\t')
    return {
      provider: cells[provider] ?? '',
      file: cells[file] ?? '',
      format: (cells[format] ?? '') as FixtureFormat,
      exercises: cells[exercises] ?? '',
    }
  })
}
