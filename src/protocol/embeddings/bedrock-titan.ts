/** Titan on Bedrock: `/model/{id}/invoke`, one text a call. */
import { type JsonObject, numberAt, objectAt } from '../../core/json.ts'
import { cannotSay } from '../hub/losses.ts'
import { type EmbeddingAnswer, type EmbeddingRequest, readVector } from './embeddings.ts'

/** Texts that Titan takes in one call; split the request, then join the answers. */
export const titanInputsMax = 1

/**
 * The body for the one text of `request`.
 * @throws GatewayError the 400 for more than one text, or for dimensions of the first version.
 */
export function writeTitanRequest({ model, inputs, dimensions }: EmbeddingRequest): JsonObject {
  const [inputText] = inputs
  if (inputText === undefined || inputs.length > titanInputsMax) {
    throw cannotSay('bedrock-converse', 'input')
  }
  if (dimensions !== null && /titan-embed-text-v1|titan-e1t/.test(model)) {
    throw cannotSay('bedrock-converse', 'dimensions')
  }
  return { inputText, ...(dimensions !== null && { dimensions }) }
}

/** @throws GatewayError `upstream_protocol_error` for an answer without a vector. */
export function readTitanAnswer(body: JsonObject): EmbeddingAnswer {
  const byType = objectAt(body, 'embeddingsByType')
  return {
    model: '',
    vectors: [readVector(body.embedding ?? byType?.float)],
    inputTokens: numberAt(body, 'inputTextTokenCount'),
  }
}
