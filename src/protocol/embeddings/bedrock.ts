/** Embeddings on Bedrock, where the model decides what is spoken: Titan's words or Cohere's. */
import type { JsonObject } from '../../core/json.ts'
import { readTitanAnswer, writeTitanRequest } from './bedrock-titan.ts'
import { readCohereAnswer, writeCohereBody } from './cohere.ts'
import type { EmbeddingAnswer, EmbeddingRequest } from './embeddings.ts'

/** The body of `/model/{id}/invoke`. @throws GatewayError the 400 for what Titan cannot do. */
export function writeBedrockRequest(request: EmbeddingRequest): JsonObject {
  const isCohere = /(?:^|[./])cohere\./.test(request.model)
  return isCohere ? writeCohereBody(request) : writeTitanRequest(request)
}

/** Either answer, told apart by what is in it. @throws GatewayError `upstream_protocol_error`. */
export function readBedrockAnswer(body: JsonObject): EmbeddingAnswer {
  return 'embeddings' in body ? readCohereAnswer(body) : readTitanAnswer(body)
}
