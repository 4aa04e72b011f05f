/** Cohere's `/v2/embed`, also as Bedrock hosts it. */
import { isObject, type JsonObject, numberAt, objectAt } from '../../core/json.ts'
import { type EmbeddingAnswer, type EmbeddingRequest, readVectors } from './embeddings.ts'

/** Texts that Cohere takes in one call. */
export const cohereInputsMax = 96

const inputTypes: Readonly<Record<NonNullable<EmbeddingRequest['inputType']>, string>> = {
  query: 'search_query',
  question: 'search_query',
  'fact-check': 'search_query',
  'code-query': 'search_query',
  document: 'search_document',
  classification: 'classification',
  clustering: 'clustering',
  similarity: 'clustering',
}

/** The body for `/v2/embed`, which insists on a purpose: documents, where none was said. */
export function writeCohereRequest(request: EmbeddingRequest): JsonObject {
  return { model: request.model, ...writeCohereBody(request) }
}

/** The same without a model, for Bedrock, which has it in the path. */
export function writeCohereBody(request: EmbeddingRequest): JsonObject {
  const { inputs, inputType, dimensions, truncate } = request
  return {
    texts: inputs,
    input_type: inputTypes[inputType ?? 'document'],
    embedding_types: ['float'],
    ...(dimensions !== null && { output_dimension: dimensions }),
    ...(truncate !== null && { truncate: truncate.toUpperCase() }),
  }
}

/** @throws GatewayError `upstream_protocol_error` for an answer without vectors. */
export function readCohereAnswer(body: JsonObject): EmbeddingAnswer {
  const { embeddings } = body
  const meta = objectAt(body, 'meta') ?? {}
  const tokens = objectAt(meta, 'tokens') ?? {}
  const billed = objectAt(meta, 'billed_units') ?? {}
  return {
    model: '',
    // Older models on Bedrock answer with the bare list.
    vectors: readVectors(isObject(embeddings) ? embeddings.float : embeddings),
    inputTokens: numberAt(tokens, 'input_tokens') ?? numberAt(billed, 'input_tokens'),
  }
}
