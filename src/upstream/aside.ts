/**
 * Embeddings and counts of tokens for a client whose provider has another API for them: a body
 * each way, translated. A provider that takes fewer texts at once is asked several times.
 */
import { GatewayError } from '../core/errors.ts'
import { isObject, type JsonObject } from '../core/json.ts'
import {
  type CountingApi,
  type CountingClient,
  type EmbeddingsApi,
  type EmbeddingsClient,
  geminiCountingClient,
  geminiEmbeddingsClient,
  messagesCountingClient,
  openaiEmbeddingsClient,
} from '../protocol/asides.ts'
import { checkedAnswer, joinAnswers, splitRequest } from '../protocol/embeddings/embeddings.ts'
import { readEmbeddingAnswer, writeEmbeddingRequest } from '../protocol/embeddings/openai.ts'
import { opaque } from '../protocol/opaque.ts'
import type { Opened, Target } from '../provider/call.ts'
import type { OpenContext } from './context.ts'
import type { Outgoing } from './outgoing.ts'

/** Sends one body and gives the answer, opened as far as it was good. */
export type OpenOutgoing = (outgoing: Outgoing) => Promise<Opened>

/** An answer above this is not one of ours. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024

/** Calls under way at once for one request. */
const CONCURRENT_MAX = 8

/** What most providers have. */
const openaiEmbeddings: EmbeddingsApi = {
  name: 'openai',
  inputsMax: 2048,
  path: () => '/embeddings',
  write: writeEmbeddingRequest,
  read: readEmbeddingAnswer,
}

/**
 * The answer to an aside that must be translated, or null where both sides have the same API.
 * @throws GatewayError `unknown_url` where the provider has nothing of the kind.
 */
export function openAside(
  target: Target,
  context: OpenContext,
  send: OpenOutgoing,
): Promise<Opened> | null {
  const { provider } = target
  const speaksGemini = context.call.protocol.name === 'gemini'
  if (context.call.aside === 'embed') {
    const api = provider.embeddings ?? (provider.family === 'openai' ? openaiEmbeddings : null)
    const client = speaksGemini ? geminiEmbeddingsClient : openaiEmbeddingsClient
    if (api === null) throw cannot(`The provider '${provider.name}' makes no embeddings.`)
    return api.name === client.name ? null : embed(client, api, target, context, send)
  }
  if (context.call.aside === 'count') {
    const api = provider.counting ?? null
    const client = speaksGemini ? geminiCountingClient : messagesCountingClient
    if (api === null) throw cannot(`The provider '${provider.name}' cannot count tokens.`)
    return api.name === client.name ? null : count(client, api, target, context, send)
  }
  return null
}

const cannot = (message: string): GatewayError => new GatewayError('unknown_url', { message })

async function embed(
  client: EmbeddingsClient,
  api: EmbeddingsApi,
  target: Target,
  context: OpenContext,
  send: OpenOutgoing,
): Promise<Opened> {
  const { call, facts } = context
  const model = target.model ?? ''
  const request = client.read(await bodyOf(context), model, call.path)
  const parts = splitRequest(request, api.inputsMax)
  const answers = []
  let last: Opened | null = null
  for (let start = 0; start < parts.length; start += CONCURRENT_MAX) {
    const asked = parts.slice(start, start + CONCURRENT_MAX).map(async (part) => {
      const opened = await send(jsonTo(api.path(model), api.write(part)))
      last = opened
      return checkedAnswer(api.read(await wholeJson(opened)), part)
    })
    answers.push(...(await Promise.all(asked)))
  }
  const answer = joinAnswers(answers)
  facts.inputTokens = answer.inputTokens
  return answered(last, client.write(answer, request, call.path))
}

async function count(
  client: CountingClient,
  api: CountingApi,
  target: Target,
  context: OpenContext,
  send: OpenOutgoing,
): Promise<Opened> {
  const { call } = context
  const says = call.says ?? { model: null, stream: null }
  const model = target.model ?? ''
  const request = { ...client.read(await bodyOf(context), says), model }
  const opened = await send(jsonTo(api.path(model), api.write(request)))
  const tokens = api.read(await wholeJson(opened))
  if (tokens === null) throw new GatewayError('upstream_protocol_error')
  return answered(opened, client.write(tokens))
}

async function bodyOf({ intent }: OpenContext): Promise<JsonObject> {
  const bytes = await intent.body?.collect(null)
  const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes))
  if (!isObject(parsed)) throw new GatewayError('invalid_request')
  return parsed
}

function jsonTo(path: string, body: JsonObject): Outgoing {
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  return {
    dial: { protocol: opaque, path, search: '' },
    answer: null,
    isJson: true,
    lengthBytes: null,
    open: () => bytes,
    collect: async () => bytes,
  }
}

async function wholeJson(opened: Opened): Promise<JsonObject> {
  const chunks = [...opened.head]
  let bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  try {
    while (opened.reader !== null) {
      const { done, value } = await opened.reader.read()
      if (done || value === undefined) break
      bytes += value.length
      if (bytes > ANSWER_BYTES_MAX) throw new GatewayError('upstream_protocol_error')
      chunks.push(value)
    }
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString())
    if (isObject(parsed)) return parsed
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause
    throw new GatewayError('upstream_bad_response', { cause })
  } finally {
    opened.cancel()
  }
  throw new GatewayError('upstream_bad_response')
}

/** The translated body in the place of the provider's. */
function answered(opened: Opened | null, body: JsonObject): Opened {
  if (opened === null) throw new GatewayError('invalid_request', { param: 'input' })
  const headers = new Headers(opened.headers)
  headers.set('content-type', 'application/json')
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  return { ...opened, headers, isEventStream: false, head: [bytes], reader: null }
}
