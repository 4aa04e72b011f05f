/** Every recording of Ollama's own API, read by us and, line by line, by the test. */
import { expect, test } from 'bun:test'
import { collect } from '../../../src/protocol/hub/collect.ts'
import { OllamaReader } from '../../../src/protocol/ollama-chat/stream.ts'
import { describeWithFixtures, listFixtures, readFixture } from '../../kit/fixtures.ts'
import { linesOf, testStreams } from '../recorded.ts'
import { accountOf, countsOf, fuzzReader } from '../replay.ts'

const decoding = { framing: 'ndjson', reader: () => new OllamaReader() } as const

interface Line {
  readonly model: string
  readonly message?: { content: string }
  readonly response?: string
  readonly done_reason?: string
  readonly prompt_eval_count?: number
  readonly eval_count?: number
}

describeWithFixtures('recordings of Ollama', () => {
  const streams = listFixtures({ provider: 'ollama-native' })

  testStreams({
    ...{ streams, countMin: 3, decoding, bytesOf: readFixture, reads: 'as its lines say' },
    compare(events, _bytes, fixture) {
      const lines = linesOf(fixture).map((line): Line => JSON.parse(line))
      const last = lines.at(-1)
      const text = lines.map((line) => line.message?.content ?? line.response ?? '').join('')
      expect(text.length).toBeGreaterThan(20)
      expect(accountOf(events)).toMatchObject({ text, finish: last?.done_reason ?? null })
      expect(collect(events).model).toBe(last?.model ?? '')
      expect(countsOf(events)).toMatchObject({
        inputTokens: last?.prompt_eval_count ?? 0,
        outputTokens: last?.eval_count ?? null,
      })
    },
  })

  test('mutated lines never throw and never look finished twice', () => {
    fuzzReader(decoding, streams.map(readFixture), 600)
  })
})
