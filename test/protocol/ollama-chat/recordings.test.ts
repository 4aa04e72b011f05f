/** Every recording of Ollama's own API, read by us and, line by line, by the test. */
import { expect, test } from 'bun:test'
import { collect } from '../../../src/protocol/hub/collect.ts'
import { OllamaReader } from '../../../src/protocol/ollama-chat/stream.ts'
import {
  describeWithFixtures,
  type Fixture,
  listFixtures,
  readFixture,
} from '../../kit/fixtures.ts'
import {
  accountOf,
  countsOf,
  expectEqualHoweverCut,
  expectWellFormed,
  fuzzReader,
} from '../replay.ts'

const decoding = { framing: 'ndjson', reader: () => new OllamaReader() } as const

interface Line {
  readonly model: string
  readonly message?: { content: string }
  readonly response?: string
  readonly done_reason?: string
  readonly prompt_eval_count?: number
  readonly eval_count?: number
}

const linesOf = (fixture: Fixture): readonly Line[] =>
  new TextDecoder()
    .decode(readFixture(fixture))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describeWithFixtures('recordings of Ollama', () => {
  const streams = listFixtures({ provider: 'ollama-native' })

  test('are all there', () => {
    expect(streams.length).toBeGreaterThanOrEqual(3)
  })

  test.each(streams.map((fixture) => [fixture.file, fixture] as const))(
    '%s reads as its lines say, however it was cut',
    (_, fixture) => {
      const lines = linesOf(fixture)
      const last = lines.at(-1)
      const events = expectEqualHoweverCut(decoding, readFixture(fixture))
      expectWellFormed(events)
      expect(events.at(-1)?.type).toBe('end')
      const text = lines.map((line) => line.message?.content ?? line.response ?? '').join('')
      expect(text.length).toBeGreaterThan(20)
      expect(accountOf(events)).toMatchObject({ text, finish: last?.done_reason ?? null })
      expect(collect(events).model).toBe(last?.model ?? '')
      expect(countsOf(events)).toMatchObject({
        inputTokens: last?.prompt_eval_count ?? 0,
        outputTokens: last?.eval_count ?? null,
      })
    },
    60_000,
  )

  test('mutated lines never throw and never look finished twice', () => {
    const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000)
    fuzzReader(decoding, streams.map(readFixture), seed, 600)
  })
})
