/**
 * Traces and metrics over OTLP. Loaded only where a collector is configured, and with it all that
 * is OpenTelemetry's. Nothing here is on the way of a request: its facts are taken at its end, and
 * a collector that is slow, away or wrong costs them and nothing else.
 */
import { hostname } from 'node:os'
import { DiagLogLevel, diag } from '@opentelemetry/api'
import { defaultResource, type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  ATTR_HOST_NAME,
  ATTR_PROCESS_PID,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
} from '@opentelemetry/semantic-conventions/incubating'
import type { ProviderSettings } from '../../config/config.ts'
import type { TelemetrySettings } from '../../config/telemetry-settings.ts'
import { version } from '../../version.ts'
import type { CapturedContent } from '../content.ts'
import type { Exchange } from '../exchange.ts'
import { conventionalName } from '../metrics/names.ts'
import type { WorkerMetrics } from '../metrics/worker-metrics.ts'
import type { TraceContext } from '../trace/context.ts'
import { traceJoiner } from './joining.ts'
import { Meters } from './meters.ts'
import { Outbox, type Tell } from './outbox.ts'
import type { Place, SpanSources } from './span.ts'
import { Traces } from './traces.ts'

/** What the collector took, and what it did not. */
export interface TelemetryCounts {
  readonly sent: number
  readonly lost: number
  readonly waiting: number
}

/** What is sent of one worker. */
export interface Telemetry {
  /** The place of a request that begins in its trace; null where no traces are kept. */
  readonly joinTrace: ((headers: Headers) => TraceContext) | null
  /** Takes a request that has ended. */
  take(exchange: Exchange): void
  /** Whether spans have what was asked and answered. */
  readonly capturesContent: boolean
  /** Keeps that for the spans of a request, until they are made. */
  keepContent(exchange: Exchange, content: CapturedContent): void
  /** Takes over where the providers of another configuration are. */
  useProviders(providers: readonly ProviderSettings[]): void
  /** Whether metrics are sent. */
  readonly sendsMetrics: boolean
  /** Begins to send what a worker counted; `read` is called for each export. */
  sendMetrics(read: () => WorkerMetrics): void
  /** Of the spans; null where none are sent. */
  spans(): TelemetryCounts | null
  /** Sends what waits, for up to `limitMs`. Never rejects. */
  close(limitMs: number): Promise<void>
}

/**
 * Starts it.
 * @param clean takes what may not be written out of a text of a client or a provider.
 */
export function startTelemetry(
  settings: TelemetrySettings,
  worker: { readonly id: number },
  tell: Tell,
  clean: SpanSources['clean'],
): Telemetry {
  const resource = resourceOf(settings, worker.id)
  const spanBox = new Outbox('traces', tell)
  const pointBox = new Outbox('metrics', tell)
  const { tracesUrl, metricsUrl } = settings
  const traces = tracesUrl === null ? null : new Traces(settings, tracesUrl, resource, spanBox)
  const contents = new WeakMap<Exchange, CapturedContent>()
  let meters: Meters | null = null
  let places: ReadonlyMap<string, Place> = new Map()
  hearOfRejects(spanBox, pointBox)
  return {
    joinTrace: traces === null ? null : traceJoiner(settings),
    take(exchange) {
      const content = contents.get(exchange) ?? null
      const known = (name: string) => places.get(name) ?? { name, address: null }
      traces?.take(exchange, { placeOf: known, clean, content })
    },
    capturesContent: traces !== null && settings.capturesContent,
    keepContent: (exchange, content) => void contents.set(exchange, content),
    useProviders(providers) {
      places = new Map(providers.map((provider) => [provider.name, placeOf(provider)]))
    },
    sendsMetrics: metricsUrl !== null,
    sendMetrics(read) {
      if (metricsUrl === null) return
      meters = new Meters(settings, metricsUrl, resource, pointBox, read)
    },
    spans: () => traces && { sent: spanBox.sent, lost: spanBox.lost, waiting: traces.waiting },
    async close(limitMs) {
      const sent = Promise.all([traces?.close(), meters?.close()])
      await Promise.race([sent, Bun.sleep(limitMs)])
    },
  }
}

/**
 * Who says all this. Each worker counts for itself and says so, and so does the one that follows
 * it: two that count under one name at once could not be told apart.
 */
function resourceOf(settings: TelemetrySettings, workerId: number): Resource {
  const { serviceName, resourceAttributes } = settings
  const host = resourceAttributes[ATTR_SERVICE_INSTANCE_ID] ?? hostname()
  return defaultResource().merge(
    resourceFromAttributes({
      [ATTR_HOST_NAME]: hostname(),
      ...resourceAttributes,
      [ATTR_SERVICE_NAME]: serviceName,
      [ATTR_SERVICE_VERSION]: version,
      [ATTR_SERVICE_INSTANCE_ID]: `${host}/${workerId}-${process.pid}`,
      [ATTR_PROCESS_PID]: process.pid,
      'sluice.worker.id': workerId,
    }),
  )
}

function placeOf({ name, kind, baseUrl }: ProviderSettings): Place {
  const url = URL.parse(baseUrl)
  const port = url?.port || (url?.protocol === 'http:' ? 80 : 443)
  const address = url === null ? null : { host: url.hostname, port: Number(port) }
  return { name: conventionalName(name, kind), address }
}

/**
 * The exporters say nowhere but in the library's own log that a collector took only a part; what
 * else stands in that log is of no use to an operator, or told by the outbox.
 */
function hearOfRejects(spans: Outbox, points: Outbox): void {
  const nothing = (): void => {}
  const warn = (message: string, ...rest: unknown[]): void => {
    if (!message.startsWith('Received Partial Success')) return
    const told = String(rest[0])
    const rejected = (name: string) => Number(new RegExp(`"${name}":"?(\\d+)`).exec(told)?.[1] ?? 0)
    if (rejected('rejectedSpans') > 0) spans.rejected(rejected('rejectedSpans'))
    if (rejected('rejectedDataPoints') > 0) points.rejected(rejected('rejectedDataPoints'))
  }
  const logger = { error: nothing, warn, info: nothing, debug: nothing, verbose: nothing }
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
}
