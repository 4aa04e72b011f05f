/** Gemini's embeddings around the hub's types: what a task is called there. */
import { GatewayError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import * as gemini from '../gemini/embeddings.ts'
import type { EmbeddingAnswer, EmbeddingInputType, EmbeddingRequest } from './embeddings.ts'

const taskTypes: Readonly<Record<EmbeddingInputType, string>> = {
  query: 'RETRIEVAL_QUERY',
  document: 'RETRIEVAL_DOCUMENT',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
  similarity: 'SEMANTIC_SIMILARITY',
  question: 'QUESTION_ANSWERING',
  'fact-check': 'FACT_VERIFICATION',
  'code-query': 'CODE_RETRIEVAL_QUERY',
}

/**
 * A client's request.
 * @param path tells the single method from the one for many.
 * @throws GatewayError a 400 that names the parameter.
 */
export function readGeminiRequest(body: JsonObject, model: string, path: string): EmbeddingRequest {
  const read = isBatch(path) ? gemini.readBatchRequest : gemini.readEmbedRequest
  const { inputs, dimensions, taskType, title } = read(body, model)
  const known = Object.entries(taskTypes).find(([, word]) => word === taskType)
  return {
    model,
    inputs,
    dimensions,
    inputType: (known?.[0] as EmbeddingInputType | undefined) ?? null,
    truncate: null,
    encoding: 'float',
    userId: null,
    title,
    extra: {},
  }
}

/** The body of `:batchEmbedContents`, which takes one text as well as many. */
export function writeGeminiRequest(request: EmbeddingRequest): JsonObject {
  return gemini.writeBatchRequest(inGoogleWords(request))
}

/** The body of Vertex's `:predict`. */
export function writeVertexRequest(request: EmbeddingRequest): JsonObject {
  return gemini.writePredictRequest(inGoogleWords(request))
}

/** @throws GatewayError `upstream_protocol_error` for an answer without vectors. */
export function readGeminiAnswer(body: JsonObject): EmbeddingAnswer {
  const answer = gemini.readEmbeddings(body)
  if (answer === null) throw new GatewayError('upstream_protocol_error')
  return { model: '', ...answer }
}

/** The answer for a client, of the method that it called. */
export function writeGeminiAnswer(answer: EmbeddingAnswer, path: string): JsonObject {
  return isBatch(path) ? gemini.writeBatch(answer) : gemini.writeEmbedding(answer)
}

const isBatch = (path: string): boolean => path.endsWith(':batchEmbedContents')

function inGoogleWords(request: EmbeddingRequest): gemini.EmbeddingRequest {
  const { model, inputs, dimensions, inputType, title } = request
  const taskType = inputType === null ? null : taskTypes[inputType]
  return { model, inputs, dimensions, taskType, title: title ?? null }
}
