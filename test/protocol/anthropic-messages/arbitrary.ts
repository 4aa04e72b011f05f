/** Generated requests of this dialect: everything that the hub can hold of one. */
import fc from 'fast-check'
import type {
  CacheMarker,
  HubRequest,
  Message,
  Part,
  Tool,
} from '../../../src/protocol/hub/request.ts'
import { emptyRequest } from './stand.ts'

const dialect = 'anthropic-messages'
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
/** Visible at both ends: white space at the end of a prefill is one of the losses. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .map((value) => `${value.toWellFormed()}.`)
const json = fc.dictionary(name, fc.oneof(fc.integer(), fc.boolean(), text, fc.constant(null)), {
  maxKeys: 3,
  noNullPrototype: true,
})
const cache: fc.Arbitrary<CacheMarker | null> = fc.option(
  fc.record({ ttl: fc.constantFrom(null, '5m', '1h') }),
)
const opaque = fc.stringMatching(/^[A-Za-z0-9+/]{4,20}={0,2}$/)
const details = (key: string) =>
  fc.option(
    json.map((value) => ({ dialect, value: { [key]: value } }) as const),
    { nil: undefined },
  )

/** Without the key where there is nothing, as the reader leaves it. */
function withDetails<T extends object, D>(part: T, extra: D | undefined): T & { details?: D } {
  return extra === undefined ? part : { ...part, details: extra }
}

const citation = fc
  .record({ type: fc.constant('char_location'), cited_text: text })
  .map((value) => ({
    url: null,
    title: null,
    citedText: value.cited_text,
    start: null,
    end: null,
    native: { dialect, value } as const,
  }))

const textPart: fc.Arbitrary<Part> = fc
  .record({ text, cache, citations: fc.array(citation, { maxLength: 2 }) })
  .map((part) => ({ type: 'text', ...part, signature: null }))
const plainText: fc.Arbitrary<Part> = textPart.map((part) => ({ ...part, citations: [] }))

const address = fc.webUrl().map((url) => ({ kind: 'url', url, mediaType: null }) as const)
const uploaded = name.map((id) => ({ kind: 'file', id, mediaType: null }) as const)
const image: fc.Arbitrary<Part> = fc
  .tuple(
    fc.oneof(
      address,
      uploaded,
      opaque.map((data) => ({ kind: 'base64', data, mediaType: 'image/png' }) as const),
    ),
    cache,
    details('transformations'),
  )
  .map(([source, marker, extra]) =>
    withDetails({ type: 'image', source, detail: null, cache: marker } as const, extra),
  )
const file: fc.Arbitrary<Part> = fc
  .tuple(
    fc.oneof(
      address,
      uploaded,
      opaque.map((data) => ({ kind: 'base64', data, mediaType: 'application/pdf' }) as const),
      text.map((value) => ({ kind: 'text', text: value, mediaType: 'text/plain' }) as const),
    ),
    cache,
    fc.option(text),
    details('citations'),
  )
  .map(([source, marker, filename, extra]) =>
    withDetails({ type: 'file', source, filename, cache: marker } as const, extra),
  )

const reasoning: fc.Arbitrary<Part> = fc.oneof(
  fc.tuple(fc.oneof(fc.constant(''), text), opaque).map(
    ([value, signature]) =>
      ({
        type: 'reasoning',
        text: value,
        signature,
        redacted: null,
        signedBy: dialect,
        id: null,
      }) as const,
  ),
  opaque.map(
    (redacted) =>
      ({
        type: 'reasoning',
        text: '',
        signature: null,
        redacted,
        signedBy: dialect,
        id: null,
      }) as const,
  ),
)
const serverTool: fc.Arbitrary<Part> = json.map((input) => ({
  type: 'native',
  native: { dialect, value: { type: 'server_tool_use', id: 'srvtoolu_1', name: 'x', input } },
}))

interface Call {
  readonly name: string
  readonly input: object
  readonly cache: CacheMarker | null
  readonly extra: { dialect: typeof dialect; value: object } | undefined
  readonly result: readonly Part[]
  readonly isError: boolean
}
const call: fc.Arbitrary<Call> = fc.record({
  name,
  input: json,
  cache,
  extra: details('caller'),
  result: fc.array(fc.oneof(plainText, image, file), { maxLength: 2 }),
  isError: fc.boolean(),
})

/** One turn: what the user says, and the answer, with the results of its calls. */
interface Turn {
  readonly user: readonly Part[]
  readonly answer: readonly Part[]
  readonly calls: readonly Call[]
}
const turn: fc.Arbitrary<Turn> = fc.record({
  user: fc.array(fc.oneof(plainText, image, file), { minLength: 1, maxLength: 3 }),
  answer: fc.array(fc.oneof(textPart, reasoning, serverTool), { minLength: 1, maxLength: 3 }),
  calls: fc.array(call, { maxLength: 3 }),
})

