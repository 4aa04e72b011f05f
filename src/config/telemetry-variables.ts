/**
 * The variables of traces and metrics over OTLP, under the names and with the meanings that
 * OpenTelemetry gave them (its "Environment Variable Specification" and "OTLP Exporter"), so that
 * what is set for all programs of a machine holds for this one.
 */
import { baseUrl } from './address-kinds.ts'
import { duration, flag, integer, oneOf, text } from './kinds.ts'
import type { Reader } from './reader.ts'
import { attributes, capture, headers, ratio } from './telemetry-kinds.ts'
import { type TelemetrySettings, traceSamplers } from './telemetry-settings.ts'
import { inGroup } from './variable.ts'

const telemetry = inGroup('OpenTelemetry')

const exporter = oneOf(['otlp', 'none'])

/** The rows that say where the data goes, and how. */
const exportVariables = {
  endpoint: telemetry(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    baseUrl,
    '',
    'Address of an OpenTelemetry collector (OTLP over HTTP, often port 4318); turns traces and ' +
      'metrics on.',
    'address',
  ),
  tracesEndpoint: telemetry(
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    baseUrl,
    '',
    'Whole address for traces, in place of the one above with /v1/traces behind.',
    'address',
  ),
  metricsEndpoint: telemetry(
    'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
    baseUrl,
    '',
    'Whole address for metrics, in place of the one above with /v1/metrics behind.',
    'address',
  ),
  headers: telemetry(
    'OTEL_EXPORTER_OTLP_HEADERS',
    headers,
    '',
    'Headers for the collector, such as a key: name=value with commas between them.',
    'secret',
  ),
  protocol: telemetry(
    'OTEL_EXPORTER_OTLP_PROTOCOL',
    text,
    'http/json',
    'How the collector is spoken to; only http/json, which every collector takes on its HTTP port.',
  ),
  compression: telemetry(
    'OTEL_EXPORTER_OTLP_COMPRESSION',
    oneOf(['none', 'gzip']),
    'none',
    'none or gzip.',
  ),
  timeoutMs: telemetry(
    'OTEL_EXPORTER_OTLP_TIMEOUT',
    duration(1),
    '10000',
    'How long one export may take, its retries included.',
  ),
  tracesExporter: telemetry(
    'OTEL_TRACES_EXPORTER',
    exporter,
    'otlp',
    'none sends no traces, for collectors that take metrics alone.',
  ),
  metricsExporter: telemetry(
    'OTEL_METRICS_EXPORTER',
    exporter,
    'otlp',
    'none sends no metrics, for collectors that take traces alone.',
  ),
  isDisabled: telemetry('OTEL_SDK_DISABLED', flag, 'false', 'Turns all of this off.'),
} as const

/** The rows that say what is sent. */
const contentVariables = {
  serviceName: telemetry(
    'OTEL_SERVICE_NAME',
    text,
    'sluice',
    'What this program is called in the data.',
  ),
  resourceAttributes: telemetry(
    'OTEL_RESOURCE_ATTRIBUTES',
    attributes,
    '',
    'What else describes it: name=value with commas between them.',
  ),
  sampler: telemetry(
    'OTEL_TRACES_SAMPLER',
    oneOf(traceSamplers),
    'parentbased_always_on',
    'Which requests have spans: always_on, always_off, traceidratio, or parentbased_ and one of ' +
      'them, which obeys a caller that has decided.',
  ),
  samplerArgument: telemetry(
    'OTEL_TRACES_SAMPLER_ARG',
    ratio,
    '1',
    'What part of the traces the traceidratio samplers take, from 0 to 1.',
  ),
  propagators: telemetry(
    'OTEL_PROPAGATORS',
    text,
    'tracecontext',
    'Whether traces are joined over traceparent: with tracecontext among its words. none does not.',
  ),
  tellsProviders: telemetry(
    'TRACE_CONTEXT_TO_PROVIDERS',
    flag,
    '1',
    'Whether providers are sent traceparent and tracestate of the attempt, while traces are on.',
  ),
  capturesContent: telemetry(
    'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT',
    capture,
    'false',
    'Whether spans have the messages of requests and answers. They are never kept otherwise.',
  ),
  waitingSpansMax: telemetry(
    'OTEL_BSP_MAX_QUEUE_SIZE',
    integer(64, 1_000_000),
    '4096',
    'Spans of one worker that wait to be sent; the spans of further requests are dropped.',
  ),
  batchDelayMs: telemetry(
    'OTEL_BSP_SCHEDULE_DELAY',
    duration(1),
    '5000',
    'How long a span waits for others to be sent with.',
  ),
  metricIntervalMs: telemetry(
    'OTEL_METRIC_EXPORT_INTERVAL',
    duration(100),
    '60000',
    'How often metrics are sent.',
  ),
  temporality: telemetry(
    'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
    oneOf(['cumulative', 'delta', 'lowmemory']),
    'cumulative',
    'Whether metrics have the sums since the start (cumulative) or since the last time (delta).',
  ),
} as const

/** One row each. */
export const telemetryVariables = { ...exportVariables, ...contentVariables } as const

/** What the specification calls http/protobuf and grpc needs a library of its own. */
const protocolRule = 'must be http/json, which every collector takes on its HTTP port'

/** The settings, or null where nothing is sent. */
export function telemetrySettings(reader: Reader): TelemetrySettings | null {
  const read = reader.read.bind(reader)
  const rows = telemetryVariables
  const base = read(rows.endpoint)
  const ofSignal = (own: string | null, path: string): string | null =>
    own ?? (base === null ? null : `${base}${path}`)
  const tracesUrl = ofSignal(read(rows.tracesEndpoint), '/v1/traces')
  const metricsUrl = ofSignal(read(rows.metricsEndpoint), '/v1/metrics')
  const hasTraces = read(rows.tracesExporter) === 'otlp'
  const hasMetrics = read(rows.metricsExporter) === 'otlp'
  const resourceAttributes = read(rows.resourceAttributes)
  const ownName = read(rows.serviceName) ?? 'sluice'
  const named = reader.isGiven(rows.serviceName.name) ? null : resourceAttributes['service.name']
  const propagators = (read(rows.propagators) ?? '').split(',').map((word) => word.trim())
  const protocol = read(rows.protocol)
  const settings = {
    tracesUrl: hasTraces ? tracesUrl : null,
    metricsUrl: hasMetrics ? metricsUrl : null,
    headers: read(rows.headers),
    timeoutMs: read(rows.timeoutMs),
    compression: read(rows.compression),
    serviceName: named ?? ownName,
    resourceAttributes,
    sampler: read(rows.sampler),
    sampledRatio: read(rows.samplerArgument),
    joinsTraces: propagators.includes('tracecontext'),
    tellsProviders: read(rows.tellsProviders),
    capturesContent: read(rows.capturesContent),
    waitingSpansMax: read(rows.waitingSpansMax),
    batchDelayMs: read(rows.batchDelayMs),
    metricIntervalMs: read(rows.metricIntervalMs),
    temporality: read(rows.temporality),
  }
  if (read(rows.isDisabled)) return null
  if (settings.tracesUrl === null && settings.metricsUrl === null) return null
  // Set for other programs of the machine it does no harm while nothing is sent.
  if (protocol !== 'http/json') reader.reject(rows.protocol, protocolRule, protocol ?? '')
  return settings
}
