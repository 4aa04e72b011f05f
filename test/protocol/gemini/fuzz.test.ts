/**
 * Anything may come from a provider or a client. Readers answer with events or a 400, writers with
 * whole chunks, and neither throws anything else. `FUZZ_SEED` repeats a run.
 */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { isObject } from '../../../src/core/json.ts'
import { readRequest } from '../../../src/protocol/gemini/request-read.ts'
import { writeRequest } from '../../../src/protocol/gemini/request-write.ts'
import { GeminiReader } from '../../../src/protocol/gemini/stream-read.ts'
import { GeminiWriter } from '../../../src/protocol/gemini/stream-write.ts'
import { gemini } from '../../../src/protocol/gemini.ts'
import { answerContext, chunksOf } from './stand.ts'

const seed = Number(Bun.env.FUZZ_SEED ?? Date.now() % 2 ** 31)
const numRuns = Number(Bun.env.FUZZ_RUNS ?? 400)

const names = [
  ...['candidates', 'content', 'parts', 'text', 'thought', 'thoughtSignature', 'functionCall'],
  ...['name', 'args', 'id', 'partialArgs', 'jsonPath', 'stringValue', 'willContinue', 'index'],
  ...['finishReason', 'usageMetadata', 'promptTokenCount', 'candidatesTokenCount', 'error', 'code'],
  ...['message', 'status', 'details', 'retryDelay', 'promptFeedback', 'blockReason', 'web', 'uri'],
  ...['groundingMetadata', 'groundingChunks', 'groundingSupports', 'groundingChunkIndices'],
  ...['citationMetadata', 'citationSources', 'logprobsResult', 'chosenCandidates', 'responseId'],
  ...['contents', 'role', 'inlineData', 'mimeType', 'data', 'fileData', 'fileUri', 'tools', 'type'],
  ...['functionDeclarations', 'parameters', 'properties', 'items', 'nullable', 'generationConfig'],
  ...['functionResponse', 'response', 'output', 'toolConfig', 'functionCallingConfig', 'mode'],
  ...['__proto__', 'constructor', 'function_call', '_', 'a__b', 'createTime', 'modelVersion'],
]
const words = [
  '',
  'STOP',
  'ANY',
  'model',
  'user',
  '$.a[0].b',
  '$.',
  'files/x',
  'c2x1aWNlOg==',
  '9s',
]

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, -1, 1.5, 1e21, 499),
    fc.constantFrom(...words),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.constantFrom(...names), tie('value')), { maxLength: 5 })
      .map((entries) => Object.fromEntries(entries)),
  ),
}))

/** Random values, most of them where a chunk has its own. */
const chunk = fc.oneof(
  value,
  fc.record({ candidates: fc.array(value, { maxLength: 2 }), usageMetadata: value }),
  fc.array(value, { maxLength: 4 }).map((parts) => ({
    candidates: [
      { content: { parts: parts.map((part) => (isObject(part) ? part : { text: part })) } },
    ],
  })),
  fc.record({ functionCall: value, text: value }, { requiredKeys: [] }).map((part) => ({
    candidates: [{ content: { parts: [part] }, finishReason: 'STOP' }],
  })),
)

test('a stream of anything is read, watched and written', () => {
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), fc.boolean(), (chunks, isCut) => {
      const reader = new GeminiReader()
      const watch = gemini.watch()
      const events = chunks.flatMap((item) => {
        const data = JSON.stringify(item).slice(0, isCut ? -1 : undefined)
        watch.look(data)
        return reader.read({ event: null, data })
      })
      events.push(...reader.end())
      const ends = events.filter(({ type }) => type === 'end' || type === 'error')
      expect([ends.length, events.at(-1)]).toEqual([1, ends[0]])
      expect(reader.end()).toEqual([])
      for (const event of events) {
        if (event.type === 'tool-start') expect([event.id, event.name]).not.toContain('')
      }
      const text = new GeminiWriter(answerContext()).write(events)
      expect(chunksOf(text).length).toBeGreaterThan(0)
      JSON.parse(new GeminiWriter(answerContext('json-array')).write(events))
    }),
    { seed, numRuns },
  )
})

test('a request of anything is read, or is a 400', () => {
  const body = fc.record(
    {
      contents: fc.oneof(
        value,
        fc.array(
          fc.record({
            role: fc.constantFrom('user', 'model'),
            parts: fc.array(value, { maxLength: 3 }),
          }),
          { maxLength: 3 },
        ),
      ),
      systemInstruction: value,
      tools: value,
      toolConfig: value,
      generationConfig: value,
      cachedContent: value,
    },
    { requiredKeys: ['contents'] },
  )
  fc.assert(
    fc.property(body, (given) => {
      try {
        const request = readRequest(given, { model: 'm', stream: true })
        JSON.stringify(writeRequest(request))
      } catch (thrown) {
        if (!(thrown instanceof GatewayError)) throw thrown
        expect([thrown.status, typeof thrown.detail.param]).toEqual([400, 'string'])
      }
    }),
    { seed, numRuns },
  )
})
