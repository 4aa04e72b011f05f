/** Generated requests, in the form in which this dialect reads them: what it can say, said once. */
import fc from 'fast-check'
import type { JsonObject } from '../../../src/core/json.ts'
import type {
  CacheMarker,
  HubRequest,
  Message,
  Part,
  ReasoningPart,
  ToolCallPart,
} from '../../../src/protocol/hub/request.ts'
import { emptyRequest } from './stand.ts'

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,11}$/)
const saying = fc.string({ minLength: 1, unit: 'grapheme' })
const base64 = fc.base64String({ minLength: 4 })
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value)
const object = fc
  .dictionary(word, fc.jsonValue())
  .map((value): JsonObject => JSON.parse(JSON.stringify(value)))
const cache: fc.Arbitrary<CacheMarker | null> = maybe(fc.record({ ttl: maybe(word) }))
const url = word.map((name) => `https://a.example/${name}`)

const textPart = fc
  .record({ text: saying, cache })
  .map((rest): Part => ({ type: 'text', citations: [], signature: null, ...rest }))
const source = fc.oneof(
  url.map((address) => ({ kind: 'url', url: address, mediaType: null }) as const),
  base64.map((data) => ({ kind: 'base64', data, mediaType: 'image/png' }) as const),
)
const fileSource = fc.oneof(
  word.map((id) => ({ kind: 'file', id, mediaType: null }) as const),
  base64.map((data) => ({ kind: 'base64', data, mediaType: 'application/pdf' }) as const),
)
const userPart = fc.oneof(
  textPart,
  fc
    .record({ source, detail: maybe(fc.constantFrom('auto', 'low', 'high')), cache })
    .map((rest): Part => ({ type: 'image', ...rest })),
  fc
    .record({ source: fileSource, filename: maybe(word), cache })
    .map((rest): Part => ({ type: 'file', ...rest })),
  fc
    .record({ data: base64, format: fc.constantFrom('wav', 'mp3') })
    .map((rest): Part => ({ type: 'audio', ...rest })),
  word.map((video): Part => {
    const value = { type: 'video_url', video_url: { url: video } }
    return { type: 'native', native: { dialect: 'openai-chat', value } }
  }),
)

const signature = fc.oneof(
  base64,
  base64.map((text) => `anthropic-claude-v1|${text}`),
)
const unsigned = { signature: null, redacted: null, signedBy: null } as const
const reasoning = fc.oneof(
  saying.map((text): ReasoningPart => ({ type: 'reasoning', text, id: null, ...unsigned })),
  fc.record({ text: saying, signature, id: maybe(word) }).map(
    (rest): ReasoningPart => ({
      ...{ type: 'reasoning', redacted: null, signedBy: 'openai-chat' },
      ...rest,
    }),
  ),
  fc.record({ redacted: signature, id: maybe(word) }).map(
    (rest): ReasoningPart => ({
      ...{ type: 'reasoning', text: '', signature: null, signedBy: 'openai-chat' },
      ...rest,
    }),
  ),
)

const annotation = fc.record({ address: url, title: saying, end: fc.integer({ min: 1, max: 99 }) })

/** Text with the sources that the message names; they stay with its first part. */
const said = fc.tuple(fc.array(textPart, { maxLength: 2 }), fc.array(annotation, { maxLength: 2 }))

interface Turn {
  readonly asked: readonly Part[]
  readonly thoughts: readonly ReasoningPart[]
  readonly texts: readonly Part[]
  readonly refusal: string | null
  readonly calls: readonly (ToolCallPart & { readonly answer: readonly Part[] })[]
}

const call = fc
  .record({
    name: word,
    args: object,
    custom: fc.boolean(),
    signature: fc.constant(null),
    cache,
    answer: fc.array(textPart, { maxLength: 2 }),
  })
  .map(({ args, ...rest }) => ({
    ...({ type: 'tool-call', id: '', arguments: JSON.stringify(args) } as const),
    ...rest,
  }))

const turn: fc.Arbitrary<Turn> = fc
  .record({
    asked: fc.array(userPart, { maxLength: 3 }),
    thoughts: fc.array(reasoning, { maxLength: 3 }),
    said,
    refusal: maybe(saying),
    calls: fc.array(call, { maxLength: 3 }),
  })
  .map(({ said: [texts, annotations], ...rest }) => ({
    ...rest,
    texts: texts.map((part, index): Part => {
      if (index > 0 || part.type !== 'text') return part
      return { ...part, citations: annotations.map(citationOf) }
    }),
  }))

function citationOf({ address, title, end }: { address: string; title: string; end: number }) {
  const cited = { start_index: 0, end_index: end, title, url: address }
  const value = { type: 'url_citation', url_citation: cited }
  const native = { dialect: 'openai-chat', value } as const
  return { url: address, title, citedText: null, start: 0, end, native }
}

