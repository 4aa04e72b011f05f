/**
 * What must hold for any input: nothing throws but what is documented to, every sequence of events
 * is well formed, what is written can be read again, and where a stream was cut changes nothing.
 */
import { GatewayError } from '../../src/core/errors.ts'
import { isObject, type JsonObject } from '../../src/core/json.ts'
import { hasCustomTools, withChatFunctions } from '../../src/protocol/openai-chat/custom-tools.ts'
import { type AnswerContext, translationOf } from '../../src/protocol/translation.ts'
import { hubRequest } from '../protocol/hub-request.ts'
import { checkStream } from './check-stream.ts'
import { clientDialects, dialectNamed, type FuzzInput } from './input.ts'
import { checkWellFormed, ensure, ensureOurs } from './promises.ts'

const context: AnswerContext = {
  ...{ model: 'm', requestId: 'req_fuzz', createdS: 1_700_000_000, includeUsage: true },
  framing: 'sse',
  request: hubRequest(),
}

/** Functions that some of the streams and answers call. */
const customTools = ['f', 'g'].map(
  (name) => ({ type: 'custom', name, description: null, format: null }) as const,
)
const custom: AnswerContext = { ...context, request: hubRequest({ tools: customTools }) }

/** Does everything with an input that the program might. Throws where a promise is broken. */
export function checkInput(input: FuzzInput): void {
  switch (input.target) {
    case 'stream':
      checkStream(input, { plain: context, custom })
      return
    case 'request':
      checkRequest(input)
      return
    case 'response':
      checkResponse(input)
      return
    case 'error':
      checkError(input)
  }
}

function objectOf(data: Uint8Array): JsonObject | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(data))
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function checkRequest({ dialect, data }: FuzzInput): void {
  const body = objectOf(data)
  if (body === null) return
  const path = { model: dialect === 'gemini' ? 'm' : null, stream: null }
  const read = refusable(() => translationOf(dialectNamed(dialect)).readRequest(body, path))
  if (read === null) return
  for (const target of writers) {
    const written = refusable(() => translationOf(dialectNamed(target)).writeRequest(read))
    if (written === null) continue
    const json = JSON.stringify(written)
    // What a dialect writes it also takes: a request that was accepted is not refused later.
    if (target === dialect) {
      translationOf(dialectNamed(dialect)).readRequest(JSON.parse(json), path)
    }
    if (target === 'openai-chat' && target === dialect) checkFunctions(JSON.parse(json))
  }
}

/** For servers of chats that know functions only; what it makes is a chat again. */
function checkFunctions(body: JsonObject): void {
  const functions = withChatFunctions(body)
  ensure(!hasCustomTools(functions), 'a tool of free text is left', functions)
  const named = { ...functions, model: 'm' }
  translationOf(dialectNamed('openai-chat')).readRequest(named, { model: null, stream: null })
}

const writers = [
  ...['openai-chat', 'openai-completions', 'openai-responses', 'anthropic-messages', 'gemini'],
  ...['bedrock-converse', 'bedrock-invoke', 'cohere-chat', 'ollama-chat'],
] as const

/** The result, or null where the request is refused with a 400. */
function refusable<Result>(run: () => Result): Result | null {
  try {
    return run()
  } catch (thrown) {
    const refused = thrown instanceof GatewayError && thrown.status === 400
    if (!refused) throw thrown
    return null
  }
}

function checkResponse({ dialect: name, data }: FuzzInput): void {
  const body = objectOf(data)
  if (body === null) return
  const dialect = dialectNamed(name)
  const events = translationOf(dialect).readResponse(body)
  checkWellFormed(events)
  ensureOurs(dialect.readAnswer(body).error)
  if (events.at(-1)?.type === 'error') return
  for (const client of clientDialects) {
    for (const each of [context, custom]) {
      const written = JSON.stringify(translationOf(client).writeResponse(events, each))
      translationOf(client).readResponse(JSON.parse(written))
    }
  }
}

const statuses = [200, 400, 401, 403, 404, 408, 413, 422, 429, 500, 503, 529, 0, 999]

function checkError({ dialect, salt, data }: FuzzInput): void {
  let body: unknown = null
  try {
    body = JSON.parse(new TextDecoder().decode(data))
  } catch {}
  const status = statuses[salt % statuses.length] ?? 500
  const error = dialectNamed(dialect).readError(status, body, null)
  ensureOurs(error)
  ensure(error.status >= 400 && error.status < 600, 'no status of an error', error.status)
  ensure(error.message.trim() !== '', 'an error without words', error.code)
  for (const client of clientDialects) JSON.stringify(client.writeError(error, 'req_fuzz'))
}
