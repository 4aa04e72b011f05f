/** Traces and metrics over OTLP, where a collector is configured. */
import type { Config } from '../config/config.ts'
import { ContentCapture } from '../gateway/content/capture.ts'
import type { Stages } from '../gateway/handle.ts'
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

/** The stages, with an eye on what is asked and answered where that is to be in the spans. */
export function withContent(stages: Stages, telemetry: Telemetry | null): Stages {
  if (telemetry === null || !telemetry.capturesContent) return stages
  const capture = new ContentCapture((exchange, content) =>
    telemetry.keepContent(exchange, content),
  )
  return {
    ...stages,
    async attempt(ask, request, call, intent, prefill) {
      const { exchange } = ask
      capture.asked(exchange, call, intent)
      const opened = await stages.attempt(ask, request, call, intent, prefill)
      return capture.answered(exchange, opened, prefill !== null)
    },
  }
}
