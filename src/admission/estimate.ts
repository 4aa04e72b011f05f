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

/**
 * A bound of the answer, in the words of every dialect. It stands before the conversation or behind
 * it, so the ends of a body are looked at, whatever its length: what is guessed from a megabyte is
 * not worth half a millisecond.
 */
const BOUND =
  /^"(?:max_tokens|max_completion_tokens|max_output_tokens|maxOutputTokens|maxTokens)"\s*:\s*(\d{1,9})\b/
const BOUND_BYTES_MAX = 64
const beginning = Buffer.from('"max')
const LOOKED_AT_BYTES = 8192

/** What of a request is looked at. */
export interface Measurable {
  /** The body, while it is in memory. */
  readonly bytes: Uint8Array | null
  /** Where it is known. */
  readonly lengthBytes: number | null
}

/** What a request will probably use. */
export type TokenEstimate = Omit<Estimate, 'costMicroUsd'>

/** By the body: limits, the queue and the provider's own limits all ask for the same guess. */
const guesses = new WeakMap<Measurable, TokenEstimate>()

const nothing: Measurable = { bytes: null, lengthBytes: null }

/** Guesses the tokens, once for each body; also where it is not in memory any more. */
export function tokensOf(body: Measurable | null): TokenEstimate {
  const measured = body ?? nothing
  const known = guesses.get(measured)
  if (known !== undefined) return known
  const { bytes, lengthBytes } = measured
  const length = bytes?.byteLength ?? lengthBytes ?? 0
  const bound = bytes === null ? null : boundIn(bytes)
  const inputTokens = Math.max(1, Math.ceil(length / BYTES_PER_TOKEN))
  const outputTokens = bound === null ? OUTPUT_TOKENS : Math.min(OUTPUT_TOKENS_MAX, bound)
  const tokens = { inputTokens, outputTokens }
  guesses.set(measured, tokens)
  return tokens
}

/** Guesses tokens and cost. */
export function estimateOf(body: Measurable | null, price: Price | null): Estimate {
  const tokens = tokensOf(body)
  return { ...tokens, costMicroUsd: price === null ? null : costOf(tokens, price) }
}

/** The first bound at the beginning or the end of a body; the body is not parsed for this. */
function boundIn({ buffer, byteOffset, byteLength }: Uint8Array): number | null {
  const body = Buffer.from(buffer, byteOffset, byteLength)
  if (byteLength <= 2 * LOOKED_AT_BYTES) return firstBound(body)
  const head = body.subarray(0, LOOKED_AT_BYTES)
  return firstBound(head) ?? firstBound(body.subarray(byteLength - LOOKED_AT_BYTES))
}

function firstBound(text: Buffer): number | null {
  let at = text.indexOf(beginning)
  while (at >= 0) {
    const found = BOUND.exec(text.toString('latin1', at, at + BOUND_BYTES_MAX))?.[1]
    if (found !== undefined) return Number(found)
    at = text.indexOf(beginning, at + 1)
  }
  return null
}
