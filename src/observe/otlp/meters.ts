/** Metrics on their way to the collector. */
import type { HrTime } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import type { Resource } from '@opentelemetry/resources'
import {
  type CollectionResult,
  type MetricProducer,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import type { TelemetrySettings } from '../../config/telemetry-settings.ts'
import type { WorkerMetrics } from '../metrics/worker-metrics.ts'
import { exporterOptions } from './exporter-options.ts'
import { Deltas, metricsOf, seriesOf } from './metric-data.ts'
import type { Outbox } from './outbox.ts'
import { scope } from './traces.ts'

/** Sends what a worker counted, again and again. */
export class Meters implements MetricProducer {
  readonly #read: () => WorkerMetrics
  readonly #resource: Resource
  readonly #reader: PeriodicExportingMetricReader
  readonly #deltas: Deltas | null
  #from: HrTime = wallTime()

  constructor(
    settings: TelemetrySettings,
    url: string,
    resource: Resource,
    outbox: Outbox,
    read: () => WorkerMetrics,
  ) {
    this.#read = read
    this.#resource = resource
    this.#deltas = settings.temporality === 'cumulative' ? null : new Deltas()
    const { timeoutMs, metricIntervalMs } = settings
    this.#reader = new PeriodicExportingMetricReader({
      exporter: watched(new OTLPMetricExporter(exporterOptions(settings, url)), outbox),
      exportIntervalMillis: metricIntervalMs,
      exportTimeoutMillis: Math.min(timeoutMs + 1000, metricIntervalMs),
    })
    this.#reader.setMetricProducer(this)
  }

  /** For the reader: everything as of now. */
  async collect(): Promise<CollectionResult> {
    const from = this.#from
    const to = wallTime()
    const isDelta = this.#deltas !== null
    if (isDelta) this.#from = to
    const all = seriesOf(this.#read())
    const metrics = metricsOf(this.#deltas?.of(all) ?? all, { from, to, isDelta })
    const scopeMetrics = metrics.length === 0 ? [] : [{ scope, metrics }]
    return { resourceMetrics: { resource: this.#resource, scopeMetrics }, errors: [] }
  }

  /** Sends what there is, for the last time. Settles when it is sent or lost. */
  async close(): Promise<void> {
    await this.#reader.shutdown().catch(() => {})
  }
}

/** The exporter, and the outbox told of what becomes of each export. */
function watched(exporter: OTLPMetricExporter, outbox: Outbox): PushMetricExporter {
  return {
    export: (metrics, done) => exporter.export(metrics, outbox.watching(pointsOf(metrics), done)),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  }
}

const pointsOf = ({ scopeMetrics }: ResourceMetrics): number =>
  scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .reduce((sum, { dataPoints }) => sum + dataPoints.length, 0)

function wallTime(): HrTime {
  const ms = Date.now()
  return [Math.floor(ms / 1000), (ms % 1000) * 1_000_000]
}
