/**
 * A request as the hub holds it: everything the dialects can say, said once. Lists keep the order
 * of the client; null is "not said", which is never a default.
 */
import type { JsonObject } from '../../core/json.ts'
import type { ProtocolName } from '../names.ts'

/** Who speaks a message. `developer` outranks `user` and yields to `system` (OpenAI). */
export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool'

/** Where bytes come from: an address, base64, a file that the provider already has, or text. */
export type MediaSource =
  | { readonly kind: 'url'; readonly url: string; readonly mediaType: string | null }
  | { readonly kind: 'base64'; readonly data: string; readonly mediaType: string }
  | { readonly kind: 'file'; readonly id: string; readonly mediaType: string | null }
  | { readonly kind: 'text'; readonly text: string; readonly mediaType: string | null }

/** A prompt-cache marker: the prefix up to here may be cached. Null ttl is the provider's own. */
export interface CacheMarker {
  readonly ttl: string | null
}

/** A source that an answer refers to, as the dialect that made it described it. */
export interface Citation {
  readonly url: string | null
  readonly title: string | null
  readonly citedText: string | null
  /** Characters of the answer that it supports; null where the dialect does not count them. */
  readonly start: number | null
  readonly end: number | null
  /** The whole of it in its own dialect, to be said there again. */
  readonly native: Native
}

/** A value that only one dialect understands; others drop it, by the list of their losses. */
export interface Native {
  readonly dialect: ProtocolName
  readonly value: unknown
}

/** One piece of a message. */
export type Part =
  | {
      readonly type: 'text'
      readonly text: string
      readonly citations: readonly Citation[]
      readonly cache: CacheMarker | null
      /** Gemini's `thoughtSignature`, which belongs to the part that it came with. */
      readonly signature: string | null
    }
  | {
      readonly type: 'image'
      readonly source: MediaSource
      /** OpenAI's `detail`: `auto`, `low`, `high`. */
      readonly detail: string | null
      readonly cache: CacheMarker | null
      /** Fields that only its own dialect understands, such as Anthropic's `transformations`. */
      readonly details?: Native
    }
  | {
      readonly type: 'file'
      readonly source: MediaSource
      readonly filename: string | null
      readonly cache: CacheMarker | null
      /** Fields that only its own dialect understands, such as Anthropic's `citations`. */
      readonly details?: Native
    }
  | { readonly type: 'audio'; readonly data: string; readonly format: string }
  | { readonly type: 'refusal'; readonly text: string }
  | ReasoningPart
  | ToolCallPart
  | ToolResultPart
  /** A block of one dialect, such as a server tool's result. */
  | { readonly type: 'native'; readonly native: Native }

/** Thinking of an earlier turn, sent back so that the model can go on from it. */
export interface ReasoningPart {
  readonly type: 'reasoning'
  /** Empty where only a signature or a redacted block is known. */
  readonly text: string
  /** Opaque proof of the provider that made it (`signature`, `encrypted_content`). */
  readonly signature: string | null
  /** Opaque thinking that was never shown (`redacted_thinking.data`). */
  readonly redacted: string | null
  /** Whose signature it is: only that dialect may get it back. Null where there is none. */
  readonly signedBy: ProtocolName | null
  /** The item's id where the dialect has one (Responses). */
  readonly id: string | null
}

/** A call of a tool by the assistant. */
export interface ToolCallPart {
  readonly type: 'tool-call'
  readonly id: string
  readonly name: string
  /** JSON text as the model wrote it; `{}` for none. For a custom tool, its free text. */
  readonly arguments: string
  readonly custom: boolean
  /** Gemini's `thoughtSignature`. */
  readonly signature: string | null
  readonly cache: CacheMarker | null
  /** Fields that only its own dialect understands, such as Anthropic's `caller`. */
  readonly details?: Native
}

