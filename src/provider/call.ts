/**
 * The values that go down the U, stage by stage: `Intent`, `Plan`, `Opened`. They live below the
 * stages because siblings never import each other, types included.
 */
import type { EndpointName, RouteSettings, StreamSettings, TargetTraits } from '../config/config.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Protocol } from '../protocol/protocol.ts'
import type { AnswerContext, RequestPath } from '../protocol/translation.ts'
import type { Provider } from './provider.ts'

/** What was measured while a body was sent to the provider. Times in milliseconds. */
export interface RequestStreamMetrics {
  readonly totalBytes: number
  readonly chunkCount: number
  readonly avgChunkSize: number
  readonly duration: number
  /** Bytes a second. */
  readonly throughput: number
  /** How often a chunk was ready while the provider was not. */
  readonly backpressureEvents: number
  readonly backpressureTime: number
}

/** A request body on its way to the provider. Whoever holds it releases it, exactly once. */
export interface RequestBody {
  /** The bytes, where they are in memory. They are the client's own, unless a model was renamed. */
  readonly bytes: Uint8Array<ArrayBuffer> | null
  readonly lengthBytes: number | null
  /** Whether `open` may be called again for another attempt. */
  readonly replayable: boolean
  /**
   * A body for one attempt. `renamedTo` puts another model name in the place of the client's,
   * changing nothing else. Throws `GatewayError` where the body cannot be read again.
   */
  open(renamedTo: string | null): BodyInit
  /** The same as bytes, for a provider inside the program. */
  collect(renamedTo: string | null): Promise<Uint8Array<ArrayBuffer>>
  /** Measures of the last `open`, where it streamed. */
  metrics(): RequestStreamMetrics | null
  /** Deletes the spool file, cancels what is left of the upload. */
  release(): void
}

/** A request that was read as far as is needed to route it. */
export interface Intent {
  /** The model as the client wrote it, or null where the endpoint has none. */
  readonly model: string | null
  /** The client asked for a stream. */
  readonly stream: boolean
  /** Null for methods without a body. */
  readonly body: RequestBody | null
  readonly contentType: string | null
  /** How many tokens the answer may have; null where the body does not say so. */
  readonly outputTokensMax: number | null
  /** How long its body was waited for, where that took long. */
  readonly uploadWaitMs?: number
}

/** What the edge knows about a request before anything was read. */
export interface Call {
  readonly endpoint: EndpointName
  /** Below the endpoint's root, with a leading slash, as the provider gets it. */
  readonly path: string
  /** The query with its `?`, or empty. */
  readonly search: string
  /** Chosen by the path (`/passthrough/{provider}`) or by the `x-sluice-provider` header. */
  readonly provider: string | null
  /** The client's dialect: errors are written in it. */
  readonly protocol: Protocol
  /** What the path says about the body, in dialects that put it there (Gemini). */
  readonly says?: RequestPath
  /** Set where not an answer is asked for, but vectors, or how long a request is. */
  readonly aside?: 'embed' | 'count'
  /** Gemini without `alt=sse` streams one JSON array. */
  readonly framing?: 'sse' | 'json-array'
}

/** Which targets to try, in order. Made without waiting for anything. */
export interface Plan {
  readonly targets: readonly [Target, ...Target[]]
  /** The route that the targets come from; null where the request named its provider itself. */
  readonly route: Pick<RouteSettings, 'name' | 'strategy' | 'midstream' | 'hedge'> | null
}

/** Where an attempt goes. */
export interface Target {
  readonly provider: Provider
  /** The name the provider knows, or null where the endpoint has no model. */
  readonly model: string | null
  /** Set where the client's bytes carry another name than `model`. */
  readonly renamedTo: string | null
  /** What a route says of it, and its price; `plainTraits` where nothing is known. */
  readonly traits: TargetTraits
}

/** A target of which no route says anything. */
export const plainTraits: TargetTraits = Object.freeze({
  weight: 1,
  prefill: false,
  contextTokens: null,
  concurrencyMax: null,
  price: null,
  clocks: Object.freeze({}),
})

/**
 * What breakers, latencies and slots are kept under: provider, model, and which of its keys where
 * it has several. All of it comes from the configuration or, as the model, is bounded in length.
 */
export function targetKey({ provider, model }: Pick<Target, 'provider' | 'model'>): string {
  const key = `${provider.name}/${(model ?? '*').slice(0, TARGET_NAME_LENGTH_MAX)}`
  return provider.credential === undefined ? key : `${key}#${provider.credential}`
}

/** A model's name is a client's text where its provider is called by prefix. */
const TARGET_NAME_LENGTH_MAX = 128

/** Whether `target` is now free to be used, and how well it does; kept per `targetKey`. */
export interface TargetStanding {
  /** Requests under way, from the attempt to the end of its answer. */
  readonly inFlight: number
  /** Weighted mean of the time to the first token, or null where none is known. */
  readonly firstTokenMs: number | null
  /** 1 is its full share; less while it comes back from an outage; 0 while it is left alone. */
  readonly share: number
}

/** What one read of a body gives: a chunk, or its end. */
export interface BodyRead {
  readonly done: boolean
  readonly value?: Uint8Array | undefined
}

/** Reads a body, chunk by chunk; a stream's own reader is one. */
export interface BodyReader {
  read(): Promise<BodyRead>
  cancel(reason?: unknown): Promise<void>
}

/** An open answer. Whoever holds it reads it to its end or calls `cancel`. */
export interface Opened {
  readonly target: Target
  /** The clocks and bounds of this target. */
  readonly settings: StreamSettings
  /** What the provider speaks in this answer. */
  readonly protocol: Protocol
  /** What the client's dialect must know to be written; null where the bytes pass as they are. */
  readonly translated: AnswerContext | null
  readonly status: number
  /** Allow-listed headers, ready for the client. */
  readonly headers: Headers
  /** Whether the body is a stream of events. */
  readonly isEventStream: boolean
  /** What was read while waiting for the first content, in order. */
  readonly head: readonly Uint8Array[]
  /** The rest of the body; null when `head` is all of it. */
  readonly reader: BodyReader | null
  /** Closes the provider's connection. Safe to call at any time, also after the end. */
  cancel(): void
  /**
   * Gives the target's place back before the request is over, with why its answer broke; null is
   * no fault of the target. The end of the request does it otherwise. The first call counts.
   */
  readonly leave?: (failure: ErrorCode | null) => void
}
