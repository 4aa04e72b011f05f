/** How an exporter of either kind reaches the collector. */
import type { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import type { TelemetrySettings } from '../../config/telemetry-settings.ts'

type Options = NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>

/** Everything is said outright: what is left out the exporter would look up by itself. */
export function exporterOptions(settings: TelemetrySettings, url: string): Options {
  const { headers, timeoutMs: timeoutMillis, compression } = settings
  return {
    url,
    headers: { ...headers },
    timeoutMillis,
    // The library has an enumeration of these very words, which it does not give away.
    compression: compression as Options['compression'],
  }
}
