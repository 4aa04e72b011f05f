/** Voyage: `api.voyageai.com`, which makes embeddings and ranks, and says nothing. */
import type { CompatibleKind } from './compatible.ts'

/** A chat is an unknown URL there. */
export const voyage: CompatibleKind = {
  speaks: [],
  claims: /^voyage-/,
  family: null,
  quirks: [],
}
