/** Recordings by name, for the tests of dialects that only providers speak. */
import { type Fixture, readFixture } from '../kit/fixtures.ts'

/** The recording whose name holds `part`. @throws Error where it is gone. */
export function recordingNamed(fixtures: readonly Fixture[], part: string): Fixture {
  const found = fixtures.find(({ file }) => file.includes(part))
  if (found === undefined) throw new Error(`the recording ${part} is gone`)
  return found
}

/** An answer with an error status. */
export interface RecordedError {
  readonly status: number
  readonly body: { readonly message: string; readonly error_type?: string }
}

/** The recorded errors, for `test.each`: the file says the status. */
export function recordedErrors(fixtures: readonly Fixture[]): readonly [string, RecordedError][] {
  return fixtures
    .filter(({ format }) => format === 'json-error')
    .map((fixture) => {
      const status = Number(/error-(\d{3})/.exec(fixture.file)?.[1])
      const body = JSON.parse(new TextDecoder().decode(readFixture(fixture)))
      return [fixture.file, { status, body }]
    })
}
