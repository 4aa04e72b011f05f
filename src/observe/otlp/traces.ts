/** Spans on their way to the collector. */
import { TraceFlags } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode, TraceState } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import type { Resource } from '@opentelemetry/resources'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace'
import type { TelemetrySettings } from '../../config/telemetry-settings.ts'
import { version } from '../../version.ts'
import type { Exchange } from '../exchange.ts'
import type { TraceContext } from '../trace/context.ts'
import { exporterOptions } from './exporter-options.ts'
import { Lanes } from './lanes.ts'
import type { Outbox } from './outbox.ts'
import { requestSpans } from './request-spans.ts'
import { readableSpan, type SpanOrigin, type SpanSources, timesFrom } from './span.ts'

/**
 * Spans of one export, at most. They become JSON in one go, some 15 us each, and no stream goes on
 * meanwhile; 128 are 2 ms, and 128 in a round trip of 30 ms are the spans of 700 requests a second.
 */
const BATCH_SPANS_MAX = 128

/** Longer than anything may take: the processor has to have some such time. */
const EXPORT_MS_MAX = 24 * 60 * 60 * 1000

/** At the end the processor sends all it has at once; the exporter would give up most of it. */
const EXPORTS_MAX = 4

const timedOut: ExportResult = {
  code: ExportResultCode.FAILED,
  error: new Error('Request timed out'),
}

/** Whose spans these are: the instrumentation scope. */
export const scope = { name: 'sluice', version }

/** Makes spans of finished requests, and sends them in batches. */
export class Traces implements SpanExporter {
  readonly #exporter: OTLPTraceExporter
  readonly #processor: BatchSpanProcessor
  readonly #outbox: Outbox
  readonly #resource: Resource
  readonly #waitingMax: number
  readonly #exportMs: number
  readonly #lanes = new Lanes(EXPORTS_MAX)
  /** Spans whose export has not begun. */
  #waiting = 0

  constructor(settings: TelemetrySettings, url: string, resource: Resource, outbox: Outbox) {
    this.#exporter = new OTLPTraceExporter(exporterOptions(settings, url))
    this.#outbox = outbox
    this.#resource = resource
    this.#waitingMax = settings.waitingSpansMax
    this.#exportMs = settings.timeoutMs + 1000
    this.#processor = new BatchSpanProcessor({
      exporter: this,
      maxQueueSize: settings.waitingSpansMax,
      maxExportBatchSize: Math.min(BATCH_SPANS_MAX, settings.waitingSpansMax),
      scheduledDelayMillis: settings.batchDelayMs,
      // Ours ends each export in time; at the end, though, they wait for each other.
      exportTimeoutMillis: EXPORT_MS_MAX,
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
    const told = this.#outbox.watching(spans.length, done)
    this.#lanes.enter((leave) => {
      this.#waiting -= spans.length
      let isOver = false
      const end = (result: ExportResult): void => {
        if (isOver) return
        isOver = true
        clearTimeout(timer)
        leave()
        told(result)
      }
      // The exporter's own clock starts over with every byte of an answer.
      const timer = setTimeout(() => end(timedOut), this.#exportMs).unref()
      this.#exporter.export(spans, end)
    })
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
