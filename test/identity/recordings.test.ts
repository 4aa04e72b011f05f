/**
 * Every recorded stream of an OpenAI-family provider through a worker: the bytes that come out are
 * the bytes that went in, however they arrived. `IDENTITY_SEED` repeats the random cuts of a run.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { describeWithFixtures, type Fixture, listFixtures, readFixture } from '../kit/fixtures.ts'
import { type Ending, endsProperly, expectEnding } from './endings.ts'
import { randomOffsets, seed } from './random.ts'
import { type Dialect, paths, Stand } from './stand.ts'

/** The recordings that do not end as they should, how, and what rule 1 makes of them. */
const exceptions: Readonly<Record<string, { readonly ending: Ending; readonly why: string }>> = {
  'gpustack/rubyllm__stream-gpustack-qwen3-supports-stream.sse': {
    ending: 'no end marker',
    why: 'GPUStack stops after the usage: the finish was seen, so the marker is supplied',
  },
  'groq/pydai__tool-use-failed-error-streaming.sse': {
    ending: 'own error',
    why: 'Groq breaks off with an error event of its own: it says all there is to say',
  },
  'perplexity/rubyllm__citations-with-perplexity-sonar-returns-search-result-citations-when-s.sse':
    { ending: 'no end marker', why: 'Perplexity never sends a marker; its lines end in CRLF' },
  'perplexity/rubyllm__with-extended-thinking-perplexity-sonar-reasoning-pro-thinking.sse': {
    ending: 'no end marker',
    why: 'Perplexity never sends a marker; there are comments between its events',
  },
  'writer/oltel__writer-async-streaming-chat-multiple-tool-call-requests-legacy.sse': {
    ending: 'no end marker',
    why: 'Writer stops after the usage, after seven calls of tools that all finished',
  },
  'writer/oltel__writer-async-streaming-chat-tool-call-request-legacy.sse': {
    ending: 'no end marker',
    why: 'Writer stops after the usage',
  },
  'writer/oltel__writer-async-streaming-completions-legacy.sse': {
    ending: 'unfinished',
    why: 'Writer sends bare {"value"} events: nothing tells a whole answer from half of one',
  },
}

/** Byte by byte costs some 10 us a byte, so only what is short is cut that finely. */
const pieceBytes = (lengthBytes: number): number =>
  lengthBytes <= 32_000 ? 1 : lengthBytes <= 300_000 ? 7 : 31

const everyPiece = (lengthBytes: number): number[] => {
  const size = pieceBytes(lengthBytes)
  return Array.from({ length: Math.ceil(lengthBytes / size) }, (_, index) => index * size)
}

/** The dialect of a recording, by the index's `api=`; null for other families. */
function dialectOf(fixture: Fixture): Dialect | null {
  if (fixture.provider === 'openai-compatible') return 'openai-chat'
  const named = /\bapi=([\w-]+)/.exec(fixture.exercises)?.[1] ?? ''
  return named in paths ? (named as Dialect) : null
}

const recordings = listFixtures({ format: 'raw-sse' }).flatMap((fixture) => {
  const dialect = dialectOf(fixture)
  return dialect === null ? [] : [{ fixture, dialect }]
})

describeWithFixtures('recorded streams through a worker', () => {
  let stand: Stand
  beforeAll(async () => {
    stand = await Stand.start()
  })
  afterAll(() => stand.stop())

  for (const { fixture, dialect } of recordings) {
    const ending = exceptions[fixture.file]?.ending ?? 'proper'
    test(`${fixture.file}: ${ending}`, async () => {
      const bytes = readFixture(fixture)
      const cuts = {
        whole: 'whole',
        [`pieces of ${pieceBytes(bytes.length)}`]: everyPiece(bytes.length),
        [`cut at random, IDENTITY_SEED=${seed}`]: randomOffsets(bytes.length, fixture.file),
      } as const
      for (const [note, splits] of Object.entries(cuts)) {
        expectEnding(await stand.replay(dialect, bytes, splits), bytes, ending, note)
        await stand.nothingLeft()
      }
    })
  }

  test('are all that there are', () => {
    expect(recordings.length).toBeGreaterThanOrEqual(93)
    const judged = recordings
      .filter(({ fixture }) => !endsProperly(readFixture(fixture)))
      .map(({ fixture }) => fixture.file)
    expect(judged.sort()).toEqual(Object.keys(exceptions).sort())
  })
})

/** What an operator may set changes when bytes leave, and never which. */
const settings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'without the pool': { STREAM_BUFFER_POOL_ENABLED: '0' },
  'small writes': { STREAM_RESPONSE_CHUNK_SIZE: '1024' },
  'gathered writes': { STREAM_FLUSH_INTERVAL_MS: '5', STREAM_RESPONSE_CHUNK_SIZE: '4096' },
  'events above the limit': { STREAM_MAX_EVENT_BYTES: '1024' },
}

/**
 * A finish in an event that nobody looked at is not known: then an error event is right. Bedrock
 * puts the type of an event behind its data.
 */
const knownByBeginning = (fixture: Fixture, ending: Ending): boolean =>
  ending === 'proper' && fixture.provider !== 'bedrock-mantle'

describeWithFixtures('recorded streams under other settings', () => {
  describe.each(Object.entries(settings))('%s', (name, environment) => {
    test('leave as the same bytes', async () => {
      const stand = await Stand.start(environment)
      for (const { fixture, dialect } of recordings) {
        const bytes = readFixture(fixture)
        const ending = exceptions[fixture.file]?.ending ?? 'proper'
        if (name === 'events above the limit' && !knownByBeginning(fixture, ending)) continue
        const note = `${fixture.file}, IDENTITY_SEED=${seed}`
        const splits = randomOffsets(bytes.length, fixture.file)
        expectEnding(await stand.replay(dialect, bytes, splits), bytes, ending, note)
      }
      await stand.nothingLeft()
      await stand.stop()
    })
  })
})
