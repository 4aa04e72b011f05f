/** An answer of a provider that has been found good as far as its first content event. */
import type { Protocol } from '../protocol/protocol.ts'
import type { Provider } from '../provider/provider.ts'

/** Where an attempt goes. */
export interface Target {
  readonly provider: Provider
  /** The name the provider knows, or null where the endpoint has no model. */
  readonly model: string | null
  /** Set where the client's bytes carry another name than `model`. */
  readonly renamedTo: string | null
}

/** An open answer. Whoever holds it reads it to its end or cancels `reader`. */
export interface Opened {
  readonly target: Target
  readonly protocol: Protocol
  readonly status: number
  /** Allow-listed headers, ready for the client. */
  readonly headers: Headers
  /** Whether the body is a stream of events. */
  readonly isEventStream: boolean
  /** What was read while waiting for the first content, in order. */
  readonly head: readonly Uint8Array[]
  /** The rest of the body; null when `head` is all of it. */
  readonly reader: ReadableStreamDefaultReader<Uint8Array> | null
}
