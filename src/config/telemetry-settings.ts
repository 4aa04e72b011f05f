/** What is sent to an OpenTelemetry collector, and where that is. */

/** How it is decided which requests have spans, under OpenTelemetry's names. */
export const traceSamplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

/** One of the samplers; those with `parentbased_` obey a caller that has decided. */
export type TraceSampler = (typeof traceSamplers)[number]

/** The settings of traces and metrics over OTLP. */
export interface TelemetrySettings {
  /** The whole address that spans are posted to; null sends none, and no trace is joined. */
  readonly tracesUrl: string | null
  /** The same for metrics; null sends none. */
  readonly metricsUrl: string | null
  /** Secret: collectors that are services are told a key here. */
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly compression: 'none' | 'gzip'
  readonly serviceName: string
  /** What further describes this program, such as `deployment.environment.name`. */
  readonly resourceAttributes: Readonly<Record<string, string>>
  readonly sampler: TraceSampler
  /** What part of the traces the `traceidratio` samplers take, from 0 to 1. */
  readonly sampledRatio: number
  /** Whether `traceparent` of a client is obeyed, and providers are told one. */
  readonly joinsTraces: boolean
  /** Whether providers are told `traceparent`, where traces are joined at all. */
  readonly tellsProviders: boolean
  /** Whether spans have what was asked and answered. */
  readonly capturesContent: boolean
  /** Spans that wait to be sent, at most. */
  readonly waitingSpansMax: number
  /** How long a span waits for others to be sent with. */
  readonly batchDelayMs: number
  readonly metricIntervalMs: number
  /** Whether each export has the sums since the start, or since the one before. */
  readonly temporality: 'cumulative' | 'delta' | 'lowmemory'
}
