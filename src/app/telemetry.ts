/** Traces and metrics over OTLP, where a collector is configured. */
import type { Config } from '../config/config.ts'
import { ContentCapture } from '../gateway/content/capture.ts'
import { modelOf } from '../gateway/content/model.ts'
import type { Stages } from '../gateway/handle.ts'
import type { Log } from '../observe/log.ts'
import type { Observer } from '../observe/observer.ts'
import type { Telemetry } from '../observe/otlp/telemetry.ts'
import type { Redactor } from '../observe/redact.ts'

/** Names of models and the like are never longer in a span. */
const TEXT_CHARACTERS_MAX = 256

/** Loads and starts it; null, and nothing is loaded, where nothing is to be sent. */
export async function openTelemetry(
  { telemetry: settings }: Config,
  worker: { readonly id: number },
  log: Log,
  observer: Observer,
  redactor: Redactor,
): Promise<Telemetry | null> {
  if (settings === null) return null
  const { startTelemetry } = await import('../observe/otlp/telemetry.ts')
  const telemetry = startTelemetry(
    settings,
    worker,
    (level, message, fields) => log.line(level, message, fields),
    (text) => redactor.clean(text, TEXT_CHARACTERS_MAX),
  )
  observer.onFinished((_, exchange) => telemetry.take(exchange))
  return telemetry
}

/** The stages, with an eye on the answers whose spans are kept: which model they are of. */
export function withTelemetry(stages: Stages, telemetry: Telemetry | null): Stages {
  if (telemetry === null || telemetry.joinTrace === null) return stages
  const capture = telemetry.capturesContent
    ? new ContentCapture((exchange, content) => telemetry.keepContent(exchange, content))
    : null
  return {
    ...stages,
    async attempt(ask, request, call, intent, prefill) {
      const { exchange } = ask
      capture?.asked(exchange, call, intent)
      const opened = await stages.attempt(ask, request, call, intent, prefill)
      if (exchange.trace?.isSampled) exchange.responseModel = modelOf(opened)
      return capture?.answered(exchange, opened, prefill !== null) ?? opened
    },
  }
}
