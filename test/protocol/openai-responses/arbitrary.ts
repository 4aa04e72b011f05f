/** Generated requests of this dialect: everything that the hub can hold of one. */
import fc from 'fast-check'
import type { HubRequest, Message, Part, Tool } from '../../../src/protocol/hub/request.ts'
import { emptyRequest } from './stand.ts'

const dialect = 'openai-responses'
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((value) => {
  return value.toWellFormed()
})
const json = fc.dictionary(name, fc.oneof(fc.integer(), fc.boolean(), text), {
  maxKeys: 3,
  noNullPrototype: true,
})
const base64 = fc.stringMatching(/^[A-Za-z0-9+/]{4,20}={0,2}$/)
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 2 })

/** An object with `details` only where there are some, as the reader leaves it. */
function withDetails<T extends object>(part: T, value: object | null) {
  return value === null ? part : { ...part, details: { dialect, value } as const }
}

const said = text.map(
  (value): Part => ({ type: 'text', text: value, citations: [], cache: null, signature: null }),
)
const citation = fc
  .record({ url: fc.webUrl(), title: text, start_index: fc.nat(), end_index: fc.nat() })
  .map((value) => ({
    url: value.url,
    title: value.title,
    citedText: null,
    start: value.start_index,
    end: value.end_index,
    native: { dialect, value: { type: 'url_citation', ...value } } as const,
  }))
const answered: fc.Arbitrary<Part> = fc
  .tuple(text, fc.array(citation, { maxLength: 2 }))
  .map(([value, citations]) => ({
    type: 'text',
    text: value,
    citations,
    cache: null,
    signature: null,
  }))

const address = fc.webUrl().map((url) => ({ kind: 'url', url, mediaType: null }) as const)
const uploaded = name.map((id) => ({ kind: 'file', id, mediaType: null }) as const)
const inline = (mediaType: string) =>
  base64.map((data) => ({ kind: 'base64', data, mediaType }) as const)
const image: fc.Arbitrary<Part> = fc
  .tuple(fc.oneof(address, uploaded, inline('image/png')), orNull(fc.constantFrom('low', 'high')))
  .map(([source, detail]) => ({ type: 'image', source, detail, cache: null }))
const file: fc.Arbitrary<Part> = fc
  .tuple(
    fc.oneof(address, uploaded, inline('application/pdf')),
    name,
    orNull(fc.constant({ detail: 'low' })),
  )
  .map(([source, filename, extra]) =>
    withDetails({ type: 'file', source, filename, cache: null } as const, extra),
  )

const foreign = fc.constantFrom('anthropic-messages', 'gemini', 'bedrock-converse')
const reasoning: fc.Arbitrary<Part> = fc
  .tuple(fc.oneof(fc.constant(''), text), base64, orNull(name))
  .map(([value, secret, id]) => ({
    type: 'reasoning',
    text: value,
    signature: value === '' ? null : secret,
    redacted: value === '' ? secret : null,
    signedBy: dialect,
    id,
  }))
const unsigned: fc.Arbitrary<Part> = fc.tuple(text, name).map(([value, id]) => ({
  type: 'reasoning',
  text: value,
  signature: null,
  redacted: null,
  signedBy: null,
  id,
}))
const serverTool: fc.Arbitrary<Part> = name.map((id) => ({
  type: 'native',
  native: { dialect, value: { type: 'web_search_call', id, status: 'completed' } },
}))

interface Call {
  readonly name: string
  readonly custom: boolean
  readonly input: string
  readonly extra: object | null
  readonly result: readonly Part[]
}
const call: fc.Arbitrary<Call> = fc.record({
  name,
  custom: fc.boolean(),
  input: json.map((value) => JSON.stringify(value)),
  extra: orNull(fc.constant({ namespace: 'crm' })),
  result: fc.array(fc.oneof(said, image, file), { maxLength: 2 }),
})

interface Turn {
  readonly user: Message
  readonly answer: readonly Part[]
  readonly calls: readonly Call[]
}
const turn: fc.Arbitrary<Turn> = fc.record({
  user: fc
    .tuple(
      fc.constantFrom('user', 'developer', 'system'),
      fc.array(fc.oneof(said, image, file), { minLength: 1, maxLength: 3 }),
    )
    .map(([role, parts]) => ({ role, parts, name: null }) as Message),
  answer: fc.array(
    fc.oneof(
      answered,
      reasoning,
      unsigned,
      serverTool,
      text.map((value): Part => ({ type: 'refusal', text: value })),
    ),
    { minLength: 1, maxLength: 4 },
  ),
  calls: fc.array(call, { maxLength: 3 }),
})