function messagesOf(turns: readonly Turn[]): Message[] {
  return turns.flatMap(({ asked, thoughts, texts, refusal, calls }, at) => {
    const named = calls.map((each, index) => ({ ...each, id: `call_${at}_${index}` }))
    const parts: Part[] = [...thoughts, ...texts]
    if (refusal !== null) parts.push({ type: 'refusal', text: refusal })
    for (const { answer: _answer, ...made } of named) parts.push(made)
    const results = named.map(({ id, name, custom, answer }): Message => {
      const about = { callId: id, name, custom, content: answer, isError: false, cache: null }
      return { role: 'tool', parts: [{ type: 'tool-result', ...about }], name: null }
    })
    return [
      { role: 'user', parts: asked, name: null },
      { role: 'assistant', parts, name: null },
      ...results,
    ]
  })
}

const tools = fc.array(
  fc.oneof(
    fc
      .record({
        ...{ name: word, description: maybe(saying), parameters: maybe(object) },
        ...{ strict: maybe(fc.boolean()), cache },
      })
      .map((rest) => ({ type: 'function', ...rest }) as const),
    fc
      .record({ name: word, description: maybe(saying), format: maybe(object) })
      .map((rest) => ({ type: 'custom', ...rest }) as const),
    word.map((type) => {
      const value = { type: `x_${type}`, max: 3 }
      return { type: 'native', native: { dialect: 'openai-chat', value } } as const
    }),
  ),
  { maxLength: 3 },
)
const toolChoice = fc.oneof(
  fc.constantFrom({ type: 'auto' }, { type: 'none' }, { type: 'required' }),
  word.map((name) => ({ type: 'tool', name })),
  fc.record({
    type: fc.constant('allowed'),
    mode: fc.constantFrom('auto', 'required'),
    names: fc.array(word),
  }),
) as fc.Arbitrary<NonNullable<HubRequest['toolChoice']>>
const format = fc.oneof(
  fc.constantFrom({ type: 'text' }, { type: 'json' }),
  fc.record({
    ...{ type: fc.constant('json-schema'), name: word, description: maybe(saying) },
    ...{ schema: object, strict: maybe(fc.boolean()) },
  }),
) as fc.Arbitrary<NonNullable<HubRequest['responseFormat']>>
const effort = fc
  .constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh')
  .map((named) => ({
    ...{ enabled: named === 'none' ? false : null, effort: named },
    ...{ budgetTokens: null, summary: null },
  }))
const count = fc.integer({ min: 1, max: 9_999 })
const rate = fc.double({ min: 0, max: 2, noNaN: true, noDefaultInfinity: true }).map((n) => n + 0)

const settings = fc.record({
  ...{ toolChoice: maybe(toolChoice), parallelToolCalls: maybe(fc.boolean()) },
  ...{ responseFormat: maybe(format), reasoning: maybe(effort), outputTokensMax: maybe(count) },
  ...{ temperature: maybe(rate), topP: maybe(rate), topK: maybe(count), seed: maybe(count) },
  ...{ stop: fc.array(saying, { maxLength: 4 }), choices: maybe(count) },
  ...{ frequencyPenalty: maybe(rate), presencePenalty: maybe(rate), logitBias: maybe(object) },
  ...{ logprobs: maybe(fc.boolean()), topLogprobs: maybe(count), userId: maybe(word) },
  ...{ serviceTier: maybe(word), metadata: maybe(object), store: maybe(fc.boolean()) },
  verbosity: maybe(word),
})
const extra = fc.record(
  {
    ...{ prompt_cache_key: word, safety_identifier: word, prediction: object },
    ...{ web_search_options: object, modalities: fc.array(word), audio: object },
  },
  { requiredKeys: [] },
)

/** A request that this dialect can say in full. */
export const requests: fc.Arbitrary<HubRequest> = fc
  .record({
    system: fc.array(
      fc.record({
        role: fc.constantFrom('system', 'developer'),
        parts: fc.array(textPart, { maxLength: 2 }),
        name: maybe(word),
      }) as fc.Arbitrary<Message>,
      { maxLength: 2 },
    ),
    turns: fc.array(turn, { maxLength: 3 }),
    tools,
    settings,
    extra,
    stream: fc.boolean(),
  })
  .map(({ system, turns, tools: given, settings: rest, extra: fields, stream }) =>
    emptyRequest({
      ...rest,
      ...{ stream, tools: given, includeUsage: stream ? true : null },
      messages: [...system, ...messagesOf(turns)],
      // Beside a user it is a field of its own; alone it is the user.
      extra: { dialect: 'openai-chat', fields: withoutLoneIdentifier(fields, rest.userId) },
    }),
  )

function withoutLoneIdentifier(fields: JsonObject, userId: string | null): JsonObject {
  if (userId !== null) return fields
  const { safety_identifier: _identifier, ...others } = fields
  return others
}
