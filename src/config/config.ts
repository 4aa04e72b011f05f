/**
 * The shape of the effective configuration. `env.ts` makes one from the environment; it is frozen,
 * and handed down by value: no other part of the program reads the environment.
 */

import type { AlertSettings } from './alert-rules.ts'
import type { KeyLimits, KeySettings } from './client-key.ts'
import type { Price, Prices } from './prices.ts'
import type { TelemetrySettings } from './telemetry-settings.ts'

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
  /** `STREAM_HOLD_MS`: how long the first content is held, so that a failure still fails over. */
  readonly holdMs: number
  /** `STREAM_HOLD_BYTES`: how much content is held for the same reason; 0 is no such bound. */
  readonly holdBytes: number
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
  /** How many requests it may have at once; absent is no limit. */
  readonly concurrencyMax?: number
  /** Keys for the same place that are used when this one is refused or spent. */
  readonly furtherApiKeys?: readonly string[]
  /** Bare model names it answers to, besides its own prefixes; `*` at the end matches any rest. */
  readonly models: readonly string[]
  /** What else this kind needs, by the names of `known-providers.ts`; only what is set. */
  readonly options?: Readonly<Record<string, string>>
}

/** How a route chooses among its targets. */
export const routeStrategies = [
  'priority',
  'weighted',
  'round-robin',
  'least-busy',
  'latency',
  'cost',
  'sticky',
] as const

/** One of the strategies. */
export type RouteStrategy = (typeof routeStrategies)[number]

/** What one target of a route has of its own; null is "as everywhere else" or "not known". */
export interface TargetTraits {
  /** Its share where the strategy weighs. Above zero. */
  readonly weight: number
  /** Whether it goes on with an answer that is sent to it as the last, unfinished turn. */
  readonly prefill: boolean
  /** How many tokens its context holds; decides where a request goes that was too long. */
  readonly contextTokens: number | null
  /** How many requests it may have at once. */
  readonly concurrencyMax: number | null
  /** In place of what is known of its price. */
  readonly price: Price | null
  /** Clocks in place of the endpoint's. */
  readonly clocks: Partial<
    Pick<StreamSettings, 'headersTimeoutMs' | 'firstTokenTimeoutMs' | 'idleTimeoutMs'>
  >
}

/** One target of a route. */
export interface TargetSettings extends TargetTraits {
  /** `provider/model`; `provider/*` passes the name on that the request has. */
  readonly model: string
}

/** A model name that the operator made, and who answers for it. */
export interface RouteSettings {
  /** What requests say as their model; `*` at the end matches any rest. */
  readonly name: string
  readonly targets: readonly TargetSettings[]
  readonly strategy: RouteStrategy
  /** What happens when a target fails in the middle of its answer. */
  readonly midstream: 'error' | 'recover'
  readonly hedge: boolean
}

/** When a failed attempt is made again, and where. Times in milliseconds. */
export interface ResilienceSettings {
  /** Further attempts on the same target, at most. */
  readonly retriesMax: number
  /** The first backoff is a random part of this, each one after it of twice as much. */
  readonly retryBaseMs: number
  readonly retryMaxMs: number
  /** A longer `retry-after` sends the request on to the next target. */
  readonly retryAfterMaxMs: number
  /** Retries under way, in percent of the requests under way with one provider. */
  readonly retryBudgetPercent: number
  /** So many retries may be under way whatever the percentage says. */
  readonly retryBudgetMin: number
  readonly hedge: boolean
  /** A hedge never starts sooner than this. */
  readonly hedgeDelayMinMs: number
  /** When a hedge starts while too little is known of the target. */
  readonly hedgeDelayUnknownMs: number
  /** Hedges in percent of the requests. */
  readonly hedgeBudgetPercent: number
  readonly breaker: boolean
  readonly breakerFailures: number
  readonly breakerWindowMs: number
  readonly breakerOpenMs: number
  readonly breakerOpenMaxMs: number
  readonly breakerSlowStartMs: number
  /** Requests that may wait for one provider or target, at most. */
  readonly queueLengthMax: number
  readonly queueWaitMaxMs: number
  /** Whether a provider that refuses for want of capacity is asked less at once. */
  readonly adaptiveConcurrency: boolean
}

/** Streams that their clients may lose and come back to. */
export interface ResumeSettings {
  readonly enabled: boolean
  /** How long one goes on while nobody reads it; 0 is not at all. */
  readonly graceMs: number
  /** How long it can be read behind its end; 0 is not at all. */
  readonly keepMs: number
  /** What is kept of one. */
  readonly bytesMax: number
  /** What one worker keeps of all of them. */
  readonly totalBytesMax: number
}

