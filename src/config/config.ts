/**
 * The shape of the effective configuration. `env.ts` makes one from the environment; it is frozen,
 * and handed down by value: no other part of the program reads the environment.
 */

/** The endpoints that can have `STREAM_*` values of their own (`NAME__CHAT_COMPLETIONS=...`). */
export const endpointNames = [
  'chat-completions',
  'completions',
  'responses',
  'messages',
  'gemini',
  'embeddings',
  'models',
  'other',
  'passthrough',
] as const

/** One of the endpoints, by the name that its overrides carry. */
export type EndpointName = (typeof endpointNames)[number]

/** The `STREAM_*` values that hold for one endpoint. A clock of 0 is off. */
export interface StreamSettings {
  /** `STREAM_REQUEST_CHUNK_SIZE`: bytes of one write to the provider. */
  readonly requestChunkBytes: number
  /** `STREAM_RESPONSE_CHUNK_SIZE`: bytes of one write to the client, at most. */
  readonly responseChunkBytes: number
  readonly heartbeatIntervalMs: number
  readonly headersTimeoutMs: number
  readonly firstTokenTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly totalTimeoutMs: number
  readonly clientStallTimeoutMs: number
  /** `STREAM_MAX_EVENT_BYTES`: a larger event passes uninspected. */
  readonly eventBytesMax: number
  /** `STREAM_MAX_BUFFERED_BYTES`: what one stream may hold back, at most. */
  readonly bufferedBytesMax: number
  /** `STREAM_FLUSH_INTERVAL_MS`: 0 sends at once; more gathers for that long. */
  readonly flushIntervalMs: number
}

/** A provider that the environment enables. */
export interface ProviderSettings {
  /** The part before the slash in `provider/model`: lower case, `[a-z0-9-]`. */
  readonly name: string
  /** Which registry entry it is an instance of: a known name, `openai-compatible`, or `demo`. */
  readonly kind: string
  /** No slash at the end. Empty for `demo`, which is in the program. */
  readonly baseUrl: string
  readonly apiKey: string | null
  /** Bare model names it answers to, besides its own prefixes; `*` at the end matches any rest. */
  readonly models: readonly string[]
  /** What else this kind needs, by the names of `known-providers.ts`; only what is set. */
  readonly options?: Readonly<Record<string, string>>
}

/** How the built-in provider behaves when a request does not say. */
export interface DemoSettings {
  readonly tokens: number
  readonly tokensPerSecond: number
}

/** The tiers of the buffer pool and its ceiling. */
export interface BufferPoolSettings {
  /** False gives plain allocation behind the same interface. */
  readonly enabled: boolean
  /** Ascending sizes in bytes. */
  readonly tiersBytes: readonly number[]
  /** What the pool may hold in total, in use and idle. */
  readonly bytesMax: number
  /** How long a free buffer may lie unused before the runtime gets it back; 0 is for ever. */
  readonly idleTrimMs: number
}

/** How request bodies are kept. */
export interface IntakeSettings {
  /** `MAX_REQUEST_BYTES`: the largest body accepted. */
  readonly requestBytesMax: number
  /** Up to this size a body is kept in memory and can be sent again. */
  readonly memoryBytesMax: number
  /** Where larger bodies wait when they must be sent again or searched. */
  readonly spoolDirectory: string
  /** The bytes of all spool files together, at most. */
  readonly spoolBytesMax: number
  /** Nesting of a JSON body, at most. */
  readonly jsonDepthMax: number
  /** How long the client may pause in the middle of its body. */
  readonly bodyIdleTimeoutMs: number
}

/** The whole configuration. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null
  /** Origins that browsers may call from; `*` is any. */
  readonly corsOrigins: readonly string[]
  /** A proxy for calls to providers, or null: the usual `*_PROXY` variables are not consulted. */
  readonly upstreamProxy: string | null
  readonly workers: number
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly logFormat: 'json' | 'pretty'
  readonly shutdownGraceMs: number
  readonly apiKeys: readonly string[]
  readonly adminToken: string | null
  readonly intake: IntakeSettings
  readonly bufferPool: BufferPoolSettings
  readonly stream: Readonly<Record<EndpointName, StreamSettings>>
  readonly providers: readonly ProviderSettings[]
  /** Takes bare model names that nobody else claims; null answers them with 404. */
  readonly defaultProvider: string | null
  readonly demo: DemoSettings
}
