/** Recordings, for the tests of dialects that only providers speak: by name, or all in turn. */
import { expect, test } from 'bun:test'
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import { type Fixture, readFixture } from '../kit/fixtures.ts'
import { type Decoding, expectEqualHoweverCut, expectWellFormed } from './replay.ts'

/** The recorded streams of a dialect, and who else reads them. */
export interface RecordedStreams {
  readonly streams: readonly Fixture[]
  /** How many there are at least. */
  readonly countMin: number
  readonly decoding: Decoding
  /** Who they are compared with, in the name of the test: "reads as the SDK reads it". */
  readonly reads: string
  /** The bytes of a stream on the wire. */
  bytesOf(fixture: Fixture): Uint8Array
  /** Expects of the events of a stream what the other reader says of it. */
  compare(events: readonly HubEvent[], bytes: Uint8Array, fixture: Fixture): Promise<void> | void
}

/** Gives the events of the stream whose name holds `part`, the same however it was cut. */
export type StreamNamed = (part: string) => readonly HubEvent[]

/** Tests every stream: it is whole, the same however it was cut, and what somebody else reads. */
export function testStreams(recorded: RecordedStreams): StreamNamed {
  const { streams, countMin, decoding, reads, bytesOf, compare } = recorded
  test('are all there', () => {
    expect(streams.length).toBeGreaterThanOrEqual(countMin)
  })

  test.each(streams.map((fixture) => [fixture.file, fixture] as const))(
    `%s reads ${reads}, however it was cut`,
    async (_, fixture) => {
      const bytes = bytesOf(fixture)
      const events = expectEqualHoweverCut(decoding, bytes)
      expectWellFormed(events)
      expect(events.at(-1)?.type).toBe('end')
      await compare(events, bytes, fixture)
    },
    60_000,
  )
  return (part) => expectEqualHoweverCut(decoding, bytesOf(recordingNamed(streams, part)))
}

/** Gives the bytes of a stream: its own, or what `frame` makes of lines that were kept. */
export const bytesBy =
  (frame: (lines: readonly string[]) => Uint8Array) =>
  (fixture: Fixture): Uint8Array =>
    fixture.format === 'json-lines' ? frame(linesOf(fixture)) : readFixture(fixture)

/** The lines of a recording that is text. */
export const linesOf = (fixture: Fixture): readonly string[] =>
  new TextDecoder().decode(readFixture(fixture)).trim().split('\n')

/** The recording whose name holds `part`. @throws Error where it is gone. */
function recordingNamed(fixtures: readonly Fixture[], part: string): Fixture {
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
