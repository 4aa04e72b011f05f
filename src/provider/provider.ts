/** Whom we call. A provider is a place: an address, credentials, and what it speaks there. */
import type { EndpointName, ProviderSettings } from '../config/config.ts'
import type { Protocol } from '../protocol/protocol.ts'

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

/** One configured provider. */
export interface Provider {
  readonly name: string
  readonly settings: ProviderSettings
  /** Whether the whole OpenAI API may be expected there, so that `/v1/*` can be forwarded. */
  readonly family: 'openai'
  /** What it speaks on an endpoint. */
  protocol(endpoint: EndpointName, path: string): Protocol
  /** The full address of a call. */
  url(path: string, search: string): string
  /** Adds the operator's credentials; takes nothing from the client. */
  authorize(headers: Headers): void
  /** Whether it claims a bare model name. */
  claims(model: string): boolean
  /** For a provider inside the program: answers in place of a connection. */
  readonly answer?: (call: UpstreamCall, body: Uint8Array | null) => Promise<Response>
}
