/** Requests of the hub for tests of writers: everything unsaid, unless a test says it. */
import { emptyRequest } from '../../src/protocol/hub/empty-request.ts'
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