function messagesOf(turns: readonly Turn[]): readonly Message[] {
  return turns.flatMap(({ user, answer, calls }, at) => {
    const id = (index: number) => `call_${at}_${index}`
    const made = calls.map((each, index): Part => {
      const common = { type: 'tool-call', id: id(index), name: each.name } as const
      const rest = { arguments: each.input, custom: each.custom, signature: null, cache: null }
      return withDetails({ ...common, ...rest }, each.extra)
    })
    const results = calls.map((each, index): Part => {
      const common = { type: 'tool-result', callId: id(index), name: each.name } as const
      const rest = { content: each.result, isError: false, custom: each.custom, cache: null }
      return { ...common, ...rest }
    })
    const messages: Message[] = [
      user,
      { role: 'assistant', parts: [...answer, ...made], name: null },
    ]
    return results.length === 0
      ? messages
      : [...messages, { role: 'tool', parts: results, name: null }]
  })
}

const tool: fc.Arbitrary<Tool> = fc.oneof(
  fc
    .record({
      name,
      description: orNull(text),
      parameters: json,
      strict: orNull(fc.boolean()),
      extra: orNull(fc.constant({ defer_loading: true })),
    })
    .map(({ extra, ...rest }) =>
      withDetails({ type: 'function', cache: null, ...rest } as const, extra),
    ),
  fc
    .record({ name, description: orNull(text), format: orNull(json) })
    .map((rest) => ({ type: 'custom', ...rest }) as const),
  fc.constant<Tool>({ type: 'native', native: { dialect, value: { type: 'web_search' } } }),
)

const settings = fc.record({
  model: name,
  stream: fc.boolean(),
  tools: fc.array(tool, { maxLength: 3 }),
  toolChoice: orNull(
    fc.oneof(
      fc.record({ type: fc.constantFrom('auto', 'none', 'required') }),
      fc.record({ type: fc.constant('tool'), name }),
      fc.record({
        type: fc.constant('allowed'),
        mode: fc.constantFrom('auto', 'required'),
        names: fc.array(name, { minLength: 1, maxLength: 2 }),
      }),
    ),
  ),
  parallelToolCalls: orNull(fc.boolean()),
  responseFormat: orNull(
    fc.oneof(
      fc.record({ type: fc.constantFrom('text', 'json') }),
      fc.record({
        type: fc.constant('json-schema'),
        name,
        description: orNull(text),
        schema: json,
        strict: orNull(fc.boolean()),
      }),
    ),
  ),
  reasoning: orNull(
    fc.constantFrom(
      { enabled: null, effort: 'high', budgetTokens: null, summary: 'auto' },
      { enabled: null, effort: null, budgetTokens: null, summary: 'detailed' },
      { enabled: false, effort: 'none', budgetTokens: null, summary: null },
    ),
  ),
  outputTokensMax: orNull(fc.nat()),
  temperature: orNull(fc.double({ min: 0, max: 2, noNaN: true })),
  topP: orNull(fc.double({ min: 0, max: 1, noNaN: true })),
  logprobs: fc.constantFrom(null, true),
  topLogprobs: orNull(fc.nat({ max: 20 })),
  userId: orNull(name),
  serviceTier: orNull(fc.constantFrom('auto', 'flex', 'something')),
  metadata: orNull(json),
  store: orNull(fc.boolean()),
  verbosity: orNull(fc.constantFrom('low', 'high')),
})
const extra = fc.record(
  {
    previous_response_id: name,
    max_tool_calls: fc.nat(),
    truncation: fc.constant('auto'),
    include: fc.constant(['reasoning.encrypted_content']),
    background: fc.constant(true),
    prompt_cache_key: name,
    'reasoning.context': fc.constant('all_turns'),
    'text.future': text,
  },
  { requiredKeys: [] },
)

/** Every request that this dialect can say and read again. */
export const request: fc.Arbitrary<HubRequest> = fc
  .record({ settings, extra, turns: fc.array(turn, { maxLength: 3 }) })
  .map((made) => {
    const messages = messagesOf(made.turns)
    const fields = { ...made.extra }
    return { ...emptyRequest, ...made.settings, messages, extra: { dialect, fields } } as HubRequest
  })

/** Reasoning that somebody else signed. */
export const foreignReasoning: fc.Arbitrary<Part> = fc
  .tuple(text, base64, foreign)
  .map(([value, signature, signedBy]) => ({
    type: 'reasoning',
    text: value,
    signature,
    redacted: null,
    signedBy,
    id: null,
  }))