/** What one worker may use before it refuses work; 0 is no limit. */
export interface OverloadSettings {
  /** Resident memory; null is the worker's share of what the machine has. */
  readonly memoryBytesMax: number | null
  /** How late the event loop may be, again and again. */
  readonly eventLoopLagMaxMs: number
  /** Requests under way at once; fewer where the process may not open as many connections. */
  readonly concurrentRequestsMax: number
}

/** Limits, and what they are for. */
export interface NamedLimits {
  /** A provider, or a model as clients write it, of which the last character may be `*`. */
  readonly name: string
  readonly limits: KeyLimits
}

/** What all clients together may use, at most. */
export interface LimitSettings {
  readonly models: readonly NamedLimits[]
  readonly providers: readonly NamedLimits[]
}

/** Where nothing is limited. */
export const noLimits: LimitSettings = Object.freeze({ models: [], providers: [] })

/** Whether and how long it is kept what each request used. */
export interface LedgerConfig {
  readonly enabled: boolean
  /** 0 is for ever. */
  readonly retentionDays: number
}

/** What is logged of requests, and how. */
export interface LogConfig {
  /** Whether the pretty form may use colours. */
  readonly colours: boolean
  /** Share of the successful requests that get a line, from 0 to 1. */
  readonly sampleRate: number
  /** A request that takes longer is slow; 0 is never. */
  readonly slowMs: number
  /** One whose first content comes later is slow too; 0 is never. */
  readonly slowFirstTokenMs: number
}

/** What SIGUSR2 does. */
export interface ProfileConfig {
  readonly directory: string
  /** For how long it is recorded what the processor does. */
  readonly seconds: number
  /** Whether a heap snapshot is written as well. */
  readonly heapSnapshot: boolean
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

/** Which configuration it is, so that one can see which a worker obeys. */
export interface ConfigVersion {
  /** 1 at the start, one more with each that was taken over since. */
  readonly count: number
  /** The beginning of the SHA-256 of the file; empty where there is none. */
  readonly hash: string
}

/** A version as one text: `3-1f3a0c92`, or `1` where there is no file. */
export const versionText = ({ count, hash }: ConfigVersion): string =>
  hash === '' ? String(count) : `${count}-${hash}`

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
  readonly log: LogConfig
  readonly profile: ProfileConfig
  readonly shutdownGraceMs: number
  /** Every key that lets a client in, those of `keys` among them. */
  readonly apiKeys: readonly string[]
  /** The keys of the file, each with what it may do. */
  readonly keys: readonly KeySettings[]
  readonly limits: LimitSettings
  /** When the operator wants to be told, and where. */
  readonly alerts: AlertSettings
  /** Whether a key is asked for even while there is none. */
  readonly requireApiKey: boolean
  /** `KEY_SECRET`: newest first; empty leaves it to the database to keep one. */
  readonly keySecrets: readonly string[]
  /** `REDIS_URL`: where limits are shared by all machines, or null. */
  readonly redisUrl: string | null
  /** How long Redis may take to count a request. */
  readonly limitsTimeoutMs: number
  /** `DATABASE_URL`: `postgres://...`, or the path of a SQLite file. */
  readonly databaseUrl: string
  readonly ledger: LedgerConfig
  readonly adminToken: string | null
  readonly intake: IntakeSettings
  readonly bufferPool: BufferPoolSettings
  readonly stream: Readonly<Record<EndpointName, StreamSettings>>
  readonly providers: readonly ProviderSettings[]
  /** Takes bare model names that nobody else claims; null answers them with 404. */
  readonly defaultProvider: string | null
  /** The operator's own model names, in the order of the file. */
  readonly routes: readonly RouteSettings[]
  /** What the operator pays, by `provider/model`, in place of the program's own table. */
  readonly prices: Prices
  /** `CONFIG_FILE`: where routes and the like were read from, or null. */
  readonly configFile: string | null
  readonly version: ConfigVersion
  readonly resilience: ResilienceSettings
  readonly overload: OverloadSettings
  readonly resume: ResumeSettings
  readonly demo: DemoSettings
  /** Whether `GET /metrics` has something to tell. */
  readonly metrics: boolean
  /** What is sent to an OpenTelemetry collector; null where nothing is. */
  readonly telemetry: TelemetrySettings | null
}
