/** What a request will probably cost, before anybody has counted. It is settled at the end. */
import { costOf, type Price } from '../config/prices.ts'

/** Tokens and money, guessed from the bytes of a request. */
export interface Estimate {
  readonly inputTokens: number
  readonly outputTokens: number
  /** Null where the price is not known. */
  readonly costMicroUsd: number | null
}

/** English has about four bytes a token; other languages and base64 have fewer tokens a byte. */
const BYTES_PER_TOKEN = 4

/** An answer that nobody bounded: as long as the usual one of a chat. */
const OUTPUT_TOKENS = 512

/** A bound that is a wish for "as much as it takes" is not what will be used. */
const OUTPUT_TOKENS_MAX = 32_768

/** What of a request is looked at. */
export interface Measurable {
  /** Null where there is no body. */
  readonly body: { readonly lengthBytes: number | null } | null
  /** How long the answer may be, as the body says. */
  readonly outputTokensMax: number | null
}

/** What a request will probably use. */
export type TokenEstimate = Omit<Estimate, 'costMicroUsd'>

/** Guesses the tokens. Limits, the queue and the provider's own limits all ask for it. */
export function tokensOf({ body, outputTokensMax }: Measurable): TokenEstimate {
  return {
    inputTokens: Math.max(1, Math.ceil((body?.lengthBytes ?? 0) / BYTES_PER_TOKEN)),
    outputTokens: Math.min(OUTPUT_TOKENS_MAX, outputTokensMax ?? OUTPUT_TOKENS),
  }
}

/** Guesses tokens and cost. */
export function estimateOf(asked: Measurable, price: Price | null): Estimate {
  const { inputTokens, outputTokens } = tokensOf(asked)
  const costMicroUsd = price === null ? null : costOf({ inputTokens, outputTokens }, price)
  return { inputTokens, outputTokens, costMicroUsd }
}
