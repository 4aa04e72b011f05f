/** Traces and metrics over OTLP, where a collector is configured. */
import type { Config } from '../config/config.ts'
import type { Log } from '../observe/log.ts'
import type { Observer } from '../observe/observer.ts'
import type { Telemetry } from '../observe/otlp/telemetry.ts'

/** Loads and starts it; null, and nothing is loaded, where nothing is to be sent. */
export async function openTelemetry(
  { telemetry: settings }: Config,
  worker: { readonly id: number },
  log: Log,
  observer: Observer,
): Promise<Telemetry | null> {
  if (settings === null) return null
  const { startTelemetry } = await import('../observe/otlp/telemetry.ts')
  const telemetry = startTelemetry(settings, worker, (level, message, fields) =>
    log.line(level, message, fields),
  )
  observer.onFinished((_, exchange) => telemetry.take(exchange))
  return telemetry
}
