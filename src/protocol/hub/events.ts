/**
 * An answer as the hub holds it: a sequence of events, streamed or not. A whole answer is the same
 * sequence read in one go, so that a dialect needs one way of reading content and one of writing.
 *
 * `choice` numbers the answers of a request with `n` > 1. `block` numbers the content blocks of a
 * choice, counted up by the reader in the order in which they begin; text, reasoning and tool calls
 * are each blocks of their own, and deltas of different blocks may interleave.
 */
import type { GatewayError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Citation, Native } from './request.ts'

/** Why an answer ended. A provider that failed has no reason: that is an `error` event. */
export type FinishReason =
  | 'stop'
  | 'stop-sequence'
  | 'length'
  | 'tool-calls'
  | 'content-filter'
  | 'pause'

/** Token counts as reported, never summed over events, never invented; null is "not reported". */
export interface HubUsage {
  /** Everything that went in, cache included (OpenAI's sense). */
  readonly inputTokens: number | null
  /** Everything that came out, reasoning included. */
  readonly outputTokens: number | null
  readonly cachedInputTokens: number | null
  readonly cacheWriteInputTokens: number | null
  readonly reasoningTokens: number | null
  /** The provider's own usage object, for writers of the same dialect and for details. */
  readonly native: Native | null
}

/** Log probabilities of the text of one event, in OpenAI's shape. */
export type Logprobs = JsonObject

/** One thing that happened in an answer. */
export type HubEvent =
  /** First of all, once. Empty id or model means that the provider gave none. */
  | {
      readonly type: 'start'
      readonly id: string
      readonly model: string
      /** Seconds since 1970; null where the dialect has no such thing. */
      readonly createdS: number | null
      readonly serviceTier: string | null
      /** OpenAI's `system_fingerprint`. */
      readonly fingerprint: string | null
    }
  | {
      readonly type: 'text-delta'
      readonly choice: number
      readonly block: number
      readonly text: string
      readonly logprobs: Logprobs | null
    }
  | {
      readonly type: 'reasoning-delta'
      readonly choice: number
      readonly block: number
      readonly text: string
      /** A summary of the thinking, or the thinking itself. */
      readonly summary: boolean
    }
  /** What the next turn must send back with the block; at most one a block. */
  | {
      readonly type: 'reasoning-signature'
      readonly choice: number
      readonly block: number
      /** `signature` proves visible thinking, `redacted` stands in for thinking never shown. */
      readonly kind: 'signature' | 'redacted'
      readonly signature: string
      readonly signedBy: Native['dialect']
      /** The reasoning item's id where the dialect has one. */
      readonly id: string | null
    }
  | {
      readonly type: 'tool-start'
      readonly choice: number
      readonly block: number
      /** Never empty: the reader makes one where the provider gave none. */
      readonly id: string
      readonly name: string
      readonly custom: boolean
      readonly signature: string | null
    }
  /** A fragment of the arguments' JSON text; fragments of a block concatenate. */
  | {
      readonly type: 'tool-delta'
      readonly choice: number
      readonly block: number
      readonly arguments: string
    }
  /** The block is complete. Readers send one for every block that they began. */
  | { readonly type: 'block-end'; readonly choice: number; readonly block: number }
  | {
      readonly type: 'citation'
      readonly choice: number
      readonly block: number
      readonly citation: Citation
    }
  /** Text of a refusal (OpenAI), which is a block of its own. */
  | {
      readonly type: 'refusal'
      readonly choice: number
      readonly block: number
      readonly text: string
      readonly logprobs?: Logprobs | null
    }
  /** May come more than once; each is cumulative and replaces the one before. */
  | { readonly type: 'usage'; readonly usage: HubUsage }
  | {
      readonly type: 'finish'
      readonly choice: number
      readonly reason: FinishReason
      /** The provider's own word for it. */
      readonly native: string | null
      /** The stop sequence that was met, where the provider tells. */
      readonly stopSequence: string | null
      /** Anthropic's `stop_details`, Gemini's safety ratings and the like. */
      readonly details: Native | null
    }
  /** The provider failed; nothing follows. */
  | { readonly type: 'error'; readonly error: GatewayError }
  /** A value that only its own dialect understands (server tools, gateway extras). */
  | {
      readonly type: 'raw'
      readonly choice: number
      readonly native: Native
    }
  /** The answer is complete in the sense of the provider's protocol; nothing follows. */
  | { readonly type: 'end' }
