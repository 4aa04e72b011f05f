/** The executable with a collector: it has the library in it, and each worker speaks for itself. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Collector, startCollector } from '../../kit/collector.ts'
import { type Program, startBinary } from '../../kit/program.ts'

let collector: Collector
let program: Program

beforeAll(async () => {
  collector = startCollector()
  program = await startBinary({
    WORKERS: '2',
    DEMO_TOKENS: '3',
    DEMO_TOKENS_PER_SECOND: '0',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    // Long, so that the end of the program is what sends them.
    OTEL_BSP_SCHEDULE_DELAY: '60000',
    OTEL_METRIC_EXPORT_INTERVAL: '200',
  })
}, 150_000)

afterAll(async () => {
  program.kill()
  await collector.stop()
})

/** What those say of themselves who sent something. */
const saying = (attribute: string): Set<unknown> =>
  new Set(collector.resources.map((resource) => resource[attribute]))

test('spans and metrics are sent before it ends', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const response = await fetch(`${program.url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    },
    body: JSON.stringify({
      model: 'demo/stream',
      stream: true,
      messages: [{ role: 'user', content: 'canary-prompt' }],
    }),
  })
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('[DONE]')
  // The second worker may still be starting.
  await collector.until(() => saying('sluice.worker.id').size === 2, 'the metrics of both')
  expect(collector.spans).toEqual([])
  await program.stop()
  const names = collector.spans.filter((span) => span.traceId === traceId).map(({ name }) => name)
  expect(names).toContain('POST /v1/chat/completions')
  expect(names).toContain('relay')
  expect(saying('service.instance.id').size).toBe(2)
  expect(collector.texts.join()).not.toContain('canary-prompt')
})