/** What a tool answered. */
export interface ToolResultPart {
  readonly type: 'tool-result'
  readonly callId: string
  /** Known where the dialect says it (Gemini), or where the call stands earlier in the request. */
  readonly name: string | null
  readonly content: readonly Part[]
  readonly isError: boolean
  /** The call was of a custom tool (Responses). */
  readonly custom: boolean
  readonly cache: CacheMarker | null
  /** Fields that only its own dialect understands. */
  readonly details?: Native
}

/** One message. Tool results stand in messages of the role `tool`. */
export interface Message {
  readonly role: Role
  readonly parts: readonly Part[]
  /** OpenAI's `name` of the speaker. */
  readonly name: string | null
}

/** A tool the model may call, or one that the provider runs itself (`native`). */
export type Tool =
  | {
      readonly type: 'function'
      readonly name: string
      readonly description: string | null
      /** JSON Schema of the arguments; null is "no parameters". */
      readonly parameters: JsonObject | null
      readonly strict: boolean | null
      readonly cache: CacheMarker | null
      /** Fields that only its own dialect understands, such as Anthropic's `defer_loading`. */
      readonly details?: Native
    }
  | {
      readonly type: 'custom'
      readonly name: string
      readonly description: string | null
      /** As in Responses: `{type:'grammar', syntax, definition}`, or `{type:'text'}`. */
      readonly format: JsonObject | null
      /** Fields that only its own dialect understands, such as Responses' `allowed_callers`. */
      readonly details?: Native
    }
  | { readonly type: 'native'; readonly native: Native }

/** Whether and which tool must be called. */
export type ToolChoice =
  | { readonly type: 'auto' }
  | { readonly type: 'none' }
  | { readonly type: 'required' }
  | { readonly type: 'tool'; readonly name: string }
  | {
      readonly type: 'allowed'
      readonly mode: 'auto' | 'required'
      readonly names: readonly string[]
    }

/** The form that the answer must have. */
export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json' }
  | {
      readonly type: 'json-schema'
      readonly name: string | null
      readonly description: string | null
      readonly schema: JsonObject
      readonly strict: boolean | null
    }

/** How much the model may think, in whichever way the client said it. */
export interface ReasoningSettings {
  /** False switches it off, null leaves it to the model. */
  readonly enabled: boolean | null
  /** `none minimal low medium high xhigh max` */
  readonly effort: string | null
  readonly budgetTokens: number | null
  /** OpenAI's `summary`; Gemini's `includeThoughts` is `auto`. */
  readonly summary: string | null
}

/** A whole request. */
export interface HubRequest {
  readonly model: string
  readonly stream: boolean
  readonly messages: readonly Message[]
  readonly tools: readonly Tool[]
  readonly toolChoice: ToolChoice | null
  readonly parallelToolCalls: boolean | null
  readonly responseFormat: ResponseFormat | null
  readonly reasoning: ReasoningSettings | null
  readonly outputTokensMax: number | null
  readonly temperature: number | null
  readonly topP: number | null
  readonly topK: number | null
  readonly stop: readonly string[]
  readonly seed: number | null
  /** How many answers; null is one. */
  readonly choices: number | null
  readonly frequencyPenalty: number | null
  readonly presencePenalty: number | null
  readonly logprobs: boolean | null
  readonly topLogprobs: number | null
  readonly logitBias: JsonObject | null
  readonly userId: string | null
  readonly serviceTier: string | null
  readonly metadata: JsonObject | null
  /** `stream_options.include_usage`; null in dialects that always send it. */
  readonly includeUsage: boolean | null
  readonly store: boolean | null
  /** `low medium high` (OpenAI's `verbosity`). */
  readonly verbosity: string | null
  /**
   * Every top-level field that the reader did not understand. A writer of the same dialect adds
   * them; any other drops the ones on its list and refuses the rest.
   */
  readonly extra: { readonly dialect: ProtocolName; readonly fields: JsonObject }
}
