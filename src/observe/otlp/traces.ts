/** Spans on their way to the collector. */
import { TraceFlags } from '@opentelemetry/api'
import { type ExportResult, TraceState } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import type { Resource } from '@opentelemetry/resources'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace'
import type { TelemetrySettings } from '../../config/telemetry-settings.ts'
import { version } from '../../version.ts'
import type { Exchange } from '../exchange.ts'
import type { TraceContext } from '../trace/context.ts'
import { exporterOptions } from './exporter-options.ts'
import type { Outbox } from './outbox.ts'
import { requestSpans } from './request-spans.ts'
import { readableSpan, type SpanOrigin, type SpanSources, timesFrom } from './span.ts'

/**
 * Spans of one export, at most. They become JSON in one go, some 15 us each, and no stream goes on
 * meanwhile; 128 are 2 ms, and 128 in a round trip of 30 ms are the spans of 700 requests a second.
 */
const BATCH_SPANS_MAX = 128

/** Whose spans these are: the instrumentation scope. */
export const scope = { name: 'sluice', version }

/** Makes spans of finished requests, and sends them in batches. */
export class Traces implements SpanExporter {
  readonly #exporter: OTLPTraceExporter
  readonly #processor: BatchSpanProcessor
  readonly #outbox: Outbox
  readonly #resource: Resource
  readonly #waitingMax: number
  /** Spans that the processor holds. */
  #waiting = 0

  constructor(settings: TelemetrySettings, url: string, resource: Resource, outbox: Outbox) {
    this.#exporter = new OTLPTraceExporter(exporterOptions(settings, url))
    this.#outbox = outbox
    this.#resource = resource
    this.#waitingMax = settings.waitingSpansMax
    this.#processor = new BatchSpanProcessor({
      exporter: this,
      maxQueueSize: settings.waitingSpansMax,
      maxExportBatchSize: Math.min(BATCH_SPANS_MAX, settings.waitingSpansMax),
      scheduledDelayMillis: settings.batchDelayMs,
      // The exporter keeps to its own time; this one is for an exporter that does not.
      exportTimeoutMillis: settings.timeoutMs + 1000,
    })
  }

  /** Spans that wait to be sent. */
  get waiting(): number {
    return this.#waiting
  }

  /** Takes a finished request, whose spans are kept where its trace is. */
  take(exchange: Exchange, sources: SpanSources): void {
    const { trace } = exchange
    if (trace === null || !trace.isSampled) return
    const spans = requestSpans(exchange, sources)
    // A trace with holes would mislead: the spans of a request are kept together or not at all.
    if (this.#waiting + spans.length > this.#waitingMax) {
      this.#outbox.full(spans.length)
      return
    }
    const origin = this.#originOf(exchange, trace)
    for (const facts of spans) {
      this.#waiting += 1
      this.#processor.onEnd(readableSpan(facts, origin))
    }
  }

  /** For the processor: sends a batch. */
  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#waiting -= spans.length
    this.#exporter.export(spans, this.#outbox.watching(spans.length, done))
  }

  /** For the processor. */
  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }

  /** Sends what waits. Settles when it is sent or lost; takes nothing afterwards. */
  async close(): Promise<void> {
    await this.#processor.shutdown().catch(() => {})
  }

  #originOf({ startedAtMs, startedAt }: Exchange, trace: TraceContext): SpanOrigin {
    return {
      traceId: trace.traceId,
      traceFlags: TraceFlags.SAMPLED,
      traceState: trace.state === '' ? undefined : new TraceState(trace.state),
      resource: this.#resource,
      scope,
      toTime: timesFrom(startedAtMs, startedAt),
    }
  }
}
