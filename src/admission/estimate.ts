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

/** Every dialect's bound of the answer. Found as text: the body is not parsed for this. */
const bounds =
  /"(?:max_tokens|max_completion_tokens|max_output_tokens|maxOutputTokens)"\s*:\s*(\d{1,9})\b/

/**
 * Guesses.
 * @param bytes the body, where it is in memory. @param lengthBytes of the body, where it is known.
 */
export function estimateOf(
  bytes: Uint8Array | null,
  lengthBytes: number | null,
  price: Price | null,
): Estimate {
  const length = bytes?.byteLength ?? lengthBytes ?? 0
  const text = bytes === null ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const bound = bounds.exec(text.toString('latin1'))?.[1]
  const inputTokens = Math.max(1, Math.ceil(length / BYTES_PER_TOKEN))
  const outputTokens =
    bound === undefined ? OUTPUT_TOKENS : Math.min(OUTPUT_TOKENS_MAX, Number(bound))
  const usage = { inputTokens, outputTokens }
  return { ...usage, costMicroUsd: price === null ? null : costOf(usage, price) }
}
