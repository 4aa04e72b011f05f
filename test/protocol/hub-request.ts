/** Requests of the hub for tests of writers: everything unsaid, unless a test says it. */
import { expect } from 'bun:test'
import { emptyRequest } from '../../src/protocol/hub/empty-request.ts'
import type { Losses } from '../../src/protocol/hub/losses.ts'
import type { HubRequest, Message, Part, Tool } from '../../src/protocol/hub/request.ts'

/** A request with one question, and `rest`. */
export const hubRequest = (rest: Partial<HubRequest> = {}): HubRequest => ({
  ...emptyRequest('m', 'openai-chat'),
  messages: [says('user', text('Hi'))],
  ...rest,
})

/** A message of `parts`. */
export const says = (role: Message['role'], ...parts: readonly Part[]): Message => ({
  role,
  parts,
  name: null,
})

/** A part of text. */
export const text = (value: string, cache: { ttl: string | null } | null = null): Part => ({
  type: 'text',
  text: value,
  citations: [],
  cache,
  signature: null,
})

/** A call of a tool, by its JSON text. */
export const call = (id: string, name: string, written: string): Part => ({
  type: 'tool-call',
  id,
  name,
  arguments: written,
  custom: false,
  signature: null,
  cache: null,
})

/** What a tool answered. */
export const result = (callId: string, content: readonly Part[], isError = false): Part => ({
  type: 'tool-result',
  callId,
  name: null,
  content,
  isError,
  custom: false,
  cache: null,
})

/** Thinking of an earlier turn. */
export const thought = (
  value: string,
  proof: Partial<Extract<Part, { type: 'reasoning' }>> = {},
): Part => ({
  type: 'reasoning',
  text: value,
  signature: null,
  redacted: null,
  signedBy: null,
  id: null,
  ...proof,
})

/** An image by its bytes. */
export const image = (data: string, mediaType = 'image/png'): Part => ({
  type: 'image',
  source: { kind: 'base64', data, mediaType },
  detail: null,
  cache: null,
})

/** A tool that looks up the weather. */
export const weather: Extract<Tool, { type: 'function' }> = {
  type: 'function',
  name: 'weather',
  description: 'The weather of a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  strict: null,
  cache: null,
}

/** The parameter that the 400 names which `run` throws; null where it throws none. */
export function refusedParam(run: () => unknown): string | null {
  try {
    run()
    return null
  } catch (thrown) {
    const { code, detail } = thrown as { code?: string; detail?: { param?: string } }
    if (code !== 'invalid_request') throw thrown
    return detail?.param ?? ''
  }
}

/** The parameter of the client at fault, where the list of losses is more exact. */
const paramOf: ReadonlyMap<string, string> = new Map([
  ['tools.native', 'tools'],
  ['content.native', 'messages'],
])

/** That `run` is a 400 which names the parameter, and that `what` is on the list of losses. */
export function expectRefusal(losses: Losses, what: string, run: () => unknown): void {
  expect(refusedParam(run)).toBe(paramOf.get(what) ?? what)
  const isListed = losses.request.some((loss) => loss.what === what && loss.how === 'refused')
  // What nobody has listed is refused as well, and this is the one such field of the tests.
  expect(isListed || what === 'web_search_options').toBe(true)
}

/** Settings that a provider with one answer and no biases must refuse, as the losses name them. */
export const everywhereRefused: readonly (readonly [string, Partial<HubRequest>])[] = [
  ['n', { choices: 2 }],
  ['logit_bias', { logitBias: { '50256': -100 } }],
  ['parallel_tool_calls', { parallelToolCalls: false, tools: [weather] }],
  [
    'tools.native',
    { tools: [{ type: 'native', native: { dialect: 'openai-responses', value: {} } }] },
  ],
  [
    'content.native',
    {
      messages: [
        says('user', { type: 'native', native: { dialect: 'anthropic-messages', value: {} } }),
      ],
    },
  ],
  ['web_search_options', { extra: { dialect: 'openai-chat', fields: { web_search_options: {} } } }],
]

/** Fields that change nothing about the answer and may be dropped everywhere. */
export const everywhereDropped: Partial<HubRequest> = {
  choices: 1,
  logitBias: {},
  parallelToolCalls: true,
  store: true,
  verbosity: 'low',
  includeUsage: true,
  extra: {
    dialect: 'openai-chat',
    fields: { prompt_cache_key: 'k', safety_identifier: 's', prediction: { type: 'content' } },
  },
}