function messagesOf(turns: readonly Turn[]): readonly Message[] {
  return turns.flatMap(({ user, answer, calls }, turnIndex) => {
    const id = (index: number) => `toolu_${turnIndex}_${index}`
    const made = calls.map((each, index) =>
      withDetails(
        {
          type: 'tool-call',
          id: id(index),
          name: each.name,
          arguments: JSON.stringify(each.input),
          custom: false,
          signature: null,
          cache: each.cache,
        } as const,
        each.extra,
      ),
    )
    const results = calls.map(
      (each, index): Part => ({
        type: 'tool-result',
        callId: id(index),
        name: each.name,
        content: each.result,
        isError: each.isError,
        custom: false,
        cache: each.cache,
      }),
    )
    const turnMessages: Message[] = [
      { role: 'user', parts: user, name: null },
      { role: 'assistant', parts: [...answer, ...made], name: null },
    ]
    return results.length === 0
      ? turnMessages
      : [...turnMessages, { role: 'tool', parts: results, name: null }]
  })
}

const tool: fc.Arbitrary<Tool> = fc.oneof(
  fc
    .tuple(name, fc.option(text), json, fc.option(fc.boolean()), cache, details('input_examples'))
    .map(([toolName, description, properties, strict, marker, extra]) =>
      withDetails(
        {
          type: 'function',
          name: toolName,
          description,
          parameters: { properties, type: 'object' },
          strict,
          cache: marker,
        } as const,
        extra,
      ),
    ),
  fc.constant({
    type: 'native',
    native: { dialect, value: { type: 'web_search_20250305', name: 'web_search' } },
  } as const),
)

const toolChoice = fc.oneof(
  fc.constantFrom({ type: 'auto' } as const, { type: 'required' } as const),
  name.map((each) => ({ type: 'tool', name: each }) as const),
)

const thinking = fc.oneof(
  fc.constant(null),
  fc.record({
    enabled: fc.constant(true),
    effort: fc.option(fc.constantFrom('low', 'high', 'max')),
    budgetTokens: fc.option(fc.integer({ min: 1_024, max: 9_000 })),
    summary: fc.constantFrom(null, 'auto'),
  }),
  fc.constant({ enabled: false, effort: null, budgetTokens: null, summary: null }),
  fc.constant({ enabled: null, effort: 'low', budgetTokens: null, summary: null }),
)

const extra = fc.oneof(
  fc.constant({}),
  json.map((container) => ({ container: { id: 'c', ...container } })),
  fc.constant({
    output_config: { task_budget: { total: 1 } },
    cache_control: { type: 'ephemeral' },
  }),
)

/** A request as a client of this dialect may make it. */
export const request: fc.Arbitrary<HubRequest> = fc
  .record({
    model: name.map((each) => `claude-${each}`),
    stream: fc.boolean(),
    system: fc.array(plainText, { maxLength: 2 }),
    turns: fc.array(turn, { minLength: 1, maxLength: 3 }),
    last: fc.array(plainText, { maxLength: 2 }),
    tools: fc.array(tool, { maxLength: 3 }),
    toolChoice: fc.option(toolChoice),
    parallelToolCalls: fc.option(fc.boolean()),
    schema: fc.option(json),
    reasoning: thinking,
    outputTokensMax: fc.integer({ min: 0, max: 64_000 }),
    temperature: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    topP: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    topK: fc.option(fc.nat(500)),
    stop: fc.array(text, { maxLength: 3 }),
    userId: fc.option(text),
    serviceTier: fc.constantFrom(null, 'auto', 'default'),
    extra,
  })
  .map(({ system, turns, last, schema, extra: fields, ...rest }) => {
    const messages: Message[] = [...messagesOf(turns)]
    if (system.length > 0) messages.unshift({ role: 'system', parts: system, name: null })
    if (last.length > 0) messages.push({ role: 'user', parts: last, name: null })
    const choice = rest.parallelToolCalls === null ? rest.toolChoice : (rest.toolChoice ?? auto)
    return {
      ...emptyRequest,
      ...rest,
      messages,
      toolChoice: rest.tools.length === 0 ? null : choice,
      parallelToolCalls: rest.tools.length === 0 ? null : rest.parallelToolCalls,
      responseFormat:
        schema === null
          ? null
          : { type: 'json-schema', name: null, description: null, schema, strict: null },
      extra: { dialect, fields },
    }
  })

const auto = { type: 'auto' } as const
