/**
 * Embeddings as the hub holds them: texts in, one vector for each out, in the same order. Every
 * API of them is a pair of pure functions around these two types.
 */
import { GatewayError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'

/** What the vectors are for, where a provider makes different ones. */
export type EmbeddingInputType =
  | 'query'
  | 'document'
  | 'classification'
  | 'clustering'
  | 'similarity'
  | 'question'
  | 'fact-check'
  | 'code-query'

/** A request for vectors. Null is "not said". */
export interface EmbeddingRequest {
  readonly model: string
  readonly inputs: readonly string[]
  readonly dimensions: number | null
  readonly inputType: EmbeddingInputType | null
  /** Which end of a text that is too long is left out; `none` refuses it. */
  readonly truncate: 'none' | 'start' | 'end' | null
  /** How the client wants its vectors; providers are always asked for numbers. */
  readonly encoding: 'float' | 'base64'
  readonly userId: string | null
  /** A title of the documents (Gemini). */
  readonly title?: string | null
  /** Fields that were not understood; they go to a provider of the same API only. */
  readonly extra: JsonObject
}

/** The vectors, in the order of the inputs. */
export interface EmbeddingAnswer {
  /** Empty where the provider does not say. */
  readonly model: string
  readonly vectors: readonly (readonly number[])[]
  /** Null where the provider does not count. */
  readonly inputTokens: number | null
}

/** `request` in parts of at most `inputsMax` texts, for providers that take no more at once. */
export function splitRequest(
  request: EmbeddingRequest,
  inputsMax: number,
): readonly EmbeddingRequest[] {
  const parts: EmbeddingRequest[] = []
  for (let start = 0; start < request.inputs.length; start += inputsMax) {
    parts.push({ ...request, inputs: request.inputs.slice(start, start + inputsMax) })
  }
  return parts
}

/** The answers to the parts of a request as one. Tokens are known where every part knows them. */
export function joinAnswers(answers: readonly EmbeddingAnswer[]): EmbeddingAnswer {
  const counts = answers.map(({ inputTokens }) => inputTokens)
  const known = counts.filter((count) => count !== null)
  const isCounted = known.length > 0 && known.length === counts.length
  return {
    model: answers.find(({ model }) => model !== '')?.model ?? '',
    vectors: answers.flatMap(({ vectors }) => vectors),
    inputTokens: isCounted ? known.reduce((sum, count) => sum + count, 0) : null,
  }
}

/**
 * A provider's list of vectors.
 * @throws GatewayError `upstream_protocol_error` where it is none, or not of numbers.
 */
export function readVectors(value: unknown): readonly (readonly number[])[] {
  if (!Array.isArray(value)) throw new GatewayError('upstream_protocol_error')
  return value.map(readVector)
}

/** One vector. @throws GatewayError like `readVectors`. */
export function readVector(value: unknown): readonly number[] {
  if (!Array.isArray(value) || !value.every((number) => typeof number === 'number')) {
    throw new GatewayError('upstream_protocol_error')
  }
  return value
}

/**
 * `answer`, checked to have a vector for each input.
 * @throws GatewayError `upstream_protocol_error` where vectors are missing or too many.
 */
export function checkedAnswer(answer: EmbeddingAnswer, request: EmbeddingRequest): EmbeddingAnswer {
  if (answer.vectors.length !== request.inputs.length) {
    throw new GatewayError('upstream_protocol_error')
  }
  return answer
}
