/** Voyage: `api.voyageai.com`, which makes embeddings and ranks, and says nothing. */
import type { JsonObject } from '../core/json.ts'
import type { EmbeddingRequest } from '../protocol/embeddings/embeddings.ts'
import type { CompatibleKind } from './compatible.ts'
import { likeOpenai } from './embeddings.ts'

/** Vectors are made for questions or for documents; texts are cut, or refused. */
function ownWords({ inputType, truncate }: EmbeddingRequest): JsonObject {
  const isKnown = inputType === 'query' || inputType === 'document'
  return {
    ...(isKnown && { input_type: inputType }),
    ...(truncate !== null && { truncation: truncate !== 'none' }),
  }
}

/** A chat is an unknown URL there. */
export const voyage: CompatibleKind = {
  speaks: [],
  claims: /^voyage-/,
  family: null,
  embeddings: likeOpenai('voyage', 1_000, ownWords),
  quirks: [],
}
