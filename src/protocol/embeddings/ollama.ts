/** Ollama's own `/api/embed`. Its `/v1/embeddings` is OpenAI's, and needs no translation. */
import { type JsonObject, numberAt, textAt } from '../../core/json.ts'
import { type EmbeddingAnswer, type EmbeddingRequest, readVectors } from './embeddings.ts'

/** The body for `/api/embed`; only the end of a text can be cut, or nothing. */
export function writeOllamaRequest(request: EmbeddingRequest): JsonObject {
  const { model, inputs, dimensions, truncate } = request
  return {
    model,
    input: inputs,
    ...(dimensions !== null && { dimensions }),
    ...(truncate !== null && { truncate: truncate !== 'none' }),
  }
}

/** @throws GatewayError `upstream_protocol_error` for an answer without vectors. */
export function readOllamaAnswer(body: JsonObject): EmbeddingAnswer {
  return {
    model: textAt(body, 'model') ?? '',
    vectors: readVectors(body.embeddings),
    inputTokens: numberAt(body, 'prompt_eval_count'),
  }
}
