import { afterEach, expect, test } from 'bun:test'
import { loadConfig } from '../../../src/config/env.ts'
import type { TelemetrySettings } from '../../../src/config/telemetry-settings.ts'
import { Exchange } from '../../../src/observe/exchange.ts'
import { startTelemetry, type Telemetry } from '../../../src/observe/otlp/telemetry.ts'
import { type Collector, startCollector } from '../../kit/collector.ts'

let collector: Collector | null = null

afterEach(async () => {
  await collector?.stop()
  collector = null
})

function settingsFor(
  { tracesEnvironment }: Collector,
  environment: Readonly<Record<string, string>>,
): TelemetrySettings {
  const loaded = loadConfig({ ...tracesEnvironment, ...environment })
  if (!loaded.ok || loaded.config.telemetry === null) throw new Error('no settings')
  return loaded.config.telemetry
}

/** A request that has ended, with two spans: its own, and that of its admission. */
function endedRequest(telemetry: Telemetry): Exchange {
  const exchange = new Exchange('chat-completions', 'POST')
  exchange.trace = telemetry.joinTrace?.(new Headers()) ?? null
  exchange.endedAtMs = exchange.startedAtMs + 1
  return exchange
}

test('all that waits is sent at the end, however much it is', async () => {
  collector = startCollector()
  const settings = settingsFor(collector, {
    OTEL_BSP_MAX_QUEUE_SIZE: '100000',
    OTEL_BSP_SCHEDULE_DELAY: '60000',
  })
  const lines: unknown[] = []
  const telemetry = startTelemetry(
    settings,
    { id: 0 },
    (...line) => void lines.push(line),
    (text) => text,
  )
  for (let index = 0; index < 4000; index += 1) telemetry.take(endedRequest(telemetry))
  expect(telemetry.spans()?.waiting).toBeGreaterThan(6000)
  await telemetry.close(10_000)
  expect([telemetry.spans(), lines]).toEqual([{ sent: 8000, lost: 0, waiting: 0 }, []])
  expect(collector.spans).toHaveLength(8000)
})
