/** Requests that are generated, written, and read again: nothing may be lost on the way. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { JsonObject } from '../../../src/core/json.ts'
import { readRequest } from '../../../src/protocol/gemini/request-read.ts'
import { writeRequest } from '../../../src/protocol/gemini/request-write.ts'
import type { HubRequest, Message, Part } from '../../../src/protocol/hub/request.ts'
import { emptyRequest, hubText as text } from './stand.ts'

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,11}$/)
const saying = fc.string({ minLength: 1, unit: 'grapheme' })
const base64 = fc.base64String({ minLength: 4 })
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value)
const object = fc
  .dictionary(word, fc.jsonValue())
  .map((value): JsonObject => JSON.parse(JSON.stringify(value)))
const textPart = fc.record({ said: saying, signature: maybe(base64) }).map(
  ({ said, signature }): Part => ({
    type: 'text',
    text: said,
    citations: [],
    cache: null,
    signature,
  }),
)
const imagePart = fc
  .oneof(
    base64.map((data) => ({ kind: 'base64', data, mediaType: 'image/png' }) as const),
    word.map(
      (name) =>
        ({ kind: 'url', url: `https://a.example/${name}`, mediaType: 'image/gif' }) as const,
    ),
    word.map((name) => ({ kind: 'file', id: `files/${name}`, mediaType: 'image/png' }) as const),
  )
  .map((source): Part => ({ type: 'image', source, detail: null, cache: null }))
const userPart = fc.oneof(
  textPart,
  imagePart,
  base64.map((data): Part => ({ type: 'audio', data, format: 'wav' })),
  base64.map(
    (data): Part => ({
      type: 'file',
      source: { kind: 'base64', data, mediaType: 'application/pdf' },
      filename: null,
      cache: null,
    }),
  ),
  saying.map(
    (code): Part => ({
      type: 'native',
      native: { dialect: 'gemini', value: { executableCode: { code } } },
    }),
  ),
)

/** A turn of the assistant with thoughts and calls, and the answers to the calls. */
const agentTurn = fc
  .record({
    thought: maybe(fc.tuple(saying, maybe(base64))),
    said: fc.array(textPart, { maxLength: 2 }),
    calls: fc.array(
      fc.record({
        name: word,
        args: object,
        signature: maybe(base64),
        answer: saying,
        isError: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map(({ thought, said, calls }) => ({ thought, said, calls }))

const request: fc.Arbitrary<HubRequest> = fc
  .record({
    system: fc.array(textPart, { maxLength: 2 }),
    turns: fc.array(fc.tuple(fc.array(userPart, { minLength: 1, maxLength: 3 }), agentTurn), {
      maxLength: 3,
    }),
    rest: fc.record({
      stream: fc.boolean(),
      tools: fc.array(
        fc.oneof(
          fc.record({
            type: fc.constant('function' as const),
            name: word,
            description: maybe(saying),
            parameters: maybe(object),
            strict: fc.constant(null),
            cache: fc.constant(null),
          }),
          fc.constant({
            type: 'native' as const,
            native: { dialect: 'gemini' as const, value: { googleSearch: {} } },
          }),
        ),
        { maxLength: 4 },
      ),
      toolChoice: maybe(
        fc.oneof(
          fc.constantFrom(
            { type: 'auto' as const },
            { type: 'none' as const },
            { type: 'required' as const },
          ),
          word.map((name) => ({ type: 'tool' as const, name })),
          fc.record({
            type: fc.constant('allowed' as const),
            mode: fc.constantFrom('auto' as const, 'required' as const),
            names: fc.array(word, { minLength: 2, maxLength: 3 }),
          }),
        ),
      ),
      responseFormat: maybe(
        fc.oneof(
          fc.constantFrom({ type: 'text' as const }, { type: 'json' as const }),
          object.map((schema) => ({
            type: 'json-schema' as const,
            name: null,
            description: null,
            schema,
            strict: null,
          })),
        ),
      ),
      reasoning: maybe(
        fc.oneof(
          fc
            .constantFrom('minimal', 'low', 'medium', 'high')
            .map((effort) => ({ enabled: null, effort, budgetTokens: null, summary: null })),
          fc.integer({ min: 1, max: 32_768 }).map((budgetTokens) => ({
            enabled: null,
            effort: null,
            budgetTokens,
            summary: 'auto',
          })),
          fc
            .boolean()
            .map((enabled) => ({ enabled, effort: null, budgetTokens: null, summary: 'auto' })),
        ),
      ),
      outputTokensMax: maybe(fc.nat()),
      temperature: maybe(fc.double({ min: 0, max: 2, noNaN: true }).map((value) => value + 0)),
      topP: maybe(fc.double({ min: 0, max: 1, noNaN: true })),
      topK: maybe(fc.nat()),
      stop: fc.array(saying, { maxLength: 5 }),
      seed: maybe(fc.integer()),
      choices: maybe(fc.integer({ min: 1, max: 8 })),
      frequencyPenalty: maybe(fc.double({ min: -2, max: 2, noNaN: true })),
      presencePenalty: maybe(fc.double({ min: -2, max: 2, noNaN: true })),
      logprobs: maybe(fc.boolean()),
      topLogprobs: maybe(fc.nat(20)),
      serviceTier: maybe(fc.constantFrom('standard', 'flex', 'priority')),
      extra: fc
        .record(
          {
            safetySettings: fc.constant([]),
            labels: object,
            'generationConfig.speechConfig': object,
          },
          { requiredKeys: [] },
        )
        .map((fields) => ({ dialect: 'gemini' as const, fields })),
    }),
  })
  .map(({ system, turns, rest }) => {
    const messages: Message[] = []
    if (system.length > 0) messages.push({ role: 'system', parts: system, name: null })
    for (const [index, [asked, { thought, said, calls }]] of turns.entries()) {
      messages.push({ role: 'user', parts: asked, name: null })
      const id = (call: number): string => `call_${index}_${call}`
      const reasoning: Part[] =
        thought === null
          ? []
          : [
              {
                type: 'reasoning',
                text: thought[0],
                signature: thought[1],
                redacted: null,
                signedBy: thought[1] === null ? null : 'gemini',
                id: null,
              },
            ]
      messages.push({
        role: 'assistant',
        parts: [
          ...reasoning,
          ...said,
          ...calls.map(
            ({ name, args, signature }, call): Part => ({
              type: 'tool-call',
              id: id(call),
              name,
              arguments: JSON.stringify(args),
              custom: false,
              signature,
              cache: null,
            }),
          ),
        ],
        name: null,
      })
      messages.push({
        role: 'tool',
        parts: calls.map(
          ({ name, answer, isError }, call): Part => ({
            type: 'tool-result',
            callId: id(call),
            name,
            content: [text(answer)],
            isError,
            custom: false,
            cache: null,
          }),
        ),
        name: null,
      })
    }
    return { ...emptyRequest, ...rest, messages }
  })

test('what is written is read as what it was', () => {
  const seed = Number(Bun.env.FUZZ_SEED ?? Date.now() % 2 ** 31)
  // A failure prints the seed and the smallest request that fails.
  fc.assert(
    fc.property(request, (wanted) => {
      const body: JsonObject = JSON.parse(JSON.stringify(writeRequest(wanted)))
      const again = readRequest(body, { model: wanted.model, stream: wanted.stream })
      expect(again).toEqual(JSON.parse(JSON.stringify(wanted)))
    }),
    { seed, numRuns: 500 },
  )
})
