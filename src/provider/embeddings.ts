/** Embeddings in OpenAI's way, and nearly so. */
import type { JsonObject } from '../core/json.ts'
import type { EmbeddingsApi } from '../protocol/asides.ts'
import type { EmbeddingRequest } from '../protocol/embeddings/embeddings.ts'
import { readEmbeddingAnswer, writeEmbeddingRequest } from '../protocol/embeddings/openai.ts'

/** OpenAI's own. */
export const openaiEmbeddings: EmbeddingsApi = {
  name: 'openai',
  inputsMax: 2_048,
  path: () => '/embeddings',
  write: writeEmbeddingRequest,
  read: readEmbeddingAnswer,
}

/**
 * OpenAI's answer to a question in slightly other words: `dimensions` is `output_dimension`, and
 * there are no end users.
 * @param rest what else the provider understands of a request.
 */
export function likeOpenai(
  name: string,
  inputsMax: number,
  rest: (request: EmbeddingRequest) => JsonObject = () => ({}),
): EmbeddingsApi {
  return {
    ...openaiEmbeddings,
    name,
    inputsMax,
    write(request) {
      const { dimensions, user: _, ...body } = writeEmbeddingRequest(request)
      const size = dimensions !== undefined && { output_dimension: dimensions }
      return { ...body, ...size, ...rest(request) }
    },
  }
}
