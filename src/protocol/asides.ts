/**
 * What clients ask besides answers: embeddings, and how long a request is. Both are one JSON body
 * each way, so their translation is a pair of functions on either side.
 */
import type { JsonObject } from '../core/json.ts'
import * as messagesCount from './anthropic-messages/count-tokens.ts'
import type { EmbeddingAnswer, EmbeddingRequest } from './embeddings/embeddings.ts'
import { readGeminiRequest, writeGeminiAnswer } from './embeddings/gemini.ts'
import { readEmbeddingRequest, writeEmbeddingAnswer } from './embeddings/openai.ts'
import * as geminiCount from './gemini/count.ts'
import type { HubRequest } from './hub/request.ts'
import type { RequestPath } from './translation.ts'

/** The provider's half of making embeddings. */
export interface EmbeddingsApi {
  /** Whose API it is: a client of the same one needs no translation. */
  readonly name: string
  /** Texts that one call takes; more are asked for in several. */
  readonly inputsMax: number
  path(model: string): string
  write(request: EmbeddingRequest): JsonObject
  /** @throws GatewayError `upstream_protocol_error` for an answer without vectors. */
  read(answer: JsonObject): EmbeddingAnswer
}

/** The client's half of it. */
export interface EmbeddingsClient {
  readonly name: string
  /** @throws GatewayError a 400 that names the parameter. */
  read(body: JsonObject, model: string, path: string): EmbeddingRequest
  write(answer: EmbeddingAnswer, request: EmbeddingRequest, path: string): JsonObject
}

/** OpenAI's clients, and everybody who copies them. */
export const openaiEmbeddingsClient: EmbeddingsClient = {
  name: 'openai',
  read: (body, model) => ({ ...readEmbeddingRequest(body), model }),
  write: (answer, request) => writeEmbeddingAnswer(answer, request),
}

/** Gemini's clients. */
export const geminiEmbeddingsClient: EmbeddingsClient = {
  name: 'gemini',
  read: readGeminiRequest,
  write: (answer, _request, path) => writeGeminiAnswer(answer, path),
}

/** The provider's half of counting tokens. */
export interface CountingApi {
  readonly name: string
  path(model: string): string
  write(request: HubRequest): JsonObject
  /** Null where the answer holds no count. */
  read(answer: JsonObject): number | null
}

/** The client's half of it. */
export interface CountingClient {
  readonly name: string
  /** @throws GatewayError a 400 that names the parameter. */
  read(body: JsonObject, path: RequestPath): HubRequest
  write(tokens: number): JsonObject
}

/** Anthropic's clients. */
export const messagesCountingClient: CountingClient = {
  name: 'messages',
  read: messagesCount.readCountRequest,
  write: messagesCount.writeCount,
}

/** Gemini's clients. */
export const geminiCountingClient: CountingClient = {
  name: 'gemini',
  read: geminiCount.readCountRequest,
  write: (totalTokens) => geminiCount.writeCount({ totalTokens, cachedTokens: null }),
}

/** Anthropic's own counting, as a provider. */
export const messagesCounting: CountingApi = {
  name: 'messages',
  path: () => '/messages/count_tokens',
  write: messagesCount.writeCountRequest,
  read: messagesCount.readCount,
}

/** Gemini's own counting, as a provider. */
export const geminiCounting = (
  place: 'gemini' | 'vertex',
  path: (model: string) => string,
): CountingApi => ({
  name: place,
  path,
  write: (request) => geminiCount.writeCountRequest(request, place),
  read: (answer) => geminiCount.readCount(answer)?.totalTokens ?? null,
})
