/** Whom we call. A provider is a place: an address, credentials, and what it speaks there. */
import type { ProviderSettings } from '../config/config.ts'
import type { JsonObject } from '../core/json.ts'
import type { CountingApi, EmbeddingsApi } from '../protocol/asides.ts'
import type { Protocol } from '../protocol/protocol.ts'
import type { Call } from './call.ts'

/** A request as the provider gets it, apart from its body. */
export interface UpstreamCall {
  readonly method: string
  /** Below the base URL, with a leading slash and without a query: `/chat/completions`. */
  readonly path: string
  /** The query with its `?`, or empty. */
  readonly search: string
  readonly headers: Headers
  readonly signal: AbortSignal
}

/** What is wanted of a provider, as far as it decides where and how it is asked. */
export interface Wanted {
  /** The name the provider knows, or null where the endpoint has no model. */
  readonly model: string | null
  readonly stream: boolean
}

/** What is spoken on one call, and where. */
export interface Dial {
  /** The provider's dialect; where it is the client's own, the bytes pass untouched. */
  readonly protocol: Protocol
  readonly path: string
  readonly search: string
}

/** A call that is ready to be signed. */
export interface SignableCall {
  readonly method: string
  readonly url: string
  /** Null where there is none, or where it is streamed and cannot be hashed beforehand. */
  readonly body: Uint8Array | null
}

/** One configured provider. */
export interface Provider {
  readonly name: string
  readonly settings: ProviderSettings
  /** Which of several keys of the place this one is, from `2`; absent for the first or only one. */
  readonly credential?: string
  /** The same place with its further keys, in order; absent where it has one key. */
  readonly others?: readonly Provider[]
  /** `openai` where the whole OpenAI API may be expected, so that `/v1/*` can be forwarded. */
  readonly family: 'openai' | null
  /**
   * How a call is made. Prefers the client's dialect; else the one that it speaks best.
   * @throws GatewayError for a call that cannot be made there.
   */
  dial(call: Call, wanted: Wanted): Dial
  /** The full address of a call. */
  url(path: string, search: string): string
  /** Adds the operator's credentials; takes nothing from the client. */
  authorize(headers: Headers, call: SignableCall): void | Promise<void>
  /**
   * Quirks: what must be different in a translated request's body.
   * @param client the client's headers, for a provider that takes one of them in the body.
   */
  amend?(body: JsonObject, wanted: Wanted, client: Headers): JsonObject
  /**
   * Finds chats that it would refuse for what another provider said in earlier turns, or for a
   * kind of tool that it does not have; they are translated though both sides speak the same. Only
   * bodies with one of `marks` are parsed.
   */
  readonly foreign?:
    | { readonly marks: readonly string[]; readonly test: (body: JsonObject) => boolean }
    | undefined
  /** How it makes embeddings, where that is not OpenAI's API; absent where it makes none. */
  readonly embeddings?: EmbeddingsApi
  /** How it counts tokens; absent where it cannot. */
  readonly counting?: CountingApi
  /** Whether it claims a bare model name. */
  claims(model: string): boolean
  /** For a provider inside the program: answers in place of a connection. */
  readonly answer?: (call: UpstreamCall, body: Uint8Array | null) => Promise<Response>
}
